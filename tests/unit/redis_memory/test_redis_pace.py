"""A visit keeps to its share of the server's time, by a clock of the test's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.server.pace import BLOCK, DEEPEST, SHALLOWEST, Budget, Pace


class Clock:
    """A clock that goes on when somebody sleeps or a server is at work."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced(clock: Clock, milliseconds: float = 50) -> Pace:
    return Pace(Budget(milliseconds), clock=clock, sleep=clock.sleep)


@given(
    share=st.floats(1, 1000),
    round_trip=st.floats(0, 0.05),
    costs=st.lists(st.floats(1e-5, 0.02), min_size=1, max_size=50),
)
def test_the_servers_time_never_exceeds_its_share(
    share: float, round_trip: float, costs: list[float]
) -> None:
    clock = Clock()
    pace = paced(clock, share)
    pace.pinged(round_trip)
    for cost in costs:
        pace.wait()
        clock.sleep(round_trip + cost)
        pace.spent(round_trip + cost, 50)
    pace.wait()
    assert pace.server_seconds == pytest.approx(sum(costs))
    assert pace.server_seconds <= (clock.now - 100) * share / 1000 * (1 + 1e-6)


def test_the_round_trip_is_not_charged_to_the_server() -> None:
    pace = paced(Clock())
    for seconds in (0.010, 0.011, 0.500):
        pace.pinged(seconds)
    pace.spent(0.012, 50)
    assert pace.server_seconds == pytest.approx(0.001)


def test_batches_grow_while_they_are_cheap_and_shrink_when_they_are_dear() -> None:
    pace = paced(Clock())
    for _ in range(10):
        pace.spent(pace.depth * 1e-6, pace.depth)
    assert pace.depth == DEEPEST
    pace.spent(DEEPEST * 1e-4, DEEPEST)
    assert pace.depth == pytest.approx(BLOCK / 1e-4, abs=1)
    pace.spent(1.0, 50)
    assert pace.depth == SHALLOWEST


def test_a_few_dear_questions_do_not_shrink_the_batches() -> None:
    pace = paced(Clock())
    before = pace.depth
    pace.spent(0.1, 1)
    assert pace.depth == before


def test_what_the_server_has_not_worked_is_taken_back() -> None:
    clock = Clock()
    pace = paced(clock)
    pace.worked(7.0)
    clock.sleep(0.010)
    pace.spent(0.010, 50)
    pace.worked(7.002)
    assert pace.server_seconds == pytest.approx(0.002)
    assert pace.rest == pytest.approx(0.002 / 0.050 - 0.010)


def test_what_it_works_for_others_gives_nothing_more() -> None:
    pace = paced(Clock())
    pace.worked(7.0)
    pace.spent(0.010, 50)
    pace.worked(9.0)
    assert pace.server_seconds == pytest.approx(0.010)
