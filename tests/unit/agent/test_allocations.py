"""The outline of a curve, and the hook that draws it."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.garbage.allocations import hooked
from djtune.agent.garbage.outline import JUMP, MOST_POINTS, TOLERANCE, Outline


def outline(readings: list[int]) -> Outline:
    made = Outline(0)
    for reading in readings:
        made.note(reading)
    made.end(readings[-1])
    return made


def greatest_climb(points: list[int]) -> int:
    most = lowest = 0
    for point in points:
        lowest = min(lowest, point)
        most = max(most, point - lowest)
    return most


def test_only_turning_points_are_kept() -> None:
    up, down = list(range(0, 901, 10)), list(range(900, 299, -10))
    assert outline([*up, *down]).points == [900, 300]


def test_small_turns_are_left_out() -> None:
    assert outline([50, 100, 150, 140, 200, 290]).points == [290]


def test_what_is_allocated_within_one_call_is_marked() -> None:
    made = outline([10, 20, 5020, 5030, 5000])
    assert [made.points[index] for index in made.jumps] == [5020]
    assert made.points[made.jumps[0] - 1] == 20


@given(st.lists(st.integers(-3000, 3000), min_size=1, max_size=300))
def test_end_highest_point_and_greatest_climb_stay(readings: list[int]) -> None:
    points = outline(readings).points
    assert points[-1] == readings[-1]
    assert abs(max(0, *points) - max(0, *readings)) <= TOLERANCE
    assert abs(greatest_climb(points) - greatest_climb(readings)) <= 2 * TOLERANCE


def test_an_endless_curve_is_bounded() -> None:
    made = outline([height for _ in range(20_000) for height in (0, JUMP + 100)])
    assert len(made.points) < 4 * MOST_POINTS


def test_the_hook_is_gone_whatever_fails() -> None:
    readings: list[int] = []
    with hooked(readings.append):
        sorted([2, 1])
    assert readings
    with pytest.raises(ZeroDivisionError):
        fail_below_the_hook()
    assert sys.getprofile() is None


def fail_below_the_hook() -> None:
    with hooked(lambda _: None):
        _ = 1 / 0
