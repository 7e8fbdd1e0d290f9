"""Totals and shares from samples, with intervals that cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seen_servers import look_at, nine_patterns, rows, sample, seen

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.estimating.counts import key_counts
from djtune.redis_memory.estimating.estimates import estimate
from djtune.redis_memory.estimating.spreads import share, spread


def covers(amount: Amount, truth: float) -> bool:
    return amount.low - 1e-6 * truth <= truth <= amount.high + 1e-6 * truth


def replicates(times: int) -> tuple[int, float]:
    """How many intervals cover the total of the nine patterns, and the relative RMSE."""
    census = nine_patterns(share=0.1)
    truth = sum(sizes.sum() for sizes in census)
    looks = (look_at(census, seed, precision=0.04, most=5_000) for seed in range(times))
    totals = [estimate(found).bytes for found in looks]
    errors = [total.value / truth - 1 for total in totals]
    return sum(covers(total, truth) for total in totals), float(np.sqrt(np.mean(np.square(errors))))


def test_the_interval_of_a_heavy_tailed_total_covers_it():
    covered, error = replicates(20)

    assert covered >= 16  # fewer: once in 600 runs of a true 95 %
    assert error < 0.03


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_as_many_intervals_cover_the_total_as_they_say():
    """A thousand of them, on a million keys: ``benchmarks/redis_sampling.py``."""
    covered, error = replicates(400)

    assert covered >= 367  # fewer: once in 1000 runs of a true 95 %
    assert error < 0.03


def test_what_was_measured_whole_is_exact():
    found = estimate(seen(sample("a", 3, whole=[100, 200, 300])))

    assert found.bytes == Amount(600, 600, 600)
    assert found.patterns[0].share == Amount(1, 1, 1)
    assert found.patterns[0].unseen is None


def test_a_sample_stands_for_the_keys_that_do_not_stand_for_themselves():
    found = estimate(seen(sample("a", 102, whole=[5000, 7000], sampled=[90, 110] * 10)))

    assert found.bytes.value == pytest.approx(12_000 + 100 * 100)
    assert found.bytes.low < found.bytes.value < found.bytes.high
    assert found.bytes.low >= 12_000 + 20 * 100
    assert found.patterns[0].unseen == pytest.approx(found.bytes.high - found.bytes.low)


def test_shares_of_two_patterns_add_up_and_mirror_each_other():
    rng = np.random.default_rng(3)
    one = sample("a", 10_000, sampled=rng.lognormal(5, 1, 400))
    two = sample("b", 20_000, sampled=rng.lognormal(4, 1, 400))

    first, second = estimate(seen(one, two)).patterns

    assert first.share.value + second.share.value == pytest.approx(1)
    assert first.share.high - first.share.low == pytest.approx(
        second.share.high - second.share.low, rel=0.1
    )


def test_the_largest_pattern_comes_first():
    found = estimate(seen(sample("a", 1, whole=[5]), sample("b", 1, whole=[50])))

    assert [pattern.pattern for pattern in found.patterns] == ["b", "a"]


def test_keys_that_are_all_alike_are_not_taken_to_be_known_exactly():
    total = estimate(seen(sample("a", 100_000, sampled=[72] * 100))).bytes

    assert total.low < 7_200_000 < total.high < 7_200_000 * 1.02


def test_a_pattern_of_which_nothing_was_measured_says_so():
    found = estimate(seen(sample("a", 10), sample("b", 2, whole=[100, 200])))

    guess = next(pattern for pattern in found.patterns if pattern.pattern == "a")
    assert guess.bytes.value == pytest.approx(1500)
    assert guess.bytes.high > 3000
    assert guess.notes


def test_nothing_seen_is_nothing():
    assert estimate(seen()).bytes == Amount(0, 0, 0)


def test_counts_that_are_estimated_widen_the_totals():
    rng = np.random.default_rng(4)
    sizes = rng.normal(100, 1, 400)
    parts = rng.poisson(100, 16).tolist()
    others = rng.poisson(900, 16).tolist()
    exact = seen(sample("a", 16_000, sampled=sizes), sample("b", 144_000, sampled=sizes * 10))
    guessed = seen(
        sample("a", 16_000, sampled=sizes, parts=parts),
        sample("b", 144_000, sampled=sizes * 10, parts=others),
        population=160_000,
    )

    def width(amount: Amount) -> float:
        return amount.high - amount.low

    for which in (0, 1):
        assert width(estimate(guessed).patterns[which].bytes) > 2 * width(
            estimate(exact).patterns[which].bytes
        )
    assert width(estimate(guessed).bytes) > 2 * width(estimate(exact).bytes)


def test_counts_from_some_of_the_names_cover_the_truth():
    rng = np.random.default_rng(6)
    names = rng.permutation(np.repeat([0, 1, 2], [70_000, 29_000, 1_000]))
    covered = 0
    for _ in range(200):
        met = rng.choice(names, 8_000, replace=False).reshape(16, 500)
        parts = [(met == pattern).sum(axis=1).tolist() for pattern in range(3)]
        covered += covers(key_counts(parts, names.size)[1], 29_000)
    assert covered >= 180


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=60), st.integers(0, 10_000))
def test_an_interval_holds_its_estimate_and_nothing_below_what_was_seen(sizes, others):
    total = estimate(seen(sample("a", len(sizes) + others, sampled=sizes))).bytes

    assert total.low <= total.value * (1 + 1e-9)
    assert total.value <= total.high * (1 + 1e-9)
    assert total.low >= sum(sizes) * (1 - 1e-9)


def test_a_percentile_needs_as_many_keys_as_its_interval():
    few, many = (spread(np.arange(n, dtype=float), np.ones(n), complete=False) for n in (71, 368))

    assert (few.p50, few.p95, few.p99) == (35, None, None)
    assert (many.p95, many.p99) == (349, 364)
    assert spread(np.arange(10.0), np.ones(10), complete=True).p99 == 9


def test_a_share_of_no_key_in_a_sample_may_still_be_some():
    assert share(0.0, 100, complete=False).high == pytest.approx(0.037, abs=0.001)
    assert share(0.0, 100, complete=True) == Amount(0, 0, 0)


def test_encodings_count_by_the_keys_that_they_stand_for():
    columns = rows([1, 1, 1])
    columns.encoding = ["embstr", "raw", "raw"]
    pattern = sample("a", 3)
    pattern.whole = columns

    assert estimate(seen(pattern)).patterns[0].encodings == pytest.approx(
        {"raw": 2 / 3, "embstr": 1 / 3}
    )
