"""What ``djtune gc-sweep`` is asked for wrongly is said in one line, before anything is started."""

from pathlib import Path

import msgspec
import pytest
from helpers import PLAIN, Outcome, djtune
from made_of_garbage import audited, result, route_audit

THREE_NUMBERS = "a setting is three numbers such as 10000,100,100, freeze or disable"


def sweep(*args: str | Path) -> Outcome:
    return djtune("gc-sweep", *args, cwd=PLAIN)


def refused(done: Outcome) -> str:
    """What is wrong; the second line is the way out."""
    assert done.exit_code == 2
    assert done.stdout == ""
    wrong, *way_out = done.stderr.splitlines()
    assert all(line.startswith("  ") for line in way_out)
    assert len(way_out) < 2
    return wrong.removeprefix("error: ")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--try", "1,2"], THREE_NUMBERS),
        (["--try", "x"], THREE_NUMBERS),
        (["--try", "freeze+1,2,3,4"], THREE_NUMBERS),
        (["--try", "freeze", "--try", ""], THREE_NUMBERS),
        (["--try", "1,2,2147483648"], "a threshold is below 2147483648"),
        (["--max-rss", "lots"], "--max-rss lots: a limit on memory reads +10%, 512MB or 1GiB"),
        (["--max-rss", "9" * 400 + "GB"], "a limit on memory reads"),
        (["--minimize", "p50"], "'p50' is not one of"),
        (["--duration", "1"], "1.0 is not in the range"),
        (["--prefork", "0"], "0 is not in the range"),
        (["--experiment", "nowhere/x"], "there is no folder nowhere"),
        (["--check", "x", "--output", "x"], "name the same file"),
        (["--check", "."], "--check .: Is a directory"),
        (["--check", "missing.json"], "--check missing.json: No such file"),
    ],
)
def test_a_mistake_is_one_line(args, why):
    assert why in refused(sweep(*args))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not json", "is not a result of djtune gc-sweep"),
        (b'{"schema_version": 1, "endpoints": [], "complete": true}', "is not a result"),
        (b'{"endpoints": []}', "another version"),
        (msgspec.json.encode(result()), "has no audit to compare with"),
    ],
)
def test_a_file_that_cannot_be_compared_with_is_one_line(tmp_path: Path, content, why):
    file = tmp_path / "before.json"
    file.write_bytes(content)
    done = sweep("--check", file)
    assert why in refused(done)
    assert "write" in done.stderr.splitlines()[1]


def test_what_is_right_is_not_what_is_refused(tmp_path: Path):
    file = tmp_path / "before.json"
    file.write_bytes(msgspec.json.encode(result(audit=audited(route_audit()))))
    right = ["--try", "freeze+50000, 5, 2", "--try", "disable", "--max-rss", "1GiB"]
    for options in (right, ["--check", file]):
        wrong = ["--settings", "no.such.settings", "--quiet"]
        assert "no.such.settings" in refused(sweep(*options, *wrong))


@pytest.mark.parametrize("beside", [["--quick"], ["--try", "disable"], ["--prefork", "2"]])
def test_an_audit_takes_no_options_about_runs(beside: list[str]):
    assert f"--audit only counts: {beside[0]}" in refused(sweep("--audit", *beside))
