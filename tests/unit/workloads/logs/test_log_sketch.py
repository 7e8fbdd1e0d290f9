"""Quantiles of durations from a histogram."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.workloads.logs.sketch import ERROR, bucket, quantile

durations = st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=200)


@given(durations, st.floats(0, 1))
def test_a_quantile_is_within_its_error_of_the_duration_of_that_rank(
    seconds: list[float], q: float
) -> None:
    exact = sorted(seconds)[max(math.ceil(q * len(seconds) - 1e-9), 1) - 1]
    found = quantile(Counter(map(bucket, seconds)), q)
    assert found == pytest.approx(exact, rel=ERROR * 1.001)


def test_a_duration_of_zero_counts_as_the_shortest() -> None:
    assert quantile(Counter([bucket(0.0)]), 0.5) == pytest.approx(1e-6, rel=ERROR)


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile({}, 0.5) is None


@given(st.floats(1e-6, 1e4), st.floats(1e-6, 1e4))
def test_longer_durations_are_in_no_lower_bucket(one: float, other: float) -> None:
    assert (bucket(one) <= bucket(other)) or one > other
