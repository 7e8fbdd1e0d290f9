"""Responses of every shape, and everything that can be wrong with what the audit is given."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import PROJECTS, djtune

from djtune.errors import ExitCode
from djtune.payloads.browser.player import why_no_browser

PARCELS = PROJECTS / "parcels"
SHORT = ("--duration", "5")


def audit(*arguments: str | Path, env: dict[str, str | None] | None = None) -> Any:
    return djtune("payload-audit", *SHORT, *arguments, cwd=PARCELS, env=env)


@pytest.fixture(scope="module")
def result() -> Any:
    done = audit("--format", "json")
    assert done.exit_code == ExitCode.DONE, done.stderr
    assert "customers.example" not in done.stdout  # keys are values too
    return done.json


def endpoint(result: Any, route: str) -> Any:
    return next(each for each in result["endpoints"] if each["route"] == route)


def field(result: Any, route: str, path: str) -> Any:
    return next(each for each in endpoint(result, route)["fields"] if each["path"] == path)


class TestShapes:
    def test_an_array_at_the_top(self, result):
        paths = {each["path"] for each in endpoint(result, "array/")["fields"]}
        assert paths == {"[].id", "[].weight", "[].note", "[].stops"}

    def test_a_scalar_at_the_top_has_no_field(self, result):
        assert endpoint(result, "scalar/")["fields"] == []

    def test_indentation_and_escapes_are_a_line_of_their_own(self, result):
        assert endpoint(result, "indented/")["whitespace"] > 3000
        (finding,) = [each for each in result["findings"] if each["kind"] == "whitespace"]
        assert "GET /indented/: " in finding["evidence"][0]

    def test_keys_that_are_data_become_one(self, result):
        paths = {each["path"] for each in endpoint(result, "keyed/")["fields"]}
        assert paths == {"customers", "customers.{*}.parcels"}

    def test_what_browsers_cannot_read_is_a_finding(self, result):
        (finding,) = [each for each in result["findings"] if each["kind"] == "invalid-json"]
        assert "/nan/" in finding["title"]
        assert "NaN" in finding["evidence"][0]

    def test_lines_of_json_are_sized_and_named(self, result):
        (lines,) = [each for each in result["others"] if each["route"] == "lines/"]
        assert (lines["kind"], lines["why"]) == ("application/x-ndjson", "streamed, and not JSON")
        assert lines["size"] > 1000

    def test_a_document_that_is_streamed_is_looked_into(self, result):
        assert field(result, "document/", "parcels[].id")["verdict"] == "unknown"

    def test_a_list_that_is_always_empty_says_so(self, result):
        stops = field(result, "array/", "[].stops")
        assert any("not observable" in each["text"] for each in stops["evidence"])

    def test_without_a_client_nothing_is_called_unused(self, result):
        assert all(each["proposed"] is None for each in result["endpoints"])


class TestBadInput:
    def refused(self, done: Any, *words: str) -> None:
        said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert done.exit_code == ExitCode.USAGE
        assert len(said) == 1
        for word in words:
            assert word in said[0]

    def test_no_endpoint_that_answers_in_json(self):
        self.refused(audit("page/"), "no response is JSON", "text/html")

    def test_a_client_folder_without_source(self, tmp_path):
        self.refused(audit("--client-source", tmp_path), str(tmp_path))

    def test_a_har_file_of_another_app(self, tmp_path):
        file = tmp_path / "other.har"
        request = {"method": "GET", "url": "http://localhost/elsewhere/"}
        content = {"size": 2, "mimeType": "application/json", "text": "{}"}
        entry = {"request": request, "response": {"status": 200, "content": content}}
        file.write_text(json.dumps({"log": {"entries": [entry]}}))
        self.refused(audit("--har", file), "for a route of this app")

    @pytest.mark.parametrize("option", ["--har", "--browser", "--contract"])
    def test_a_file_that_is_not_there(self, option):
        self.refused(audit(option, "nothing.here"), "nothing.here")

    @pytest.mark.parametrize(
        ("module", "arguments", "extra"),
        [
            ("tree_sitter", ("--client-source", "."), "djtune[payloads]"),
            ("playwright", ("--browser", "manage.py"), "djtune[browser]"),
        ],
    )
    def test_an_extra_that_is_missing(self, monkeypatch, module, arguments, extra):
        monkeypatch.setitem(sys.modules, module, None)
        done = audit(*arguments)
        self.refused(done, module)
        assert extra in done.stderr

    @pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser())
    def test_a_journey_that_raises_costs_the_journey_alone(self, tmp_path):
        script = tmp_path / "journey.py"
        script.write_text("def journey(page):\n    page.goto('/array/')\n    raise KeyError('x')\n")
        done = audit("--browser", script, "--format", "json", "array/")
        assert done.exit_code == ExitCode.INCOMPLETE
        assert done.json["endpoints"][0]["n"] > 0
        assert any("KeyError" in line and "3" in line for line in done.json["warnings"])


def test_the_management_command_is_the_same_program():
    command = [sys.executable, "manage.py", "payload_audit", *SHORT, "--format", "json", "scalar/"]
    done = subprocess.run(command, cwd=PARCELS, capture_output=True, text=True, check=True)
    assert [each["route"] for each in json.loads(done.stdout)["endpoints"]] == ["scalar/"]


def test_ctrl_c_prints_what_was_seen_and_leaves_no_process():
    command = [sys.executable, "-m", "djtune.cli", "payload-audit", "--format", "json", "slow/"]
    run = subprocess.Popen(
        command, cwd=PARCELS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with run:
        workers = started(run.pid)
        time.sleep(5)  # in the midst of asking for responses, which takes 12 s
        run.send_signal(signal.SIGINT)
        stdout, stderr = run.communicate(timeout=60)
    assert run.returncode == ExitCode.INTERRUPTED
    assert not stdout or json.loads(stdout)["complete"] is False
    assert "Traceback" not in stderr
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive


def started(pid: int) -> list[psutil.Process]:
    """The processes of a run, as soon as there are some."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := psutil.Process(pid).children(recursive=True):
            return found
        time.sleep(0.05)
    raise AssertionError("no worker was started")
