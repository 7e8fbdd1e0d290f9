"""Ratios of far quantiles over whole blocks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.quantiles import minimum_n
from djtune.experiments.tails import FEWEST_BLOCKS, pooled_quantile, quantile_ratio

quantiles = st.sampled_from([0.5, 0.95, 0.99])
positive = st.floats(1e-6, 1e3)


def rows_of(blocks: int, size: int, seed: int = 1) -> list[list[float]]:
    draw = random.Random(seed)
    return [[draw.lognormvariate(-4, 0.5) for _ in range(size)] for _ in range(blocks)]


@given(quantiles, st.integers(FEWEST_BLOCKS, 8), st.integers(0, 10**6))
def test_the_ratio_of_a_sample_with_itself_is_one(q, blocks, seed):
    rows = rows_of(blocks, 150, seed)
    found = quantile_ratio(rows, rows, q)
    assert (found.value, found.low, found.high, found.n) == (1, 1, 1, blocks)


@given(quantiles, st.floats(0.01, 100), st.integers(0, 10**6))
def test_what_takes_c_times_as_long_has_the_ratio_c(q, c, seed):
    rows = rows_of(4, 150, seed)
    found = quantile_ratio([[c * time for time in row] for row in rows], rows, q)
    assert [found.value, found.low, found.high] == pytest.approx([c] * 3)


@given(quantiles, st.integers(0, 10**6))
def test_turned_round_the_ratio_is_its_reciprocal(q, seed):
    one, other = rows_of(4, 150, seed), rows_of(4, 150, seed + 1)
    there, back = quantile_ratio(one, other, q), quantile_ratio(other, one, q)
    assert there.value == pytest.approx(1 / back.value)
    assert there.low == pytest.approx(1 / back.high)
    assert there.low <= there.value <= there.high


def test_blocks_that_disagree_widen_the_interval():
    baseline = rows_of(4, 150)
    wild = [[(1 + block) * time for time in row] for block, row in enumerate(baseline)]
    found = quantile_ratio(wild, baseline, 0.5)
    assert found.low < 1.5
    assert found.high > 3


@pytest.mark.parametrize("q", [0.5, 0.95, 0.99])
def test_below_the_minimum_n_there_is_no_ratio(q):
    enough = rows_of(FEWEST_BLOCKS, minimum_n(q))
    short = [row[: (minimum_n(q) - 1) // FEWEST_BLOCKS] for row in enough]
    assert quantile_ratio(enough, enough, q) is not None
    assert quantile_ratio(short, enough, q) is None
    assert quantile_ratio(enough, short, q) is None


def test_two_blocks_show_no_spread():
    rows = rows_of(FEWEST_BLOCKS - 1, 1000)
    assert quantile_ratio(rows, rows, 0.99) is None


def test_a_block_without_times_leaves_no_ratio():
    rows = [[], [], *rows_of(1, 1000)]
    assert quantile_ratio(rows, rows_of(3, 1000), 0.99) is None
    assert quantile_ratio(rows_of(3, 1000), rows, 0.99) is None


@given(st.lists(st.lists(positive, max_size=20), min_size=1).filter(any), quantiles)
def test_the_quantile_is_the_smallest_time_that_enough_do_not_exceed(rows, q):
    times = [time for row in rows for time in row]
    found = pooled_quantile(rows, q)
    assert sum(time <= found for time in times) >= q * len(times)
    assert sum(time < found for time in times) < q * len(times)
