"""This checkout against a baseline that ran beside it: verdicts from made-up blocks."""

import io
import json
import random
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from fabricated import MACHINE, gathered, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import workload

from djtune.errors import DjtuneError
from djtune.experiments.blocks import Block, Blocks
from djtune.model.app import App
from djtune.model.routes import Route
from djtune.model.samples import Sample, Trial
from djtune.profiling.assemble import assemble
from djtune.profiling.comparison.baseline import AGAIN, ARMS, BASELINE, HERE, Baseline
from djtune.profiling.comparison.blocks import compare_with_baseline, exact_verdict
from djtune.profiling.comparison.findings import findings, regressions
from djtune.profiling.comparison.result import Comparison, RouteChange
from djtune.profiling.present import present
from djtune.profiling.result import ProfileResult
from djtune.reports.github import render_github
from djtune.reports.json import render_json, schema
from djtune.reports.terminal import console_for, render_terminal

ROUTES = ("a/", "b/")
ASKED = workload(*((1, [route]) for route in ROUTES))
FACTS: dict[str, Any] = gathered(ASKED).facts
KNOWN = {
    route: Route(route, "", f"views.{route}", "shop/views.py", 10 + n, ["GET"])
    for n, route in enumerate(ROUTES)
}
Answer = Callable[[str, int], dict[str, Any]]
"""Arm and step → what differs from a plain request."""


def plain(arm: str, step: int) -> dict[str, Any]:
    return {}


def a_trial(arm: str, answer: Answer, dice: random.Random, asked: dict[int, int]) -> Trial:
    """Two routes of about 10 ms, in a process that is a little faster or slower than others."""
    luck = 1 + dice.uniform(-0.01, 0.01)
    samples: list[Sample] = []
    for step in range(len(ROUTES)):
        for _ in range(5):
            given = answer(arm, step)
            wall = luck * dice.uniform(9.9, 10.1) * given.pop("slower", 1.0)
            samples.append(sample(step, wall, **given))
    return Trial(samples, asked=asked)


def run(
    answer: Answer = plain,
    blocks: int = 8,
    *,
    unfinished: int = 0,
    asked_here: dict[int, int] | None = None,
    known: dict[str, Route] | None = None,
) -> tuple[ProfileResult, Comparison]:
    """The result and the comparison of a run of so many blocks, the last of them unfinished.

    ``known`` are the routes that the baseline has.
    """
    dice = random.Random(3)
    asked = {arm: {0: 1, 1: 2} for arm in ARMS} | {HERE: asked_here or {0: 1, 1: 2}}
    made = [
        Block(
            {arm: a_trial(arm, answer, dice, asked[arm]) for arm in ARMS},
            complete=number < blocks - unfinished,
        )
        for number in range(blocks)
    ]
    classes = [{"step": step, "class": "ok", "status": 200} for step in range(len(ROUTES))]
    trials = [block.trials[HERE] for block in made]
    here = gathered(ASKED, *trials, classes=classes, routes=KNOWN)
    baseline = Baseline(
        app=App("elsewhere", "conf.settings", "python"),
        name="before",
        blocks_wanted=blocks,
        facts=FACTS,
        interface="wsgi",
        routes=KNOWN if known is None else known,
        classes=classes,
        blocks=Blocks(made),
    )
    result = assemble(here, MACHINE, bandwidth=10e6)
    result.comparison = compare_with_baseline(result, here, baseline)
    result.findings = findings(result.comparison)
    return result, result.comparison


def by_route(comparison: Comparison) -> dict[str, RouteChange]:
    return {route.route: route for route in comparison.routes}


def verdicts(route: RouteChange) -> dict[str, str]:
    times = {time.tier: time.verdict for time in route.times}
    return {change.counter: change.verdict for change in route.counters} | times


