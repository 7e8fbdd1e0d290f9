"""A worker: clean inside, apart from what the app prints, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from helpers import PLAIN
from test_safety import open_session, opened
from worker_helpers import manage, step

from djtune.errors import DjtuneError, ExitCode
from djtune.model.app import App
from djtune.servers.worker import Worker

REPOSITORY = PLAIN.parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    manage("effects", "fill", env={"OFFICE_DATA": str(folder)})
    return folder


def wait_until_gone(pids: list[int]) -> None:
    """Wait until each process has ended, for as long as the test may take."""
    while any(map(_runs, pids)):
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children(data: Path) -> list[int]:
    return [int(line) for line in (data / "children").read_text().split()]


@pytest.fixture
def _no_children_yet(data: Path) -> Iterator[None]:
    (data / "children").unlink(missing_ok=True)
    yield
    wait_until_gone(children(data))


def test_what_the_app_prints_cannot_corrupt_a_result(data: Path) -> None:
    with opened(data) as worker:
        open_session(worker, step("printed/"))
        (entry,) = worker.call("class_steps", skip=[])
        assert entry["class"] == "ok"
        while "corrupted" not in worker.output():
            time.sleep(0.01)


def test_a_pool_of_connections_is_known(data: Path) -> None:
    env = {"OFFICE_POSTGRES": ""}
    for options, pool in [("{}", False), ('{"pool": true}', True), ('{"pool": {}}', False)]:
        with opened(data, env={**env, "OFFICE_OPTIONS": options}) as worker:
            assert worker.facts["databases"]["default"]["pool"] is pool


def test_a_worker_that_is_killed_in_a_call_makes_the_run_incomplete(data: Path) -> None:
    with opened(data) as worker:
        open_session(worker, step("killed/"))
        with pytest.raises(DjtuneError, match="SIGKILL during class_steps") as raised:
            worker.call("class_steps", skip=[])
    assert raised.value.exit_code == ExitCode.INCOMPLETE


def test_a_call_that_fails_keeps_the_worker_and_the_apps_traceback(data: Path) -> None:
    with opened(data) as worker:
        with pytest.raises(DjtuneError, match="no workload has been opened"):
            worker.call("class_steps", skip=[])
        assert worker.call("describe_routes")


@pytest.mark.usefixtures("_no_children_yet")
def test_no_process_is_left_when_a_worker_stops(data: Path) -> None:
    with opened(data) as worker:
        open_session(worker, step("child/"))
        worker.call("class_steps", skip=[])
        group = os.getpgid(worker.pid)
        assert all(os.getpgid(pid) == group for pid in children(data))
    assert not psutil.pid_exists(worker.pid)


KILLED = """
import sys, time
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from test_safety import open_session, opened
from worker_helpers import step

worker = opened(Path(sys.argv[3])).__enter__()
open_session(worker, step("child/"))
worker.call("class_steps", skip=[])
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.usefixtures("_no_children_yet")
def test_a_worker_ends_with_its_children_when_djtune_is_killed(data: Path) -> None:
    here = Path(__file__).parent
    djtune = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(here), str(here.parent), str(data)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert djtune.stdout is not None
    with djtune.stdout:
        pid = int(djtune.stdout.readline())
        assert psutil.pid_exists(pid)
        djtune.send_signal(signal.SIGKILL)
        djtune.wait()
    wait_until_gone([pid])


FOREIGN = ("click", "rich", "numpy", "orjson", "redis", "msgspec", "rest_framework", "djtune")
MODULES_VIEW = """
import sys
from django.http import HttpResponse
from django.urls import path

def modules(request):
    print("MODULES", " ".join(sorted(name for name in sys.modules if "." not in name)), flush=True)
    return HttpResponse("listed")

urlpatterns = [path("modules/", modules)]
"""


def modules_of(worker: Worker) -> set[str]:
    """The top-level modules that are imported while a request is served."""
    open_session(worker, step("modules/"))
    (entry,) = worker.call("class_steps", skip=[])
    assert entry["class"] == "ok"
    while "MODULES" not in worker.output():
        time.sleep(0.01)
    line = next(each for each in worker.output().splitlines() if each.startswith("MODULES"))
    return set(line.split()[1:])


def listing(folder: Path, **options: str) -> App:
    """The plain project, with a view that prints what has been imported."""
    (folder / "modules_settings.py").write_text(
        'from plain.settings import *\n\nROOT_URLCONF = "modules_urls"\n'
    )
    (folder / "modules_urls.py").write_text(MODULES_VIEW)
    return App(
        directory=str(PLAIN),
        settings="modules_settings",
        pythonpath=[str(folder)],
        env={"PLAIN_DATABASE": str(folder / "db.sqlite3")},
        **{"python": sys.executable, **options},
    )


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_worker_imports_nothing_that_the_project_does_not(tmp_path: Path, interface: str) -> None:
    with Worker(listing(tmp_path, interface=interface)) as worker:
        assert modules_of(worker).isdisjoint(FOREIGN)


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of a virtualenv that holds Django alone."""
    folder = tmp_path_factory.mktemp("venv")
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "--quiet", "django"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no virtualenv with Django could be made: {done.stderr[-200:]}")
    return str(folder / "bin" / "python")


def test_a_projects_virtualenv_need_not_contain_djtune(tmp_path: Path, bare_python: str) -> None:
    with Worker(listing(tmp_path, python=bare_python)) as worker:
        modules = modules_of(worker)
    assert "djtune_agent" in modules
    assert modules.isdisjoint(FOREIGN)


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    app = listing(tmp_path, python=str(tmp_path / "python"))
    with pytest.raises(DjtuneError, match="could not be started") as raised:
        Worker(app).__enter__()
    assert "--python" in raised.value.hint


def test_settings_that_are_not_there_are_named() -> None:
    app = App(directory=str(PLAIN), settings="plain.missing", python=sys.executable)
    with pytest.raises(DjtuneError, match=r"no settings module plain\.missing") as raised:
        Worker(app).__enter__()
    assert raised.value.exit_code == ExitCode.USAGE


def test_settings_that_fail_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text('raise RuntimeError("SECRET_KEY is not set")\n')
    app = App(
        directory=str(PLAIN),
        settings="broken",
        pythonpath=[str(tmp_path)],
        python=sys.executable,
    )
    with pytest.raises(DjtuneError, match="RuntimeError: SECRET_KEY is not set") as raised:
        Worker(app).__enter__()
    assert "Traceback" in raised.value.detail


def test_an_app_that_does_not_start_in_time_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(600)\n")
    app = App(
        directory=str(PLAIN), settings="slow", pythonpath=[str(tmp_path)], python=sys.executable
    )
    with pytest.raises(DjtuneError, match="did not answer within") as raised:
        Worker(app, load_timeout=0.5).__enter__()
    assert raised.value.exit_code == ExitCode.USAGE
