"""This run against an earlier one's file: counters are judged, times are not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fabricated import MACHINE, gathered, sample, trial
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import workload

from djtune.errors import DjtuneError
from djtune.model.metrics import Metric
from djtune.model.workload import Workload
from djtune.profiling.assemble import assemble
from djtune.profiling.comparison.counters import compare_counter
from djtune.profiling.comparison.file import compare_with_file, load
from djtune.profiling.comparison.findings import findings, regressions
from djtune.profiling.comparison.result import COUNTERS, Comparison, CounterChange
from djtune.profiling.result import ProfileResult, Unmeasured
from djtune.reports.json import render_json

figures = st.floats(0, 1e6)
exact = st.builds(Metric, figures)
estimated = st.tuples(figures, figures, figures).map(
    lambda three: Metric(sorted(three)[1], min(three), max(three), 100)
)
metrics = st.one_of(exact, estimated)
counters = st.sampled_from(COUNTERS)


def a_result(*routes: str, weights: tuple[float, ...] = (), **answer: Any) -> ProfileResult:
    """A run of two trials whose requests all answer the same."""
    shares = weights or (1.0,) * len(routes)
    asked = workload(*((weight, [route]) for weight, route in zip(shares, routes, strict=True)))
    return of(asked, **answer)


def of(asked: Workload, **answer: Any) -> ProfileResult:
    steps = range(len(asked.journeys))
    trials = [
        trial(*[sample(step, 10 + drift + step, **answer) for step in steps] * 40)
        for drift in (0, 1)
    ]
    return assemble(gathered(asked, *trials), MACHINE, bandwidth=10e6)


def verdicts(comparison: Comparison) -> dict[str, str]:
    (route,) = comparison.routes
    return {change.counter: change.verdict for change in route.counters}


class TestOneCounter:
    @given(counters, metrics)
    def test_what_is_identical_never_differs(self, counter, metric):
        verdict = compare_counter(counter, metric, metric).verdict
        rigid = metric.low is None or metric.low == metric.high
        assert verdict == ("same" if rigid else "no difference shown")

    @given(st.sampled_from(["queries", "bytes", "gzip", "hops"]), st.integers(0, 10**6), st.data())
    def test_an_exact_count_that_changed_always_does(self, counter, before, data):
        after = data.draw(st.integers(0, 10**6).filter(lambda n: n != before))
        change = compare_counter(counter, Metric(before), Metric(after))
        assert change.verdict == ("more" if after > before else "fewer")

    @given(counters, metrics, metrics)
    def test_the_other_way_round_it_is_the_opposite(self, counter, before, after):
        opposite = {"more": "fewer", "fewer": "more"}
        verdict = compare_counter(counter, before, after).verdict
        assert compare_counter(counter, after, before).verdict == opposite.get(verdict, verdict)

    @given(counters, estimated, estimated)
    def test_intervals_that_overlap_show_no_difference(self, counter, before, after):
        overlap = before.low <= after.high and after.low <= before.high
        change = compare_counter(counter, before, after)
        if overlap:
            assert change.verdict in ("no difference shown", "same")

    def test_means_of_the_same_counts_may_be_rounded_differently(self):
        change = compare_counter("queries", Metric(0.1 + 0.2), Metric(0.3))
        assert change.verdict == "same"

    def test_one_process_shows_no_spread(self):
        alone = Metric(3.2, n=10, reason="no interval from n=1 trials")
        change = compare_counter("bytes", alone, Metric(100.0))
        assert change == CounterChange("bytes", alone, Metric(100.0), "can't tell", alone.reason)

    def test_collections_that_few_requests_happened_to_miss_are_not_none(self):
        seen = Metric(0.03, 0.02, 0.04, 400)
        assert compare_counter("collections", Metric(0.0, n=50), seen).verdict != "more"
        assert compare_counter("collections", Metric(0.0, n=5000), seen).verdict == "more"


class TestTwoRuns:
    @settings(max_examples=25)
    @given(st.integers(0, 50), st.integers(1, 10**5), st.integers(0, 3))
    def test_a_run_does_not_differ_from_itself(self, queries, size, hops):
        run = a_result("a/", "b/", queries={"default": queries}, wire_bytes=size, hops=hops)
        comparison = compare_with_file(run, run, "before.json")
        assert {route.verdict for route in comparison.routes} == {"same"}
        assert comparison.one_sided == []
        assert regressions(comparison) == []
        assert findings(comparison) == []

    @settings(max_examples=25)
    @given(st.integers(0, 50), st.integers(0, 50))
    def test_a_changed_number_of_queries_is_told(self, before, after):
        runs = [a_result("a/", queries={"default": n}) for n in (before, after)]
        comparison = compare_with_file(*runs, "before.json")
        expected = "same" if before == after else "more" if after > before else "fewer"
        assert verdicts(comparison)["queries"] == expected
        assert bool(regressions(comparison)) == (after > before)

    def test_times_are_shown_and_never_judged(self):
        fast, slow = a_result("a/"), a_result("a/", wall=10**10, cpu=10**10)
        comparison = compare_with_file(fast, slow, "before.json")
        (route,) = comparison.routes
        assert [(time.tier, time.verdict) for time in route.times] == [
            ("cpu", "not judged"),
            ("wall", "not judged"),
        ]
        assert route.times[1].after > 100 * route.times[1].before
        assert route.verdict == "same"

    def test_a_route_that_only_one_of_them_has_is_listed(self):
        comparison = compare_with_file(a_result("a/", "b/"), a_result("b/", "c/"), "before.json")
        assert [route.route for route in comparison.routes] == ["b/"]
        assert {(entry.route, entry.side) for entry in comparison.one_sided} == {
            ("a/", "before"),
            ("c/", "after"),
        }
        assert regressions(comparison) == []

    def test_a_route_that_was_answered_and_fails_now_is_a_regression(self):
        now = a_result("b/")
        now.unmeasured.append(Unmeasured("GET", "a/", "error", "a repair (500)", "a.py:1"))
        comparison = compare_with_file(a_result("a/", "b/"), now, "before.json")
        assert regressions(comparison) == ["GET /a/: was answered before, needs a repair (500)"]

    def test_routes_that_this_run_was_not_asked_for_did_not_go_away(self):
        comparison = compare_with_file(
            a_result("a/", "b/"), a_result("a/"), "before.json", patterns=["/a/"]
        )
        assert comparison.one_sided == []

    def test_weights_are_those_among_the_routes_that_both_have(self):
        comparison = compare_with_file(a_result("a/", "b/"), a_result("a/", "b/", "c/"), "f")
        assert {(r.weight_before, r.weight_after) for r in comparison.routes} == {(500, 500)}
        moved = compare_with_file(
            a_result("a/", "b/"), a_result("a/", "b/", weights=(3, 1)), "before.json"
        )
        assert {(r.route, r.weight_before, r.weight_after) for r in moved.routes} == {
            ("a/", 500, 750),
            ("b/", 500, 250),
        }

    def test_a_run_that_was_cut_short_is_noted(self):
        before = msgspec.structs.replace(a_result("a/"), complete=False)
        comparison = compare_with_file(before, a_result("a/"), "before.json")
        assert comparison.before.complete is False
        assert comparison.warnings == [
            "before.json was cut short: some of its routes rest on few requests"
        ]

    def test_what_differs_beside_the_code_is_noted(self):
        now = a_result("a/")
        now.app = msgspec.structs.replace(now.app, django="6.1")
        comparison = compare_with_file(a_result("a/"), now, "before.json")
        assert comparison.warnings == [
            "the runs differ in more than the code: Django 5.2 then, 6.1 now"
        ]

    def test_a_file_without_the_mean_of_queries_is_judged_by_their_range(self):
        before, after = a_result("a/"), a_result("a/")
        before.routes[0].query_mean = None
        before.routes[0].queries = Metric(2.0, 1, 3)
        after.routes[0].query_mean = Metric(4.0)
        comparison = compare_with_file(before, after, "before.json")
        assert verdicts(comparison)["queries"] == "more"

    def test_a_finding_has_the_place_the_figures_and_how_much_it_is(self):
        runs = [a_result("a/", queries={"default": n}) for n in (1, 41)]
        runs[1].routes[0].where = "shop/views.py:7"
        (finding,) = findings(compare_with_file(*runs, "before.json"))
        assert finding.title == "GET /a/ got worse: queries 1 → 41"
        assert finding.where == "shop/views.py:7"
        assert finding.evidence == ["queries in a request: 1 before, 41 now"]
        assert finding.severity == "high"
        assert finding.confidence == "exact counts"


class TestTheFile:
    def test_what_a_run_wrote_is_read_back(self, tmp_path):
        run = a_result("a/", queries={"default": 3})
        run.comparison = compare_with_file(run, run, "older.json")
        file = tmp_path / "before.json"
        file.write_text(render_json(run), encoding="utf-8")
        assert load(file) == run

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[]", b"null", b'{"routes": []}', b'{"schema_version": 1}', b"\xff\xfe"],
    )
    def test_another_file_is_refused_in_one_line(self, tmp_path, content):
        file = tmp_path / "before.json"
        file.write_bytes(content)
        with pytest.raises(DjtuneError, match=r"before.json is no result of djtune profile$"):
            load(file)

    def test_another_version_of_the_result_is_named(self, tmp_path):
        file = tmp_path / "before.json"
        file.write_bytes(b'{"schema_version": 99, "routes": "elsewhere"}')
        with pytest.raises(DjtuneError, match=r"has version 99 of the result, this djtune reads 1"):
            load(file)

    def test_a_missing_file_says_how_to_make_one(self, tmp_path: Path):
        with pytest.raises(DjtuneError, match="No such file") as caught:
            load(tmp_path / "before.json")
        assert "--format json" in caught.value.hint
