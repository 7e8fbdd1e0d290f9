"""The code to paste does what it says: in a Django process, and under gunicorn, on each Python."""

import importlib.util
import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from matrix import interpreter

from djtune.garbage.snippet import GUNICORN, READY, snippets
from djtune.model.policy import parse
from djtune.servers.tether import tethered

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = (
    interpreter(version) for version in ("3.11", "3.12", "3.13", "3.14") if version != RUNNING
)
PYTHONS = [sys.executable, *filter(None, OTHERS)]
NEEDED = ("django", "asgiref", "sqlparse", "gunicorn", "packaging", "typing_extensions")
"""Packages without compiled parts: they run on every version from where one has installed them."""
PROJECT = {
    "settings.py": """
SECRET_KEY = "no secret"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["shop.apps.ShopConfig"]
""",
    "shop/__init__.py": "",
    "urls.py": """
import gc
import os
import sys
from django.http import JsonResponse
from django.urls import path

LOADED_BY = os.getpid()

def state(request):
    return JsonResponse({
        "pid": os.getpid(),
        "loaded_by": LOADED_BY,
        "thresholds": gc.get_threshold(),
        "frozen": gc.get_freeze_count(),
        "python": "%d.%d.%d" % sys.version_info[:3],
    })

urlpatterns = [path("", state)]
""",
    "ask.py": """
import django
django.setup()
from django.test import Client
print(Client().get("/").content.decode())
""",
    "wsgi.py": """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
""",
    "shop/apps.py": """
from django.apps import AppConfig
class ShopConfig(AppConfig):
    name = "shop"
""",
}

State = dict[str, Any]
on_each_python = pytest.mark.parametrize("python", PYTHONS)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    for name in NEEDED:
        if (found := importlib.util.find_spec(name)) and found.origin:
            origin = Path(found.origin)
            origin = origin.parent if origin.name == "__init__.py" else origin
            (folder / origin.name).symlink_to(origin)
    return folder


@pytest.fixture
def env(tmp_path: Path, packages: Path) -> Mapping[str, str]:
    for name, text in PROJECT.items():
        write(tmp_path / name, text)
    return {"PYTHONPATH": f"{packages}:{tmp_path}", "DJANGO_SETTINGS_MODULE": "settings"}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def version_of(python: str) -> str:
    code = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def another(version: str) -> str:
    return "3.12.1" if version.startswith("3.13.") else "3.13.0"


def in_process(python: str, folder: Path, env: Mapping[str, str]) -> State:
    """What a request finds, in a process that has the snippet in its ``AppConfig``."""
    done = subprocess.run([python, "ask.py"], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    state: State = json.loads(done.stdout)
    return state


def under_gunicorn(python: str, folder: Path, env: Mapping[str, str]) -> State:
    """What a request finds in a worker of gunicorn's that has the snippet in its configuration."""
    address = folder / "gunicorn.sock"
    command = [python, "-m", "gunicorn", "wsgi:application", "--bind", f"unix:{address}"]
    with (
        (folder / "log").open("wb") as log,
        tethered(command, cwd=folder, env=env, stdout=log, stderr=log) as server,
    ):
        while not address.exists():
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.01)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(address))
            connection.sendall(b"GET / HTTP/1.0\r\nHost: shop\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    state: State = json.loads(answer.partition(b"\r\n\r\n")[2])
    return state


@on_each_python
def test_ready_sets_and_freezes_on_the_python_that_was_measured(
    python: str, tmp_path: Path, env: Mapping[str, str]
) -> None:
    version = version_of(python)
    policy = parse("freeze+9000,8,7")
    write(tmp_path / "shop" / "apps.py", snippets(policy, version, app="shop")[READY])
    state = in_process(python, tmp_path, env)
    assert state["python"] == version
    assert state["thresholds"] == [9000, 8, 7]
    assert state["frozen"] > 10_000


@on_each_python
def test_ready_leaves_the_thresholds_of_another_python_alone(
    python: str, tmp_path: Path, env: Mapping[str, str]
) -> None:
    usual = in_process(python, tmp_path, env)
    code = snippets(parse("freeze+9000,8,7"), another(version_of(python)), app="shop")
    write(tmp_path / "shop" / "apps.py", code[READY])
    state = in_process(python, tmp_path, env)
    assert state["thresholds"] == usual["thresholds"]
    assert state["frozen"] > 10_000


@on_each_python
def test_gunicorn_freezes_in_the_parent_with_the_views_loaded(
    python: str, tmp_path: Path, env: Mapping[str, str]
) -> None:
    code = snippets(parse("9000,8,7"), version_of(python), freeze_in_parent=True)
    write(tmp_path / "gunicorn.conf.py", code[GUNICORN])
    state = under_gunicorn(python, tmp_path, env)
    assert state["thresholds"] == [9000, 8, 7]
    assert state["frozen"] > 10_000
    assert state["loaded_by"] != state["pid"]


@on_each_python
def test_gunicorn_sets_each_worker_where_nothing_is_preloaded(
    python: str, tmp_path: Path, env: Mapping[str, str]
) -> None:
    code = snippets(parse("freeze+9000,8,7"), version_of(python))
    write(tmp_path / "gunicorn.conf.py", code[GUNICORN])
    state = under_gunicorn(python, tmp_path, env)
    assert state["thresholds"] == [9000, 8, 7]
    assert state["frozen"] > 10_000
    assert state["loaded_by"] == state["pid"]


def test_switching_the_collector_off_outlasts_a_library_that_switches_it_on(
    tmp_path: Path, env: Mapping[str, str]
) -> None:
    code = snippets(parse("disable"), version_of(sys.executable), app="shop")[READY]
    write(tmp_path / "shop" / "apps.py", code)
    write(
        tmp_path / "ask.py",
        "import django, gc; django.setup(); gc.enable(); before = gc.get_stats()\n"
        "kept = [[n] for n in range(100_000)]\n"
        "import json; print(json.dumps({'ran': gc.get_stats() != before}))\n",
    )
    assert in_process(sys.executable, tmp_path, env) == {"ran": False}
