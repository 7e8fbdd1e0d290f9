"""The recorder inside an app: it sees every request, changes none, and tells nobody's name."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PROJECTS

PROBE = Path(__file__).with_name("recorder_probe.py")
NOT_FOR_PRODUCTION = {"click", "rich", "msgspec", "yaml", "psutil", "redis", "rest_framework"}


@pytest.fixture(scope="module")
def probe() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(PROBE)],
        cwd=PROJECTS / "visitors",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture
def inside(probe, tmp_path) -> Callable[..., Any]:
    """Call a function of :mod:`recorder_probe` in a process of its own."""

    def call(name: str, *, record: dict[str, Any] | None = None, **env: str) -> Any:
        asked = {"DIRECTORY": str(tmp_path / "records"), "SAMPLE": 1, **(record or {})}
        env = {"DATA": str(tmp_path), "RECORD": json.dumps(asked), **env}
        probe.stdin.write(json.dumps({"name": name, "env": env}) + "\n")
        probe.stdin.flush()
        answer = probe.stdout.readline()
        assert answer, "the call failed: stderr says why"
        return json.loads(answer)

    return call


def test_it_brings_nothing_of_the_command_line_into_the_service(inside):
    loaded = {name.partition(".")[0] for name in inside("modules")}
    assert "djtune" in loaded
    assert loaded & NOT_FOR_PRODUCTION == set()


def test_under_asgi_it_adds_no_hop_between_threads(inside):
    hops = inside("hops")
    paths = {key.split()[0] for key in hops}
    assert {path: hops[f"{path} with"] for path in paths} == {
        path: hops[f"{path} bare"] for path in paths
    }


def test_it_looks_nobody_up_and_leaves_answers_as_they_are(inside):
    queries = inside("visitors")["queries"]
    assert queries["/me/ bare"][0] > 0
    for path in ("/me/", "/public/"):
        assert queries[f"{path} with"] == queries[f"{path} bare"]


def test_visitors_are_told_apart_without_saying_who_they_are(inside):
    seen = [(line["r"], line["u"]) for line in inside("visitors")["recorded"]]
    sign_in, me, public, sign_in_2, me_2, nobody, nobody_2 = (who for _, who in seen)
    assert [route for route, _ in seen[:3]] == ["sign-in/<str:name>/", "me/", "public/"]
    assert sign_in == me  # by the user's id
    assert sign_in_2 == me_2 != me
    assert public not in ("", me, me_2)  # by the session alone
    assert nobody == nobody_2 == ""


def test_errors_of_the_app_pass_through_and_are_recorded(inside):
    found = inside("exceptions", PROPAGATE="1")
    view, stream = (
        'RuntimeError("the view\'s own error")',
        'RuntimeError("the stream\'s own error")',
    )
    assert found["came"] == [view, stream, view, stream]
    assert [line["s"] for line in found["recorded"]] == [500] * 4
    assert [line["b"] for line in found["recorded"]] == [0, 10, 0, 10]


def test_errors_that_django_answers_are_recorded_as_it_answers_them(inside):
    found = inside("exceptions")
    assert len(found["came"]) == 2
    assert [line["s"] for line in found["recorded"]] == [500] * 4


def test_clients_that_leave_are_recorded(inside):
    waiting, stream, sync_stream = inside("left")
    assert (waiting["r"], waiting["s"], waiting["b"]) == ("async/waiting/", 499, 0)
    assert 0 < stream["b"] < 10_000_000
    assert (sync_stream["s"], sync_stream["b"]) == (200, 10)


def test_a_file_is_still_sent_by_the_server_itself(inside):
    found = inside("files")
    assert found["given"] == ["BufferedReader"]
    assert [line["b"] for line in found["recorded"]] == [found["size"]]


def test_requests_that_djtune_replays_are_not_recorded(inside):
    assert inside("replayed") == [200]


def test_its_own_errors_are_counted_and_the_app_answers(inside):
    assert inside("own_error") == 200


def test_settings_can_be_overridden(inside):
    assert inside("overridden") == [1, 1]


def test_a_misspelt_setting_is_said_as_the_service_starts(inside):
    said = inside("started", record={"SAMPEL": 0.1})
    assert "Did you mean 'SAMPLE'" in said


def test_a_service_without_a_directory_starts_and_records_nothing(inside, tmp_path):
    assert inside("started", record={"DIRECTORY": None}) == ""
    assert not (tmp_path / "records").exists()
