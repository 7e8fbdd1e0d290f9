"""The study of queries changes nothing for the app: its pages work, its caches hold what is so."""

import json
import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from helpers import PROJECTS

from djtune.model.app import App
from djtune.model.workload import Journey, Step, Workload
from djtune.servers.worker import Worker

PROJECT = PROJECTS / "peculiar"
ROUTES = ("foreign-key", "generic-foreign-key", "by-key", "many", "stores", "lazy", "parameters")
FILL = """\
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from things.models import fill
fill()
"""
CACHED = """\
import json
import django
django.setup()
from django.core.cache import cache
kept = cache.get_many(["set", "set_many", "add"])
print(json.dumps({key: len(value) for key, value in kept.items()}))
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The project's environment; its database is filled, once."""
    made = {
        "PECULIAR_FOLDER": str(tmp_path_factory.mktemp("peculiar")),
        "DJANGO_SETTINGS_MODULE": "conf",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    run(FILL, made)
    return made


def run(program: str, env: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={**os.environ, **env},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.fixture(scope="module")
def studied(env: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Route → what was seen of it, in two rounds that are both made with half of the rows too."""
    app = App(str(PROJECT), "conf", sys.executable, env=env)
    workload = Workload([Journey(route, [Step(f"{route}/")]) for route in ROUTES])
    with Worker(app) as worker:
        worker.call(
            "open_session", workload=msgspec.to_builtins(workload), seed=1, interface="wsgi"
        )
        classes = worker.call("class_steps", skip=[])
        assert {entry["class"] for entry in classes} == {"ok"}
        found = worker.call("study_queries", skip=[], rounds=2, seconds=60)
    return {ROUTES[entry["step"]]: entry for entry in found}


def test_what_breaks_on_half_of_its_rows_is_not_in_the_apps_log(env: dict[str, str]) -> None:
    workload = Workload([Journey("all", [Step("needs-all/")])])
    with Worker(App(str(PROJECT), "conf", sys.executable, env=env)) as worker:
        worker.call(
            "open_session", workload=msgspec.to_builtins(workload), seed=1, interface="wsgi"
        )
        (study,) = worker.call("study_queries", skip=[], rounds=2, seconds=60)
        assert (study["requests"], study["halved"]) == (2, 0)
        assert "some are missing" not in worker.output()


@pytest.mark.parametrize("route", ROUTES)
def test_a_page_answers_with_details_and_with_half_of_the_rows(
    route: str, studied: dict[str, dict[str, Any]]
) -> None:
    assert (studied[route]["requests"], studied[route]["halved"]) == (2, 2)


def test_rows_prefetched_for_one_object_are_halved(studied: dict[str, dict[str, Any]]) -> None:
    (asked,) = [group for group in studied["many"]["groups"] if group["origin"]["method"] == "get"]
    assert asked["halves"] == [[3, 2], [3, 2]]


def test_no_parameter_is_asked_what_it_is(studied: dict[str, dict[str, Any]]) -> None:
    assert [group["counts"] for group in studied["parameters"]["groups"]] == [[1, 1]]


def test_caches_hold_all_rows_afterwards(
    env: dict[str, str], studied: dict[str, dict[str, Any]]
) -> None:
    assert studied["stores"]["halved"] == 2
    assert json.loads(run(CACHED, env)) == {"set": 24, "set_many": 24}


def test_parameters_are_drawn_past_a_manager_that_asks_whose_rows_are_meant(
    env: dict[str, str], studied: dict[str, dict[str, Any]]
) -> None:
    with Worker(App(str(PROJECT), "conf", sys.executable, env=env)) as worker:
        routes = {route["route"]: route for route in worker.call("describe_routes")}
        params = routes["secrets/<int:pk>/"]["params"]
        assert params[0]["recipe"]
        step = Step("secrets/<int:pk>/", params={"pk": params[0]["recipe"]})
        workload = msgspec.to_builtins(Workload([Journey("one", [step])]))
        worker.call("open_session", workload=workload, seed=1, interface="wsgi")
        assert [entry["class"] for entry in worker.call("class_steps", skip=[])] == ["ok"]