class TestVerdicts:
    def test_identical_checkouts_show_no_difference(self):
        _, comparison = run()
        for route in comparison.routes:
            assert verdicts(route) == {
                "queries": "same",
                "bytes": "same",
                "collections": "same",
                "hops": "same",
                "cpu": "no difference shown",
                "wall": "no difference shown",
            }
        assert regressions(comparison) == []

    def test_a_route_with_an_n_plus_1_makes_more_queries_and_the_other_does_not(self):
        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"queries": {"default": 41 if (arm, step) == (HERE, 0) else 1}}

        routes = by_route(run(answer)[1])
        assert routes["a/"].verdict == "worse"
        assert verdicts(routes["a/"])["queries"] == "more"
        assert routes["b/"].verdict == "no difference shown"
        (queries,) = (c for c in routes["a/"].counters if c.counter == "queries")
        assert (queries.before.value, queries.after.value, queries.after.low) == (1, 41, None)

    def test_a_slower_route_is_found_with_how_much_and_the_other_is_not(self):
        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"slower": 1.23 if (arm, step) == (HERE, 1) else 1.0}

        result, comparison = run(answer)
        route = by_route(comparison)["b/"]
        assert (verdicts(route)["cpu"], verdicts(route)["wall"]) == ("slower", "slower")
        ratio = route.times[0].ratio
        assert ratio is not None
        assert 1.15 < (ratio.low or 0) < 1.23 < (ratio.high or 0) < 1.31
        assert by_route(comparison)["a/"].verdict == "no difference shown"
        (finding,) = result.findings
        assert finding.title.startswith("GET /b/ got worse: slower by 2")
        assert finding.where == "shop/views.py:11"
        assert finding.saving is not None
        assert 0.0015 < finding.saving.value < 0.003

    def test_a_faster_route_is_better_and_no_finding(self):
        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"slower": 0.5 if (arm, step) == (HERE, 1) else 1.0}

        result, comparison = run(answer)
        assert by_route(comparison)["b/"].verdict == "better"
        assert result.findings == []

    def test_waiting_is_told_by_wall_time_alone(self):
        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"slower": 3.0 if (arm, step) == (HERE, 0) else 1.0, "cpu": 5_000_000}

        route = by_route(run(answer)[1])["a/"]
        assert (verdicts(route)["cpu"], verdicts(route)["wall"]) == (
            "no difference shown",
            "slower",
        )

    def test_every_comparison_counts(self):
        assert run()[1].comparisons == 4  # two routes, CPU and wall time; the counters are exact

    @pytest.mark.parametrize("blocks", [0, 1])
    def test_too_few_blocks_are_no_verdict(self, blocks):
        _, comparison = run(blocks=blocks)
        assert comparison.blocks == blocks
        assert regressions(comparison) == []
        for route in comparison.routes:
            assert [time.verdict for time in route.times] == ["can't tell", "can't tell"]

    def test_a_block_that_was_not_finished_does_not_count(self):
        _, comparison = run(blocks=4, unfinished=1)
        assert comparison.blocks == 3

    def test_a_route_that_was_asked_for_other_values_is_not_judged(self):
        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"slower": 3.0 if arm == HERE else 1.0}

        _, comparison = run(answer, asked_here={0: 99, 1: 2})
        routes = by_route(comparison)
        assert set(verdicts(routes["a/"]).values()) == {"can't tell"}
        assert verdicts(routes["b/"])["cpu"] == "slower"
        assert comparison.comparisons == 2
        (warning,) = comparison.warnings
        assert warning.endswith("not judged, because other values were asked for: /a/")


class TestExactCounters:
    counts = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=2, max_size=5)

    @staticmethod
    def matched(baseline: list[int], again: list[int], here: list[int]) -> dict[str, list[Sample]]:
        arms = zip((BASELINE, AGAIN, HERE), (baseline, again, here), strict=True)
        return {arm: [sample(hops=count) for count in counts] for arm, counts in arms}

    @given(counts)
    def test_what_is_identical_is_the_same(self, blocks):
        made = [self.matched(counts, counts, counts) for counts in blocks]
        assert exact_verdict(made, lambda s: s.hops) == "same"

    @given(counts, st.integers(1, 5))
    def test_a_request_that_makes_more_in_every_block_is_told(self, blocks, more):
        changed = [[counts[0] + more, *counts[1:]] for counts in blocks]
        made = [self.matched(a, a, b) for a, b in zip(blocks, changed, strict=True)]
        assert exact_verdict(made, lambda s: s.hops) == "more"
        made = [self.matched(b, b, a) for a, b in zip(blocks, changed, strict=True)]
        assert exact_verdict(made, lambda s: s.hops) == "fewer"

    @given(counts, st.integers(0, 4))
    def test_a_baseline_that_differs_from_itself_is_not_exact(self, blocks, which):
        made = [self.matched(counts, counts, counts) for counts in blocks]
        counts = blocks[which % len(blocks)]
        made[which % len(blocks)] = self.matched(counts, [counts[0] + 1, *counts[1:]], counts)
        assert exact_verdict(made, lambda s: s.hops) is None

    def test_a_change_in_some_of_the_blocks_may_be_chance(self):
        made = [self.matched([1], [1], [1]), self.matched([1], [1], [2])]
        assert exact_verdict(made, lambda s: s.hops) is None

    @settings(max_examples=20)
    @given(st.integers(0, 2**32))
    def test_counts_that_vary_by_chance_show_no_difference(self, seed):
        dice = random.Random(seed)

        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"collections": [int(dice.random() < 0.3), 0, 0]}

        _, comparison = run(answer)
        assert {verdicts(route)["collections"] for route in comparison.routes} <= {
            "no difference shown",
            "same",
        }


