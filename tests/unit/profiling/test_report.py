"""The report of a run: what it says, and that it can be read at any width."""

import io
from typing import Any

import pytest
from fabricated import MACHINE, gathered, phases, sample, trial
from made_up import workload

from djtune.commands.profile import METRICS
from djtune.model.metrics import Metric
from djtune.profiling.assemble import assemble, metrics
from djtune.profiling.present import present
from djtune.profiling.result import Overhead, ProfileResult, Unmeasured
from djtune.reports.terminal import console_for, render_terminal

ASKED = workload((3, ["api/epg/"]), (1, ["api/channels/<slug:channel>/"]), (1, ["api/broken/"]))
BROKEN = {"step": 2, "class": "error", "status": 500, "hosts": [], "failure": "KeyError at a.py:3"}


def a_trial(drift: float) -> Any:
    epg = {
        "phases": phases(orm=20 + drift, serialization=10, sql_execute=5),
        "queries": {"default": 4},
        "parallel": phases(waiting=3),
    }
    return trial(
        sample(0, 70, cold=True),
        *[sample(0, 35 + drift, **epg)] * 80,
        *[sample(1, 4 + drift / 10)] * 10,
    )


def a_result(**given: Any) -> ProfileResult:
    run = gathered(ASKED, *[a_trial(drift) for drift in (0, 1, 2)], classes=[BROKEN], **given)
    return assemble(run, MACHINE, bandwidth=10e6)


def rendered(result: ProfileResult, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = io.StringIO()
    render_terminal(present(result, "djtune profile --as USER", "why"), console_for(stream))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_it_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = rendered(a_result(), width, monkeypatch)
    assert max(map(len, text.splitlines())) <= width
    assert "/api/epg/" in text
    assert "djtune profile --as USER" in text


def test_it_opens_with_how_many_routes_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    wanting = [Unmeasured("GET", "shows/<slug:show>/", "recipe", "needs a recipe for show")]
    text = rendered(a_result(wanting=wanting), 140, monkeypatch)
    assert "2 of 4 routes measured; the rest need a repair (1), a recipe (1)." in text


def test_what_bends_the_figures_is_said_above_them(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = a_result_facts() | {"debug": True, "distorting": ["silk"]}
    text = rendered(a_result(facts=facts), 140, monkeypatch)
    assert text.index("DEBUG is on") < text.index("silk") < text.index("Ranking")


def a_result_facts() -> dict[str, Any]:
    return gathered(ASKED).facts


def test_a_route_that_fails_is_a_finding_with_its_place() -> None:
    (finding,) = a_result().findings
    assert finding.kind == "broken"
    assert finding.evidence == ["500, KeyError at a.py:3"]


def test_routes_that_fail_alike_are_named_as_in_the_ranking() -> None:
    asked = workload((1, ["^api/$"]), (1, ["^api/old/$"]))
    classes = [BROKEN | {"step": step} for step in (0, 1)]
    run = gathered(asked, trial(), classes=classes)
    (finding,) = assemble(run, MACHINE, bandwidth=10e6).findings
    assert finding.evidence[1] == "GET /api/, GET /api/old/"


def test_one_process_is_no_plural(monkeypatch: pytest.MonkeyPatch) -> None:
    run = assemble(gathered(ASKED, a_trial(0)), MACHINE, bandwidth=10e6)
    assert "91 requests in 1 fresh process, " in rendered(run, 140, monkeypatch)


def test_a_run_that_was_cut_short_says_why_and_is_not_complete() -> None:
    run = gathered(ASKED, a_trial(0), complete=False)
    run.trials.failure = "the app's process ended by signal SIGKILL during run_trial"
    result = assemble(run, MACHINE, bandwidth=10e6)
    assert result.complete is False
    assert result.warnings == [f"cut short: {run.trials.failure}"]


def test_a_percentile_that_was_left_out_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "n=240 < 368" in rendered(a_result(), 140, monkeypatch)


def test_its_own_cost_is_told_with_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    result = a_result()
    result.overhead = Overhead(Metric(1.034, 1.028, 1.04, 40), 12e-6, 6e-6, 40)
    text = " ".join(rendered(result, 140, monkeypatch).split())
    assert "+3.4 % CPU time [+2.8 % to +4.0 %]" in text
    assert "12 µs a request and 6.0" in text or "12.0 µs a request and 6.00 µs a query" in text


def test_a_run_with_nothing_measured_still_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    result = assemble(gathered(ASKED, trial(), classes=[BROKEN]), MACHINE, bandwidth=10e6)
    assert "0 of 3 routes measured" in rendered(result, 80, monkeypatch)


def test_opening_a_connection_for_every_request_is_a_finding_where_it_is_dear() -> None:
    facts = a_result_facts() | {
        "databases": {"default": {"vendor": "postgresql", "conn_max_age": 0}}
    }
    kinds = {
        finding.kind: finding
        for finding in a_result(facts=facts, connect_seconds={"default": 0.004}).findings
    }
    saving = kinds["reconnects"].saving
    assert saving is not None
    assert saving.value == 0.004


def test_budgets_read_queries_as_exact_and_times_with_their_interval() -> None:
    figures = metrics(a_result())["GET /api/epg/"]
    assert (figures["queries"].value, figures["queries"].low) == (4, None)
    assert figures["mean"].low is not None
    assert figures["gzip"].value is None
    assert figures["gzip"].reason == "not measured"


def test_budgets_read_cache_misses_since_limits_are_upper_ones() -> None:
    asked = workload((1, ["a/"]))
    counts = ((9, 1), (8, 2), (7, 3))
    trials = [trial(sample(cache_hits=hit, cache_misses=miss)) for hit, miss in counts]
    result = assemble(gathered(asked, *trials), MACHINE, bandwidth=10e6)
    hits, misses = result.routes[0].cache_hit_ratio, metrics(result)["GET /a/"]["miss_ratio"]
    assert hits.low is not None
    assert hits.high is not None
    assert misses.value == pytest.approx(0.2)
    assert (misses.low, misses.high) == pytest.approx((1 - hits.high, 1 - hits.low))


def test_a_route_that_asks_no_cache_keeps_a_limit_on_misses() -> None:
    assert metrics(a_result())["GET /api/epg/"]["miss_ratio"].value == 0


def test_every_figure_that_a_budget_may_limit_is_there() -> None:
    assert metrics(a_result())["GET /api/epg/"].keys() == METRICS.keys()
