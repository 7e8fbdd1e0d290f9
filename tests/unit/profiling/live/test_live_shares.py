"""Shares of samples and how sure they are."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from djtune.profiling.live.shares import effective_n, proportion_bounds, share_interval

SIZES = st.integers(1, 500)
WINDOWS = st.lists(
    SIZES.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=20
)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_are_those_of_the_exact_binomial_interval(drawn):
    k, n = drawn
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert proportion_bounds(k, n) == pytest.approx((exact.low, exact.high), abs=1e-9)


@given(WINDOWS)
def test_the_share_is_inside_its_interval(windows):
    counts, sizes = zip(*windows, strict=True)
    share = share_interval(counts, sizes)
    assert share.value == pytest.approx(sum(counts) / sum(sizes))
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.n == sum(sizes)


@given(WINDOWS)
def test_samples_are_never_worth_more_than_they_are(windows):
    counts, sizes = zip(*windows, strict=True)
    assert 1 <= effective_n(counts, sizes) <= sum(sizes)


def test_windows_that_agree_are_worth_all_their_samples():
    assert effective_n([10, 10, 10], [100, 100, 100]) == 300


def test_windows_that_disagree_widen_the_interval():
    steady = share_interval([50, 50, 50, 50], [100] * 4)
    rushes = share_interval([0, 100, 0, 100], [100] * 4)
    assert rushes.value == steady.value
    assert rushes.low < steady.low < steady.high < rushes.high


@given(WINDOWS)
def test_a_window_without_samples_changes_nothing(windows):
    counts, sizes = zip(*windows, strict=True)
    assert share_interval((*counts, 0), (*sizes, 0)) == share_interval(counts, sizes)


def test_there_is_no_share_of_nothing():
    with pytest.raises(ValueError, match="at least one sample"):
        share_interval([0], [0])


@pytest.mark.parametrize("cluster", [1, 5, 15])
def test_intervals_hold_though_the_samples_of_one_request_come_together(cluster):
    draw = random.Random(cluster)
    held = 0
    for _ in range(200):
        windows = [a_window(draw, share=0.2, cluster=cluster) for _ in range(20)]
        share = share_interval(*zip(*windows, strict=True))
        held += share.low <= 0.2 <= share.high
    assert held >= 0.9 * 200


def a_window(draw: random.Random, share: float, cluster: int) -> tuple[int, int]:
    """Samples of a view, and of all, where each request is sampled ``cluster`` times on average."""
    hits = size = 0
    while size < 75:
        seen = 1 + int(draw.expovariate(1 / (cluster - 1))) if cluster > 1 else 1
        size += seen
        hits += seen * (draw.random() < share)
    return hits, size
