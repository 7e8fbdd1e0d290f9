"""The simulator beside exact policies, libcachesim's and a plain one."""

from collections import OrderedDict

import pytest
from made_of_requests import popular, trace_of

from djtune.redis_memory.curves import Rules
from djtune.redis_memory.simulating import ideal as ideal_module
from djtune.redis_memory.simulating.ideal import MISSING, ideal
from djtune.redis_memory.simulating.simulate import simulate
from djtune.redis_memory.trace import READ, Trace

ROOM = 200_000
TABLE = 8 * 1024


def exact_lru(trace: Trace, room: int) -> float:
    """The miss ratio of a cache that evicts the longest unused, and nothing too early."""
    held: OrderedDict[int, int] = OrderedDict()
    misses = 0
    for key, size in zip(trace.key.tolist(), trace.size.tolist(), strict=True):
        misses += key not in held
        held[key] = size
        held.move_to_end(key)
        while sum(held.values()) > room:
            held.popitem(last=False)
    return misses / trace.key.size


def test_with_a_slow_clock_redis_is_close_to_exact_lru():
    trace = popular(5_000, 1_000, per_second=1)
    outcome = simulate(trace, ROOM + TABLE, Rules("allkeys-lru", samples=10))
    assert 1 - outcome.hit_ratio == pytest.approx(exact_lru(trace, ROOM), abs=0.01)


def test_in_a_hurry_the_clock_of_seconds_makes_redis_worse_than_exact_lru():
    trace = popular(5_000, 1_000, per_second=10_000)
    outcome = simulate(trace, ROOM + TABLE, Rules("allkeys-lru", samples=10))
    assert 1 - outcome.hit_ratio > exact_lru(trace, ROOM) + 0.02


def test_libcachesim_agrees_on_exact_lru_and_nothing_beats_knowing_the_future():
    pytest.importorskip("libcachesim")
    trace = popular(5_000, 1_000)
    found = ideal(trace, [ROOM, 10 * ROOM])
    assert found.ratios["LRU"][0] == pytest.approx(exact_lru(trace, ROOM), abs=0.005)
    assert all(found.ratios["Belady"][0] <= ratios[0] for ratios in found.ratios.values())
    assert all(each[1] <= each[0] for each in found.ratios.values())
    assert found.caveats == []


def test_a_sample_is_replayed_in_its_share_of_the_memory():
    pytest.importorskip("libcachesim")
    trace = popular(2_000, 500)
    whole = ideal(trace, [ROOM // 4]).ratios["LRU"]
    trace.rate, trace.reads = 0.5, 4_000
    assert ideal(trace, [ROOM // 2]).ratios["LRU"] == whole


def test_what_libcachesim_leaves_out_is_said():
    pytest.importorskip("libcachesim")
    trace = trace_of([(0, READ, 0, 100, 5), (9, READ, 0, 100, 5)])
    assert ideal(trace, [1000]).caveats == ["times to live are ignored"]


def test_without_libcachesim_there_are_no_ratios_but_a_way_to_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ideal_module, "find_spec", lambda name: None)
    found = ideal(popular(10, 5), [1000])
    assert (found.ratios, found.caveats) == ({}, [MISSING])
