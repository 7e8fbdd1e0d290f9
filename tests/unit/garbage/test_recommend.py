"""What is recommended: the goals are held in their order, and evidence decides."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_of_garbage import (
    COLLECTOR,
    CURRENT,
    MB,
    MS,
    audited,
    ceiling,
    comparison,
    metric,
    pauses,
    setting,
    tail,
    tried,
    verification,
)

from djtune.garbage.goals import parse_limit
from djtune.garbage.recommend import P99_AT_MOST, Question, recommend
from djtune.garbage.result import Recommendation, Setting, Tried

GOOD = "50000,5,2"
GOALS = ["cpu", "mean", "p99", "pause"]


def asked(*, goal: Any = "cpu", limit: str = "+10%", **known: Any) -> Question:
    fields: dict[str, Any] = {
        "goal": goal,
        "limit": parse_limit(limit),
        "ceiling": ceiling(0.2),
        "audit": audited(),
        "chosen": [],
        "verification": None,
    }
    return Question(**fields | known)


def measured(*settings: Tried, outcomes: Any = None, **known: Any) -> Recommendation:
    return recommend(asked(verification=verification(*settings, outcomes=outcomes), **known))


def simulated(*settings: Setting, **known: Any) -> Recommendation:
    """Only simulated; the first of the settings is the current one."""
    by_name = {each.name: each for each in settings}
    return recommend(asked(chosen=list(settings[1:]), simulated=by_name, **known))


def short(name: str, **given: Any) -> Tried:
    """A setting with short pauses."""
    return tried(name, pauses=pauses(0.001), **given)


class TestLeaveItAlone:
    def test_where_there_is_little_to_win_no_setting_is_good_enough(self):
        found = measured(tried(GOOD, gc=0.0), ceiling=ceiling(0.015))
        assert found.policy is None
        assert "Leave the collector alone" in found.title
        assert "1.5 %" in found.why[0]

    def test_a_limit_that_the_current_setting_breaks_goes_first(self):
        found = measured(tried(GOOD), ceiling=ceiling(0.015), over_limit=True)
        assert "alone" not in found.title

    def test_where_there_is_more_it_is_not_said(self):
        assert "alone" not in measured(tried(GOOD), ceiling=ceiling(0.021)).title


class TestACollectorThatTheAppHasSwitchedOff:
    @pytest.mark.parametrize("off", [{"enabled": False}, {"thresholds": (0, 10, 10)}])
    def test_is_not_left_alone_where_requests_leave_garbage(self, off):
        current = msgspec.structs.replace(COLLECTOR, **off)
        found = recommend(asked(ceiling=ceiling(0.0), current=current))
        assert "Let the collector run" in found.title
        assert "1.00 MB for good" in found.why[1]

    def test_is_left_alone_where_they_leave_none(self):
        current = msgspec.structs.replace(COLLECTOR, enabled=False)
        clean = audited(garbage_free=True)
        found = recommend(asked(ceiling=ceiling(0.0), current=current, audit=clean))
        assert "Leave the collector alone" in found.title


class TestWhatWasMeasured:
    def test_less_gc_time_within_the_limit_and_no_worse_p99_is_recommended(self):
        found = measured(tried(GOOD))
        assert str(found.policy) == GOOD
        assert found.measured
        assert not found.refused
        assert any("p99" in line for line in found.why)

    @pytest.mark.parametrize(
        ("bad", "why"),
        [
            (tried(GOOD, peak_rss=metric(133 * MB)), "over the limit of 132 MB (+10%)"),
            (tried(GOOD, p99=P99_AT_MOST), "p99 of CPU time may be as high as 1.10×"),
            (tried(GOOD, tails=[tail(0.5)]), "too few requests to know its p95 or p99"),
            (tried(GOOD, kept=False), "sets the collector again"),
            (tried(GOOD, failure="ended by signal SIGKILL"), "ended by signal SIGKILL"),
            (tried("0,10,10"), "nothing would ever free its cyclic garbage"),
            (tried("disable"), "nothing would ever free its cyclic garbage: GET /api/epg/ leaves"),
        ],
    )
    def test_one_objection_is_enough_to_refuse(self, bad, why):
        found = measured(bad)
        assert found.policy is None
        (refused,) = found.refused
        assert refused.startswith(f"{bad.name}: ")
        assert why in refused

    def test_with_too_few_requests_for_the_p99_the_p95_decides_and_that_is_said(self):
        found = measured(tried(GOOD, p99=None))
        assert str(found.policy) == GOOD
        assert any("p95" in line and "too few requests for the p99" in line for line in found.why)

    @pytest.mark.parametrize("outcome", ["higher", "no difference shown", "can't tell"])
    def test_gc_time_must_be_shown_to_be_less(self, outcome):
        found = measured(tried(GOOD), outcomes={GOOD: outcome})
        assert found.policy is None
        assert outcome in found.refused[0]

    def test_a_setting_that_was_not_compared_is_refused(self):
        run = verification(tried(GOOD))
        run.comparisons = [comparison(GOOD, "lower", of="CPU per request")]
        assert recommend(asked(verification=run)).policy is None

    def test_memory_that_trials_are_too_short_for_is_taken_from_the_simulation(self):
        large = setting(GOOD, peak_bytes=40 * MB)
        large.over_limit = True
        found = measured(tried(GOOD), simulated={GOOD: large})
        assert found.policy is None
        assert "40.0 MB above the start (simulated)" in found.refused[0]
        assert measured(tried(GOOD), simulated={GOOD: setting(GOOD)}).policy is not None

    def test_off_is_refused_without_an_audit_and_allowed_by_one_that_proves_it_safe(self):
        assert "not audited" in measured(tried("disable"), audit=None).refused[0]
        no_cycle = setting("disable", reached_full=False)
        proven = {"audit": audited(garbage_free=True), "simulated": {"disable": no_cycle}}
        assert str(measured(tried("disable"), **proven).policy) == "disable"

    def test_nothing_beats_the_current_setting(self):
        found = measured(tried(GOOD, p99=2.0), tried("freeze", kept=False))
        assert found.policy is None
        assert "nothing that was tried beats it" in found.title
        assert found.measured
        assert len(found.refused) == 2

    def test_a_limit_that_nothing_keeps_is_not_called_the_current_settings_win(self):
        found = measured(tried(GOOD), limit="30MB")
        assert found.policy is None
        assert found.over_limit
        assert "held 120 MB, over 30MB" in found.title
        assert not measured(tried(GOOD, p99=2.0)).over_limit

    def test_every_reason_is_told(self):
        bad = tried("disable", p99=2.0, peak_rss=metric(500 * MB), kept=False)
        (refused,) = measured(bad, outcomes={"disable": "higher"}).refused
        assert refused.count(";") == 4

    def test_too_short_for_a_full_collection_is_said(self):
        found = measured(tried(GOOD, reached_full=False), simulated={GOOD: setting(GOOD)})
        assert any("too short for a full collection" in line for line in found.why)

    def test_a_full_collection_that_was_neither_seen_nor_simulated_is_not_risked(self):
        found = measured(tried(GOOD, reached_full=False))
        assert found.policy is None
        assert "was not simulated" in found.refused[0]


class TestGoals:
    def test_of_those_that_may_be_the_one_closest_to_the_goal_is_taken(self):
        slow_pause = tried("20000,5,2", gc=0.0001)
        short_pause = short("5000,5,2", gc=0.0009)
        assert str(measured(slow_pause, short_pause, goal="cpu").policy) == "20000,5,2"
        assert str(measured(slow_pause, short_pause, goal="pause").policy) == "5000,5,2"

    def test_the_p99_is_judged_by_cpu_time(self):
        quick = tried("5000,5,2", gc=0.0009, tails=[tail(0.99, cpu_s=0.015)])
        thrifty = tried("20000,5,2", gc=0.0001, tails=[tail(0.99, cpu_s=0.018)])
        assert str(measured(thrifty, quick, goal="p99").policy) == "5000,5,2"
        assert str(measured(thrifty, quick, goal="mean").policy) == "20000,5,2"

    def test_a_pause_that_trials_were_too_short_for_counts_as_it_is_simulated(self):
        hidden = {GOOD: setting(GOOD, worst_pause_ns=900 * MS)}
        found = measured(short(GOOD), short("freeze"), goal="pause", simulated=hidden)
        assert str(found.policy) == "freeze"

    def test_less_gc_time_for_a_longer_pause_is_not_what_was_asked_for(self):
        found = measured(tried(GOOD, pauses=pauses(1.0)), goal="pause")
        assert found.policy is None
        assert "longest pause" in found.refused[0]

    def test_a_p99_that_is_no_lower_is_not_what_was_asked_for(self):
        found = measured(tried(GOOD, tails=[tail(0.99, cpu_s=0.021)]), goal="p99")
        assert found.policy is None
        assert "p99 of CPU time" in found.refused[0]

    @pytest.mark.parametrize("goal", GOALS)
    @pytest.mark.parametrize("limit", ["+10%", "132MB"])
    def test_memory_comes_before_every_goal(self, goal, limit):
        best = short(GOOD, gc=0.0, tails=[tail(0.99, 0.2, 0.001)], peak_rss=metric(140 * MB))
        modest = short("freeze", gc=0.0019, tails=[tail(0.99, 1.0, 0.019)])
        found = measured(best, modest, goal=goal, limit=limit)
        assert str(found.policy) == "freeze"
        assert found.refused[0].startswith(GOOD)

    @given(
        st.lists(st.tuples(st.floats(0, 0.01), st.integers(1, 10**9)), min_size=1, max_size=8),
        st.sampled_from(GOALS),
        st.integers(1, 1000),
    )
    def test_no_setting_over_the_limit_is_ever_recommended(self, figures, goal, limit_mb):
        settings = [
            short(f"{1000 + n},5,2", gc=gc, peak_rss=metric(peak))
            for n, (gc, peak) in enumerate(figures)
        ]
        found = measured(*settings, goal=goal, limit=f"{limit_mb}MB")
        peaks = {each.policy: each.peak_rss.value for each in settings}
        assert found.policy is None or peaks[found.policy] <= limit_mb * MB


class TestWhatWasOnlySimulated:
    def test_it_is_called_an_estimate(self):
        found = simulated(setting(CURRENT), setting(GOOD, gc_ns_per_request=0.1 * MS))
        assert str(found.policy) == GOOD
        assert not found.measured
        assert "estimate" in found.title
        assert "simulated: 100 µs of GC a request" in found.why[0]
        assert "the current setting, simulated too: 1.00 ms of GC a request" in found.why[1]

    @pytest.mark.parametrize("goal", GOALS)
    def test_what_comes_no_closer_to_the_goal_than_the_current_setting_is_not(self, goal):
        found = simulated(setting(CURRENT), setting(GOOD, peak_bytes=1), goal=goal)
        assert found.policy is None
        assert not found.measured
        assert "nothing beats it" in found.title

    def test_where_a_run_was_cut_short_before_the_simulation_no_search_is_claimed(self):
        assert "no other setting was tried" in simulated().title

    def test_where_no_setting_is_left_none_is_recommended(self):
        found = simulated(setting(CURRENT))
        assert found.policy is None
        assert not found.measured
