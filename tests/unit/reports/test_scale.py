"""Axes hold what is drawn and have round ticks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.reports.blocks import Chart, Series
from djtune.reports.scale import axes, axis

VALUES = st.floats(min_value=-1e9, max_value=1e9).filter(lambda x: x == 0 or abs(x) > 1e-6)


@given(low=VALUES, high=VALUES, rounded=st.booleans())
def test_an_axis_holds_its_values_and_its_ticks(low: float, high: float, rounded: bool) -> None:
    low, high = sorted((low, high))
    made = axis(low, high, rounded=rounded)
    slack = 1e-6 * max(abs(low), abs(high))
    assert made.low <= low + slack
    assert made.high >= high - slack
    assert -1e-6 <= made.position(low) <= made.position(high) <= 1 + 1e-6
    assert all(made.low - slack <= t <= made.high + slack for t in made.ticks)


@given(low=VALUES, share=st.floats(min_value=1e-6, max_value=1e6))
def test_ticks_are_few_even_and_round(low: float, share: float) -> None:
    made = axis(low, low + share * max(abs(low), 1e-3), rounded=True)
    assert 3 <= len(made.ticks) <= 8
    step = made.ticks[1] - made.ticks[0]
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-4)
    assert min(abs(mantissa - m) for m in (1, 2, 5, 10)) < 0.01


def test_a_logarithmic_axis_gives_each_power_of_ten_as_much_room() -> None:
    made = axis(1, 1000, log=True)
    assert made.ticks == [1, 10, 100, 1000]
    assert [made.position(t) for t in made.ticks] == pytest.approx([0, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(("low", "high", "log"), [(3, 3, False), (0, 0, False), (5, 5, True)])
def test_one_value_alone_has_an_axis(low: float, high: float, log: bool) -> None:
    assert 0 < axis(low, high, log=log).position(low) < 1


def test_heights_compare_from_zero_and_bands_fit() -> None:
    both = axes(Chart([Series("a", [(1, 5), (2, 6)], [(1, 4, 19)])], "x", "y"))
    assert both is not None
    assert both[1].low == 0
    assert both[1].high == 20