class TestRoutesOfOneCheckout:
    def test_routes_that_came_and_went_are_listed(self):
        gone = Route("gone/", "", "views.gone", "shop/views.py", 3, ["GET"])
        _, comparison = run(known={"a/": KNOWN["a/"], "gone/": gone})
        assert [(e.method, e.route, e.side, e.where) for e in comparison.one_sided] == [
            ("GET", "b/", "after", "shop/views.py:11"),
            ("GET", "gone/", "before", ""),
        ]
        assert regressions(comparison) == []

    def test_journeys_that_the_baseline_cannot_make_are_not_made(self):
        baseline = Baseline(App("", "", ""), "before", 8, routes={"a/": KNOWN["a/"]})
        asked = workload((3, ["a/"]), (1, ["a/", "b/"]), journeys_per_hour=400.0)
        kept = baseline.restrict(asked)
        assert [journey.name for journey in kept.journeys] == ["journey 0"]
        assert kept.journeys_per_hour == 300
        assert [journey.name for journey in baseline.lacking] == ["journey 1"]

    def test_a_baseline_without_any_of_them_is_refused(self):
        baseline = Baseline(App("", "", ""), "before", 8)
        with pytest.raises(DjtuneError, match="the baseline before has none of the routes"):
            baseline.restrict(ASKED)


@pytest.mark.parametrize("blocks", [0, 1, 2, 8])
def test_the_json_follows_its_schema(blocks):
    result, _ = run(TestTheReport.worse, blocks)
    jsonschema.Draft202012Validator(schema(ProfileResult)).validate(json.loads(render_json(result)))


class TestTheReport:
    @staticmethod
    def worse(arm: str, step: int) -> dict[str, Any]:
        worse = (arm, step) == (HERE, 0)
        return {"slower": 4.0 if worse else 1.0, "queries": {"default": 41 if worse else 1}}

    @pytest.mark.parametrize("width", [80, 140])
    @pytest.mark.parametrize("blocks", [0, 1, 8])
    def test_it_fits_the_terminal(self, width, blocks, monkeypatch):
        monkeypatch.setenv("COLUMNS", str(width))
        stream = io.StringIO()
        render_terminal(present(run(self.worse, blocks)[0]), console_for(stream))
        text = stream.getvalue()
        assert max(map(len, text.splitlines())) <= width
        assert "Against the past" in text

    def test_it_says_what_changed_and_what_could_have_been_seen(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "200")
        stream = io.StringIO()
        render_terminal(present(run(self.worse)[0]), console_for(stream))
        text = " ".join(stream.getvalue().split())
        assert "1 worse, 0 better, 1 without a difference, of 2 routes" in text
        assert "slower by a factor of 4" in text
        assert "no difference shown" in text
        assert "smaller than ±" in text
        assert "The smallest differences that would show" in text

    def test_two_blocks_claim_no_more_than_they_can(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "200")
        stream = io.StringIO()
        noisy = random.Random(1)

        def answer(arm: str, step: int) -> dict[str, Any]:
            return {"slower": noisy.uniform(0.2, 5)}

        render_terminal(present(run(answer, 2)[0]), console_for(stream))
        text = " ".join(stream.getvalue().split())
        assert "not even a doubling would show" in text
        assert "to more than 100 %" in text

    def test_github_gets_the_regression_at_the_views_line(self, tmp_path):
        log = render_github(present(run(self.worse)[0]), directory=tmp_path, workspace=tmp_path)
        (line,) = log.splitlines()
        assert line.startswith("::warning file=shop/views.py,line=10,title=GET /a/ got worse")
        assert "queries in a request: 1 before, 41 now" in line
