"""What got worse decides the exit status, and a breach is told route by route, at its line."""

import msgspec
import pytest

from djtune.errors import ExitCode
from djtune.model.budget import Verdict
from djtune.model.metrics import Metric
from djtune.reports.blocks import Report
from djtune.run import Options, Run

WORSE = ["GET /a/: queries 1 → 41", "GET /b/: slower by 23.0 % in CPU time"]
METRICS = {
    "GET /a/": {"queries": Metric(41)},
    "GET /b/": {"queries": Metric(20)},
    "GET /c/": {"queries": Metric(3)},
}
PLACES = {"GET /a/": "shop/views.py:7", "GET /b/": "shop/views.py:31"}


class Result(msgspec.Struct):
    budgets: list[Verdict] = []
    complete: bool = True
    schema_version: int = 1


def finish(options: Options, regressions: list[str], *, complete: bool = True) -> int:
    run = Run(options, {"queries": "count"})
    return run.finish(
        Result(),
        Report("Title", []),
        metrics=METRICS,
        places=PLACES,
        regressions=regressions,
        complete=complete,
    )


@pytest.mark.parametrize(
    ("options", "regressions", "status"),
    [
        (Options(fail_on="regression"), WORSE, ExitCode.BREACHED),
        (Options(fail_on="regression"), [], ExitCode.DONE),
        (Options(), WORSE, ExitCode.DONE),
    ],
)
def test_the_exit_status_is_what_was_asked_for(options, regressions, status):
    assert finish(options, regressions) == status


def test_a_run_that_was_cut_short_is_no_breach():
    assert finish(Options(fail_on="regression"), WORSE, complete=False) == ExitCode.INCOMPLETE


def test_each_regression_is_a_line(capsys):
    finish(Options(fail_on="regression"), WORSE)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"breached: worse than before: {each}" for each in WORSE]


def test_each_breach_is_a_line_for_its_route_in_the_table_and_on_stderr(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert finish(Options(budget=("queries<10",)), []) == ExitCode.BREACHED
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        "breached: queries<10 · GET /a/ has 41",
        "breached: queries<10 · GET /b/ has 20",
    ]
    rows = [line for line in shown.out.splitlines() if "queries<10" in line]
    assert [
        ("breached" in row, route in row) for row, route in zip(rows, METRICS, strict=True)
    ] == [
        (True, True),
        (True, True),
        (False, True),
    ]
    assert "shop/views.py:31" in shown.out


def test_each_breach_is_an_annotation_at_its_views_line(capsys):
    finish(Options(budget=("queries<10",), format="github"), [])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("::error file=shop/views.py,line=7,title=Budgets::")
    assert "GET /a/" in first
    assert "41" in first
    assert second.startswith("::error file=shop/views.py,line=31,title=Budgets::")
    assert "GET /b/" in second
