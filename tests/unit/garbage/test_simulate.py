"""The replay, on made-up requests whose outcome can be worked out by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.garbage.collector import Collector
from djtune.garbage.recording import Costs, Curve, Heap, Played, Recording
from djtune.garbage.rules import rules_for
from djtune.garbage.simulate import Limits, Replay, simulate
from djtune.model.policy import GcPolicy, parse


def recording(*curves: Curve, python: str = "3.13.0", tracked: int = 0, **more: Any) -> Recording:
    return Recording(
        python=python,
        thresholds=(2000, 10, 10),
        heap=Heap(tracked=tracked, bytes_per_object=100.0, loaded=tracked),
        curves=list(curves),
        journeys=[Played(1.0, [curve.step]) for curve in curves],
        **more,
    )


def collections(curve: Curve, setting: str, requests: int, **more: Any) -> tuple[int, int, int]:
    order = [0] * requests
    return simulate(recording(curve, **more), parse(setting), order=order).collections


def test_requests_that_stay_below_the_threshold_cause_no_collection() -> None:
    assert collections(Curve(0, [9000, 0], garbage=0), "10000,100,100", 100) == (0, 0, 0)


def test_requests_that_rise_above_it_cause_one_each() -> None:
    assert collections(Curve(0, [11_000, 0], garbage=0), "10000,200,100", 100) == (100, 0, 0)


def test_a_rise_in_c_code_causes_many_collections_up_to_3_11_and_one_later() -> None:
    jump = Curve(0, [50_000, 0], garbage=0, jumps=[0])
    assert sum(collections(jump, "700,10,10", 1, python="3.11.7")) == 71
    assert sum(collections(jump, "700,10,10", 1, python="3.12.1")) == 1


def test_a_middle_collection_comes_after_more_young_ones_than_its_threshold() -> None:
    young, middle, _ = collections(Curve(0, [2001], garbage=2001), "2000,10,10", 120)
    assert (young, middle) == (110, 10)


def test_garbage_of_one_request_is_kept_by_its_oldest_part() -> None:
    """A young collection in the middle of a request makes the garbage's first half older."""
    replay = Replay(recording(Curve(0, [1500], garbage=1500)), parse("1000,50,50"))
    for curve in [Curve(0, [1500], garbage=1500)] * 4:
        replay.serve(_shaped(curve))
    assert [each.freed for each in replay.log if each.generation == 0] == [0.0] * len(replay.log)


def test_what_a_middle_collection_has_moved_on_waits_for_a_full_one() -> None:
    replay = Replay(recording(Curve(0, [5000], garbage=5000)), parse("1000,0,4"))
    for _ in range(20):
        replay.serve(_shaped(Curve(0, [5000], garbage=5000)))
    freed = {each.generation for each in replay.log if each.freed}
    assert freed == {2}


def _shaped(curve: Curve) -> Any:
    from djtune.garbage.shapes import Shaped

    return Shaped(curve, 1.0, in_allocation=False)


def test_a_full_collection_waits_for_a_quarter_of_the_heap() -> None:
    growing = Curve(0, [150], garbage=0, kept=150.0)
    small, large = (
        simulate(recording(growing, tracked=tracked), parse("100,0,0"), order=[0] * 100)
        for tracked in (0, 1_000_000)
    )
    assert small.collections[2] > 0
    assert large.collections[2] == 0


def test_it_starts_at_a_quarter_not_past_it() -> None:
    class Empty:
        def collect(self, generation: int) -> int:
            return 0

        def tracked(self) -> int:
            return 0

    collector = Collector(rules_for("3.13.0"), (10, 0, 0), Empty())
    collector.counts = [11, 1, 1]
    collector.long_lived_total, collector.long_lived_pending = 43, 10
    assert collector.run() == 2


def test_what_is_frozen_is_not_visited() -> None:
    curve = Curve(0, [3000], garbage=3000)
    plain, frozen = (
        simulate(recording(curve, tracked=100_000), parse(setting))
        for setting in ("default", "freeze")
    )
    assert frozen.visited[2] / frozen.collections[2] < plain.visited[2] / plain.collections[2]


def test_a_freeze_does_not_reset_the_long_lived_total() -> None:
    curve = Curve(0, [3000], garbage=3000)
    traced = recording(curve, tracked=1_000_000)
    settled, fresh = (
        simulate(traced, GcPolicy(freeze=True), settled=settled) for settled in (True, False)
    )
    assert (fresh.requests_to_full or 0) > (settled.requests_to_full or 0)


def test_a_replay_goes_past_a_whole_cycle_or_says_why_not() -> None:
    curve = Curve(0, [3000], garbage=3000)
    assert simulate(recording(curve), parse("2000,10,10")).why_stopped == "full cycle"
    off = simulate(recording(curve), parse("disable"), limits=Limits(bytes=10**7))
    assert (off.why_stopped, off.reached_full, off.collections) == (
        "memory limit",
        False,
        (0, 0, 0),
    )
    short = simulate(recording(curve), parse("disable"), limits=Limits(requests=512))
    assert (short.why_stopped, short.requests) == ("requests", 512)


def test_memory_is_what_lives_at_the_worst_moment() -> None:
    order = [0] * 10
    off = simulate(recording(Curve(0, [5000, 3000], garbage=3000)), parse("disable"), order=order)
    assert off.peak_bytes == (9 * 3000 + 5000) * 100


def test_costs_become_pauses() -> None:
    costs = Costs(visited_ns=(10.0, 10.0, 10.0), freed_ns=(100.0, 100.0, 100.0), start_ns=5.0)
    curve = Curve(0, [1500], garbage=1500)
    one = simulate(recording(curve, costs=costs), parse("2000,10,10"), order=[0, 0])
    assert one.collections == (1, 0, 0)
    assert one.freed == (1500, 0, 0)
    assert one.gc_ns == pytest.approx(5 + 10 * 2001 + 100 * 1500)
    assert one.worst_pause_ns == one.worst_pauses_ns[0] == one.gc_ns_p99


curves = st.builds(
    lambda points, garbage, reused: Curve(0, points, garbage=garbage, reused=reused),
    st.lists(st.integers(-200, 3000), min_size=1, max_size=6),
    st.integers(0, 1000),
    st.just(0),
)


@given(curves, st.integers(100, 5000), st.integers(1, 400))
def test_stretches_come_to_the_same_as_single_requests(
    curve: Curve, threshold: int, requests: int
) -> None:
    traced, policy = recording(curve), GcPolicy((threshold, 5, 5))
    at_once = simulate(traced, policy, order=[0] * requests)
    replay = Replay(traced, policy)
    for _ in range(requests):
        replay.serve(_shaped(curve))
    one_by_one = replay.summary()
    assert at_once.collections == one_by_one.collections
    assert at_once.freed == one_by_one.freed
    assert at_once.peak_bytes == pytest.approx(one_by_one.peak_bytes, abs=1)
