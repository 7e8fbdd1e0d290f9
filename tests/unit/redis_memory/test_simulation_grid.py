"""Many replays of one trace: which sizes, in which order, and the curve that they draw."""

import numpy as np
import pytest
from made_of_requests import popular, trace_of
from msgspec.structs import replace

from djtune.redis_memory.curves import Rules
from djtune.redis_memory.simulating.curve import MODEL, QUANTILE, curve, sampling_errors
from djtune.redis_memory.simulating.grid import grid
from djtune.redis_memory.simulating.ladder import ladder
from djtune.redis_memory.simulating.simulate import simulate
from djtune.redis_memory.trace import READ, Trace

LRU, LFU = Rules("allkeys-lru"), Rules("allkeys-lfu")


def sampled(trace: Trace, rate: float, seed: int) -> Trace:
    """The requests for a share of the keys."""
    kept = np.random.default_rng(seed).random(trace.keys) < rate
    rows = kept[trace.key]
    columns = ["time", "op", "size", "ttl", "cost", "pattern"]
    return replace(
        trace,
        **{name: getattr(trace, name)[rows] for name in columns},
        key=(np.cumsum(kept) - 1)[trace.key[rows]],
        keys=int(kept.sum()),
        rate=rate,
        reads=trace.key.size,
    )


def test_the_grid_is_what_its_replays_are_one_by_one():
    trace = popular(3_000, 300)
    advanced: list[None] = []
    outcomes = grid(trace, [20_000, 50_000], [LRU, LFU], lambda: advanced.append(None))
    assert outcomes == [
        simulate(trace, size, rules) for rules in (LRU, LFU) for size in (20_000, 50_000)
    ]
    assert len(advanced) == 4


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_replays_side_by_side_come_out_alike(engine, monkeypatch: pytest.MonkeyPatch):
    if engine == "compiled":
        pytest.importorskip("numba")
    trace = popular(3_000, 300)
    alone = grid(trace, [20_000, 50_000], [LRU], engine="python")
    monkeypatch.setattr("djtune.redis_memory.simulating.grid.ENOUGH", 0)
    assert grid(trace, [20_000, 50_000], [LRU], engine=engine) == alone


def test_the_ladder_ends_where_everything_fits_and_begins_far_below():
    trace = popular(5_000, 500)
    sizes = ladder(trace)
    assert sizes[-1] == pytest.approx(120 * sizes[0], rel=0.01)
    steps = np.diff(np.log(sizes))
    assert steps == pytest.approx(steps[0], rel=0.05)
    assert simulate(trace, sizes[-1], LRU).evicted == 0
    assert simulate(trace, sizes[-3], LRU).evicted > 0


def test_the_ladder_of_a_sample_is_for_the_whole_cache():
    trace = popular(20_000, 5_000)
    assert ladder(sampled(trace, 0.5, 0))[-1] == pytest.approx(ladder(trace)[-1], rel=0.1)


def test_a_trace_that_stores_nothing_has_a_ladder_too():
    assert len(ladder(trace_of([(0, READ, 0, 0, 0)]))) > 0


def test_more_memory_misses_less():
    trace = popular(10_000, 1_000)
    points = curve(trace, grid(trace, ladder(trace, 8), [LRU]), LRU).points
    ratios = [point.miss_ratio for point in points]
    assert ratios == sorted(ratios, reverse=True)
    assert all(point.low <= point.miss_ratio <= point.high for point in points)


def test_a_curve_has_the_replays_under_its_own_rules_alone():
    trace = popular(1_000, 100)
    outcomes = grid(trace, [9_000, 3_000], [LRU, LFU])
    drawn = curve(trace, outcomes, LFU)
    assert (drawn.rules, drawn.n) == (LFU, 1_000)
    assert [point.bytes for point in drawn.points] == [3_000, 9_000]
    assert curve(trace, [], LRU).points == []


def test_the_band_of_a_whole_trace_is_the_models_own_error():
    trace = popular(1_000, 100)
    point = curve(trace, grid(trace, [9_000], [LRU]), LRU).points[0]
    assert point.high - point.low == pytest.approx(2 * MODEL)


def test_lost_time_is_told_by_the_hour():
    trace = trace_of([(0, READ, 0, 100, 0), (1800, READ, 1, 100, 0)], cost=np.array([2.0, 4.0]))
    point = curve(trace, grid(trace, [9_000], [LRU]), LRU).points[0]
    assert point.lost_seconds_per_hour == 12


@pytest.mark.slow
def test_the_band_of_a_sample_covers_the_whole_traces_curve():
    trace = popular(200_000, 40_000)
    sizes = ladder(trace, 5)
    truth = np.array([1 - each.hit_ratio for each in grid(trace, sizes, [LRU])])
    off, covered = [], []
    for seed in range(30):
        part = sampled(trace, 0.1, seed)
        outcomes = grid(part, sizes, [LRU], engine="compiled")
        off.append(np.array([1 - each.hit_ratio for each in outcomes]) - truth)
        covered.append(np.abs(off[-1]) <= QUANTILE * sampling_errors(part, outcomes))
    assert np.mean(covered) >= 0.93
    assert np.abs(np.mean(off, 0))[1:] == pytest.approx(0, abs=0.015)
