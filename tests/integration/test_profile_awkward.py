"""Views that break off, exit or answer otherwise now and then do not spoil what the others show."""

import json
from typing import Any

import pytest
from helpers import PROJECTS, djtune

CUSTOMER = "ada@customers.example"


def profiled(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    monkeypatch.chdir(PROJECTS / "awkward")
    done = djtune("profile", "--duration", "5", "--trials", "2", "--format", "json", *arguments)
    assert done.exit_code == 0, done.stderr
    assert CUSTOMER not in done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_what_breaks_off_or_exits_is_named_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, interface: str
) -> None:
    result = profiled(monkeypatch, "--interface", interface, "fine/", "breaks-off/", "exits/")
    assert [route["route"] for route in result["routes"]] == ["fine/"]
    needs = {entry["route"]: entry["detail"] for entry in result["unmeasured"]}
    assert needs["breaks-off/"].startswith("ValueError at conf.py:")
    assert "Exit" in needs["exits/"] or "exit" in needs["exits/"]


def test_answers_that_turn_bad_are_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    result = profiled(monkeypatch, "throttles/")
    (route,) = result["routes"]
    assert route["unexpected"]["429"] > route["n"]
    assert any("status 429" in warning for warning in result["warnings"])


def test_a_capture_that_fails_now_and_then_ends_no_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    steps = [
        {"route": "sometimes/", "capture": {"token": "token"}},
        {"route": "uses/<slug:token>/", "params": {"token": {"capture": "token"}}},
    ]
    file = tmp_path / "workload.json"
    file.write_text(json.dumps({"journeys": [{"name": "sign in", "steps": steps}]}))
    result = profiled(monkeypatch, "--workload", str(file))
    used = next(route for route in result["routes"] if route["route"].startswith("uses/"))
    assert result["complete"]
    assert used["unexpected"]["0"] > 0
