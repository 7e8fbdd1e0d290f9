"""Quantiles with intervals."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from djtune.experiments.quantiles import (
    Sorted,
    effective_n,
    minimum_n,
    order_ranks,
    overdispersion,
    pool,
    quantile_interval,
)

quantiles = st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
samples = st.lists(st.floats(1e-5, 100), min_size=1, max_size=120)
weighted = st.lists(
    st.tuples(st.floats(1e-5, 100), st.floats(1e-3, 1e3)), min_size=1, max_size=120
).map(lambda pairs: ([x for x, _ in pairs], [weight for _, weight in pairs]))


def trials_of(count: int, size: int, seed: int = 1) -> list[list[float]]:
    draw = random.Random(seed)
    return [[draw.lognormvariate(-3, 0.3) for _ in range(size)] for _ in range(count)]


class TestHowManySamples:
    @pytest.mark.parametrize(("q", "n"), [(0.5, 6), (0.95, 72), (0.99, 368), (0.05, 72)])
    def test_the_rule_for_the_usual_percentiles(self, q, n):
        assert minimum_n(q) == n

    @given(quantiles)
    def test_it_is_where_the_sample_first_surrounds_the_quantile(self, q):
        n, outside = minimum_n(q), max(q, 1 - q)
        assert outside**n <= 0.025 < outside ** (n - 1)

    def test_below_it_there_is_no_value_and_a_reason(self):
        metric = quantile_interval(trials_of(2, 100), 0.99)
        assert (metric.value, metric.low, metric.high, metric.n) == (None, None, None, 200)
        assert metric.reason == "n=200 < 368"

    def test_at_it_there_is_a_value_with_bounds(self):
        metric = quantile_interval(trials_of(2, 184), 0.99)
        assert metric.low < metric.value < metric.high
        assert metric.n == 368

    def test_one_trial_gives_a_value_without_bounds(self):
        metric = quantile_interval([*trials_of(1, 100), []], 0.95)
        assert metric.value > 0
        assert (metric.low, metric.high) == (None, None)
        assert metric.reason == "no interval from n=1 trials"

    def test_no_samples_at_all(self):
        assert quantile_interval([], 0.5).reason == "n=0 < 6"

    @pytest.mark.parametrize("q", [0, 1, 95])
    def test_a_quantile_lies_between_0_and_1(self, q):
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile_interval([[1.0]], q)


class TestRanks:
    @given(quantiles, st.integers(0, 5000))
    def test_independent_samples_have_exactly_the_binomial_ranks(self, q, more):
        n = minimum_n(q) + more
        binomial = stats.binom(n, q)
        first, last = order_ranks(n, q, n)
        assert binomial.cdf(first - 1) <= 0.025 < binomial.cdf(first)
        assert binomial.sf(last - 1) <= 0.025 < binomial.sf(last - 2)

    @given(quantiles, st.integers(2, 5000), st.data())
    def test_fewer_effective_samples_never_narrow_the_ranks(self, q, n, data):
        many = data.draw(st.floats(1, n))
        few = data.draw(st.floats(1, many))
        first, last = order_ranks(n, q, few)
        many_first, many_last = order_ranks(n, q, many)
        assert 1 <= first <= many_first
        assert many_last <= last <= n

    @given(quantiles, st.integers(2, 5000), st.data())
    def test_the_quantile_seen_from_above_has_the_mirrored_ranks(self, q, n, data):
        effective = data.draw(st.floats(1, n))
        first, last = order_ranks(n, q, effective)
        mirrored_first, mirrored_last = order_ranks(n, 1 - q, effective)
        assert (first, last) == (n + 1 - mirrored_last, n + 1 - mirrored_first)


class TestOverdispersion:
    def test_trials_that_agree_count_in_full(self):
        trial = Sorted([float(x) for x in range(1, 101)])
        assert overdispersion([trial] * 4, 50.0, 0.5) == 1

    def test_trials_that_never_overlap_count_about_once_each(self):
        trials = [Sorted([float(trial)] * 50) for trial in (1, 2, 4, 5)]
        # Each trial is all below or all above: χ² = 4 · 50, over 3.
        assert overdispersion(trials, 3.0, 0.5) == pytest.approx(4 * 50 / 3)

    def test_it_is_scipys_chi_square(self):
        draw = random.Random(3)
        trials = [Sorted([draw.gauss(drift, 1) for _ in range(50)]) for drift in (0, 0.5, 1)]
        below = [sum(x < 0.45 for x in trial.samples) for trial in trials]
        chi_square = stats.chi2_contingency([below, [50 - n for n in below]]).statistic
        assert chi_square > 4
        q = sum(below) / 150
        assert overdispersion(trials, 0.45, q) == pytest.approx(chi_square / 2)

    def test_ties_do_not_pass_for_disagreement(self):
        assert overdispersion([Sorted([1.0] * 50), Sorted([1.0] * 80)], 1.0, 0.95) == 1


class TestEffectiveSamples:
    def test_all_of_them_where_the_trials_agree(self):
        trial = Sorted([float(x) for x in range(1, 101)])
        assert effective_n([trial] * 4, 50.0, 0.5) == 400

    def test_the_fewer_trials_disagree_the_less_their_samples_are_worth(self):
        def worth(trials):
            apart = [Sorted([1.0] * 60), Sorted([3.0] * 60)]
            return effective_n(apart * (trials // 2), 2.0, 0.5) / (60 * trials)

        assert worth(4) < worth(8) < worth(16)

    @given(st.lists(weighted.map(lambda pair: Sorted(*pair)), min_size=2, max_size=6), quantiles)
    def test_never_fewer_than_one_nor_more_than_there_are(self, trials, q):
        pooled = pool(trials)
        worth = effective_n(trials, pooled.quantile(q), q)
        assert 1 <= worth <= len(pooled.samples) * (1 + 1e-9)


class TestWeights:
    @given(weighted)
    def test_they_add_up_to_kishs_number(self, pair):
        kish = sum(pair[1]) ** 2 / sum(weight**2 for weight in pair[1])
        assert Sorted(*pair).worth == pytest.approx(kish)

    @given(st.lists(weighted, min_size=2, max_size=6))
    def test_the_worths_of_trials_add_up_to_that_of_their_samples(self, pairs):
        trials = [Sorted(*pair) for pair in pairs]
        assert pool(trials).worth == pytest.approx(sum(trial.worth for trial in trials))

    @given(weighted, quantiles)
    def test_the_quantile_has_a_fraction_q_of_the_weight_at_or_below_it(self, pair, q):
        value, whole = Sorted(*pair).quantile(q), sum(pair[1])
        below = sum(weight for x, weight in zip(*pair, strict=True) if x < value)
        at_or_below = sum(weight for x, weight in zip(*pair, strict=True) if x <= value)
        assert below <= (q + 1e-9) * whole
        assert at_or_below >= (q - 1e-9) * whole

    @given(st.lists(samples, max_size=6), quantiles, st.data())
    def test_equal_ones_change_nothing(self, trials, q, data):
        weights = [[data.draw(st.floats(1e-3, 1e3))] * len(trial) for trial in trials]
        assert quantile_interval(trials, q, weights) == quantile_interval(trials, q)

    @given(st.lists(weighted, min_size=2, max_size=6), quantiles)
    def test_the_value_is_a_sample_inside_its_bounds(self, pairs, q):
        trials, weights = zip(*pairs, strict=True)
        metric = quantile_interval(trials, q, weights)
        if metric.value is not None:
            assert metric.value in [x for trial in trials for x in trial]
            assert metric.low <= metric.value <= metric.high

    @given(st.lists(weighted, min_size=2, max_size=6), quantiles)
    def test_samples_without_weight_are_as_if_never_made(self, pairs, q):
        trials, weights = zip(*pairs, strict=True)
        more = [[*trial, 1e-6, 1e6] for trial in trials]
        none = [[*each, 0.0, 0.0] for each in weights]
        after = quantile_interval([*more, [5.0]], q, [*none, [0.0]])
        before = quantile_interval(trials, q, weights)
        assert (after.value, after.n) == (before.value, before.n)

    def test_99_cheap_requests_to_a_dear_one_that_is_asked_for_more_often(self):
        # 20 cheap and 80 dear ones in each of 8 trials, though the workload makes 99 to 1.
        cheap, dear = trials_of(8, 20), trials_of(8, 80)
        trials = [[*few, *[20 * x for x in many]] for few, many in zip(cheap, dear, strict=True)]
        weights = [[0.99 / 20] * 20 + [0.01 / 80] * 80] * 8
        assert quantile_interval(trials, 0.95).low > 1
        alone, mixed = quantile_interval(cheap, 0.95), quantile_interval(trials, 0.95, weights)
        assert mixed.n == 800
        assert mixed.high < 0.2
        assert mixed.value == pytest.approx(alone.value, rel=0.1)

    def test_below_the_minimum_the_reason_is_what_the_samples_are_worth(self):
        # Two heavy samples a trial outweigh the rest.
        metric = quantile_interval(trials_of(4, 100), 0.95, [[1e6] * 2 + [1.0] * 98] * 4)
        assert (metric.value, metric.n) == (None, 400)
        assert metric.reason == "n≈8 < 72"

    def test_they_are_nested_as_the_samples_are(self):
        with pytest.raises(ValueError, match="zip"):
            quantile_interval(trials_of(2, 10), 0.5, [[1.0, 2.0], [1.0] * 10])


class TestInterval:
    @given(st.lists(samples, min_size=2, max_size=6), quantiles)
    def test_the_value_is_a_sample_inside_its_bounds(self, trials, q):
        metric = quantile_interval(trials, q)
        if metric.value is None:
            assert metric.n < minimum_n(q)
            return
        pooled = sorted(x for trial in trials for x in trial)
        assert metric.value in pooled
        assert metric.low <= metric.value <= metric.high

    @given(samples, quantiles)
    def test_the_value_is_numpys_inverted_cdf(self, values, q):
        expected = stats.mstats.mquantiles(values, [q], alphap=0, betap=1)
        ordered = sorted(values)
        value = Sorted(values).quantile(q)
        below = sum(x < value for x in ordered)
        at_or_below = sum(x <= value for x in ordered)
        assert below < q * len(ordered) + 1e-6
        assert at_or_below >= q * len(ordered) - 1e-6
        assert expected <= value * (1 + 1e-9)

    @given(st.lists(samples, min_size=2, max_size=6), quantiles, st.floats(0.01, 100))
    def test_a_change_of_unit_changes_the_figures_alone(self, trials, q, unit):
        before = quantile_interval(trials, q)
        after = quantile_interval([[x * unit for x in trial] for trial in trials], q)
        if before.value is not None:
            assert after.value == pytest.approx(before.value * unit)
            assert after.low == pytest.approx(before.low * unit)
            assert after.high == pytest.approx(before.high * unit)

    @given(st.randoms(use_true_random=False), quantiles)
    def test_the_order_of_trials_and_samples_does_not_matter(self, draw, q):
        trials = trials_of(4, 100)
        before = quantile_interval(trials, q)
        for trial in trials:
            draw.shuffle(trial)
        draw.shuffle(trials)
        after = quantile_interval(trials, q)
        assert after.value == before.value
        assert (after.low, after.high) == pytest.approx((before.low, before.high))

    def test_trials_that_drift_widen_it(self):
        steady = trials_of(5, 100)
        drifting = [[x * (1 + 0.1 * k) for x in trial] for k, trial in enumerate(steady)]
        narrow, wide = quantile_interval(steady, 0.5), quantile_interval(drifting, 0.5)
        assert wide.high / wide.low > 2 * narrow.high / narrow.low - 1

    def test_the_median_of_trials_that_never_overlap_does_not_reach_to_the_slowest_request(self):
        tight = [0.99 + 0.0005 * x for x in range(40)] + [100.0]
        metric = quantile_interval([[x * slow for x in tight] for slow in (1, 1.1, 1.2, 1.3)], 0.5)
        assert metric.low < 1.1
        assert 1.2 < metric.high < 2

    def test_more_samples_narrow_it(self):
        few, many = (quantile_interval(trials_of(4, size), 0.95) for size in (50, 2000))
        assert many.high / many.low < few.high / few.low

    def test_zeros_among_the_samples_are_allowed(self):
        metric = quantile_interval([[0.0] * 5 + [1.0] * 4, [0.0] * 4 + [1.0] * 5], 0.5)
        assert metric.low <= metric.value <= metric.high
