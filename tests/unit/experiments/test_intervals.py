"""Intervals of means, ratios and shares, and the smallest effect."""

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from djtune.experiments.intervals import (
    BOOTSTRAP_FROM,
    Interval,
    mean_interval,
    ratio_interval,
    shares,
    smallest_effect,
)

times = st.floats(1e-4, 10)
log_ratios = st.floats(-1, 1)


class TestMean:
    @given(st.lists(times, min_size=2, max_size=20))
    def test_is_students_t_on_trial_means(self, trial_means):
        assume(max(trial_means) - min(trial_means) > 1e-6)
        interval = mean_interval(trial_means)
        n = len(trial_means)
        expected = stats.t.interval(
            0.95, n - 1, loc=sum(trial_means) / n, scale=stats.sem(trial_means)
        )
        assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert interval.n == n

    def test_trials_that_agree_leave_no_doubt(self):
        assert mean_interval([0.25, 0.25, 0.25]) == Interval(0.25, 0.25, 0.25, 3)

    def test_a_time_is_never_below_its_floor(self):
        assert mean_interval([0.001, 1.0], at_least=0).low == 0

    def test_one_trial_shows_no_spread_and_the_metric_says_so(self):
        metric = mean_interval([0.2]).metric()
        assert (metric.value, metric.low, metric.high, metric.n) == (0.2, None, None, 1)
        assert metric.reason == "no interval from n=1 trials"

    def test_no_trials_is_an_error(self):
        with pytest.raises(ValueError, match="at least one trial"):
            mean_interval([])


class TestRatio:
    @given(st.lists(log_ratios, min_size=2, max_size=BOOTSTRAP_FROM - 1))
    def test_few_blocks_use_students_t_on_the_log_scale(self, blocks):
        interval, logs = ratio_interval(blocks), mean_interval(blocks)
        assert interval.value == pytest.approx(math.exp(logs.value))
        assert interval.low == pytest.approx(math.exp(logs.low))
        assert interval.high == pytest.approx(math.exp(logs.high))

    @given(st.lists(log_ratios, min_size=1, max_size=BOOTSTRAP_FROM - 1))
    def test_the_inverse_ratio_has_the_inverse_interval(self, blocks):
        ratio, inverse = ratio_interval(blocks), ratio_interval([-x for x in blocks])
        assert inverse.value == pytest.approx(1 / ratio.value)
        assert inverse.low == pytest.approx(1 / ratio.high)

    def test_many_blocks_follow_the_skewness_of_the_blocks(self):
        draw = random.Random(5)
        blocks = [draw.expovariate(10) for _ in range(30)]
        interval = ratio_interval(blocks)
        below = math.log(interval.value / interval.low)
        above = math.log(interval.high / interval.value)
        # A long right tail makes a mean that came out low likelier than one that came out high.
        assert above > 1.1 * below

    def test_the_same_seed_gives_the_same_interval_and_another_seed_a_close_one(self):
        draw = random.Random(6)
        blocks = [draw.gauss(0.1, 0.05) for _ in range(20)]
        first, again, other = (ratio_interval(blocks, seed) for seed in (1, 1, 2))
        assert first == again
        assert first != other
        assert other.low == pytest.approx(first.low, rel=0.01)

    def test_many_blocks_that_agree_leave_no_doubt(self):
        assert ratio_interval([0.0] * 20) == Interval(1.0, 1.0, 1.0, 20)


class TestShares:
    @given(
        st.integers(1, 6).flatmap(
            lambda routes: st.lists(
                st.lists(times, min_size=routes, max_size=routes), min_size=2, max_size=8
            )
        )
    )
    def test_values_sum_to_one_and_lie_in_intervals_between_0_and_1(self, costs_by_trial):
        result = shares(costs_by_trial)
        assert sum(share.value for share in result) == pytest.approx(1)
        for share in result:
            slack = 1e-12
            assert 0 <= share.low <= share.value + slack
            assert share.value - slack <= share.high <= 1

    @given(st.lists(st.lists(times, min_size=3, max_size=3), min_size=2, max_size=8), times)
    def test_drift_that_slows_a_whole_trial_cancels(self, costs_by_trial, drift):
        slowed = [[cost * drift for cost in costs_by_trial[0]], *costs_by_trial[1:]]
        for before, after in zip(shares(costs_by_trial), shares(slowed), strict=True):
            assert after.value == pytest.approx(before.value)
            assert after.low == pytest.approx(before.low, abs=1e-6)

    def test_a_small_share_has_more_room_above_than_below(self):
        small, _ = shares([[1, 99], [2, 98], [1.5, 98.5]])
        assert small.high - small.value > small.value - small.low > 0

    def test_the_only_route_and_one_that_cost_nothing_are_certain(self):
        assert shares([[2.0], [3.0]]) == [Interval(1, 1, 1, 2)]
        assert shares([[0.0, 2.0], [0.0, 3.0]])[0] == Interval(0, 0, 0, 2)

    def test_a_route_absent_from_one_trial_keeps_a_finite_interval(self):
        absent, _ = shares([[0.0, 1.0], [0.1, 1.0], [0.1, 1.0]])
        assert 0 < absent.low < absent.value < absent.high < 1

    @pytest.mark.parametrize("costs", [[], [[0.0, 0.0]], [[1.0, 2.0], [1.0]]])
    def test_trials_that_have_no_shares_are_an_error(self, costs):
        with pytest.raises(ValueError, match=r"at least one trial|without cost|argument"):
            shares(costs)


class TestSmallestEffect:
    @given(st.lists(st.floats(-0.3, 0.3), min_size=2, max_size=40))
    def test_the_aa_comparison_itself_never_shows_an_effect(self, blocks):
        interval, slack = mean_interval(blocks), 1e-12
        reach = math.log1p(smallest_effect(blocks)) + slack
        assert -reach <= interval.low
        assert interval.high <= reach

    def test_an_effect_of_this_size_is_seen_four_times_in_five(self):
        draw, sd, blocks, runs = random.Random(7), 0.05, 10, 3000
        # The spread of this A/A comparison is exactly sd, and its mean 0.
        spread = sd * math.sqrt((blocks - 1) / blocks)
        effect = math.log1p(smallest_effect([spread, -spread] * (blocks // 2)))
        seen = sum(
            mean_interval([draw.gauss(effect, sd) for _ in range(blocks)]).low > 0
            for _ in range(runs)
        )
        # The sum of two t quantiles stands in for the non-central t: within 0.02 here.
        assert seen / runs == pytest.approx(0.8, abs=0.02 + 4 * math.sqrt(0.8 * 0.2 / runs))

    def test_more_blocks_resolve_smaller_effects(self):
        assert smallest_effect([0.1, -0.1] * 10) < smallest_effect([0.1, -0.1] * 3)

    def test_one_block_resolves_nothing(self):
        assert smallest_effect([0.0]) == math.inf
