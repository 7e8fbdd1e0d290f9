"""Miss ratios from idle times, against caches whose miss ratio is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djtune.redis_memory.curves import Curve
from djtune.redis_memory.idle.ages import age_edges, aged, rows
from djtune.redis_memory.idle.curve import curve_from_idle
from djtune.redis_memory.idle.mixture import mixture
from djtune.redis_memory.observed import Moment, NodeFacts, ServerFacts

RNG = np.random.default_rng(8)
READS = 200.0
"""A second."""
RATES = np.arange(1, 20_001) ** -0.9 * READS / (np.arange(1, 20_001) ** -0.9).sum()


def facts(policy="noeviction", **node):
    known = {"allocator": "", "keys": 0, "keys_with_ttl": 0, "used_memory": 0, "replica": False}
    return ServerFacts("", [], [NodeFacts("Redis", "7.0.15", **(known | node))], policy=policy)


def moment(idle, time=0.0, misses=0.1, ttl=np.nan, **given):
    """A moment of a server that is read ``READS`` times a second since time 0."""
    n = len(idle)
    reads = 1_000_000 + READS * time
    counted = {"writes": None, "evicted": 0, "expired": 0}
    return Moment(
        time=time,
        idle=np.floor(np.asarray(idle, float)),
        bytes=np.full(n, 100.0),
        ttl=np.broadcast_to(np.asarray(ttl, float), n).copy(),
        weight=np.ones(n),
        hits=round(reads * (1 - misses)),
        misses=round(reads * misses),
        **(counted | given),
    )


def visit(idle, **given):
    return [moment(idle, 0.0, **given), moment(idle, 30.0, **given)]


def told(curve: Curve, share: float) -> float:
    """The miss ratio at a share of the data."""
    sizes = [point.bytes / curve.points[-1].bytes for point in curve.points]
    return float(np.interp(share, sizes, [point.miss_ratio for point in curve.points]))


def steady():
    return visit(RNG.exponential(1 / RATES), misses=0.001)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_keys_asked_for_at_random_miss_as_theory_says(share):
    ages = np.geomspace(0.1, 1e5, 2000)
    held = (1 - np.exp(-np.outer(ages, RATES))).sum(axis=1) / RATES.size
    age = np.interp(share, held, ages)
    expected = (RATES * np.exp(-RATES * age)).sum() / READS

    assert told(curve_from_idle(steady(), facts()), share) == pytest.approx(expected, abs=0.02)


def replayed(reach, seconds=900, life_range=(60, 900)):
    """Misses a second of a cache that keeps keys for ``reach`` seconds after their last use, and
    (idle times, times left) of what it then has; every key has a time to live of its own."""
    rng = np.random.default_rng(4)
    keys = rng.choice(RATES.size, int(READS * seconds), p=RATES / READS)
    lives = np.exp(rng.uniform(*np.log(life_range), RATES.size))
    used, ends, misses = {}, {}, 0
    for at, key in enumerate(keys.tolist()):
        now = at / READS
        if ends.get(key, -1.0) <= now or now - used[key] > reach:
            misses += now > seconds / 2
            ends[key] = now + lives[key]
        used[key] = now
    there = [key for key in used if ends[key] > seconds and seconds - used[key] <= reach]
    idle = np.array([seconds - used[key] for key in there])
    return misses / (seconds / 2), idle, np.array([ends[key] - seconds for key in there])


@pytest.mark.parametrize("reach", [30, 100, 300])
def test_keys_that_expire_are_fetched_again(reach):
    whole, idle, left = replayed(np.inf)
    expected, held, _ = replayed(reach)

    curve = curve_from_idle(visit(idle, ttl=left, misses=whole / READS), facts())

    assert told(curve, held.size / idle.size) == pytest.approx(expected / READS, abs=0.025)


def test_more_memory_never_misses_more():
    ratios = [point.miss_ratio for point in curve_from_idle(steady(), facts()).points]

    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] == pytest.approx(0.001)


def test_a_part_of_the_data_stands_for_all_of_it():
    whole, part = (curve_from_idle(steady(), facts(), share).points[-1].bytes for share in (1, 0.5))

    assert part == pytest.approx(2 * whole)


def test_keys_that_are_never_filled_miss_at_every_size():
    idle = RNG.exponential(1 / RATES)
    first, last = visit(idle, misses=0.3)
    first.keys = last.keys = idle.size

    curve = curve_from_idle([first, last], facts())

    assert told(curve, 0.5) - told(curve_from_idle(steady(), facts()), 0.5) == pytest.approx(
        0.3, abs=0.03
    )


def refused(moments, server) -> str:
    curve = curve_from_idle(moments, server)
    assert not curve.points
    return curve.caveats[0]


def test_refuses_where_idle_times_tell_nothing():
    idle = RNG.exponential(100, 2000)

    assert "allkeys-lfu" in refused(visit(idle), facts("allkeys-lfu"))
    assert "replica" in refused(visit(idle), facts(replica=True))
    assert "no idle times" in refused(visit(np.full(2000, np.nan)), facts())
    assert "no idle times" in refused([], facts())
    assert "20 keys" in refused(visit(idle[:20]), facts())
    assert "0 reads came in 0 s" in refused([moment(idle)], facts())
    assert "set back" in refused([moment(idle, 30.0), moment(idle, 0.0)], facts())


@pytest.mark.parametrize("ago", [0, 120])
def test_refuses_after_a_batch_job(ago):
    idle = np.concatenate([RNG.exponential(1 / RATES), np.full(8000, float(ago))])

    assert "used together" in refused(visit(idle), facts())


def test_says_that_the_server_evicts_and_that_requests_were_others():
    info = {"keyspace_hits": "9", "keyspace_misses": "1", "uptime_in_seconds": "10"}

    curve = curve_from_idle(visit(RNG.exponential(1 / RATES), evicted=5), facts(info=info))

    assert [("evicts" in said, "on average" in said) for said in curve.caveats[1:]] == [
        (True, False),
        (False, True),
    ]


@settings(max_examples=15, deadline=None)
@given(
    idle=st.lists(st.integers(0, 100_000), min_size=500, max_size=600),
    ttl=st.one_of(st.just(np.nan), st.floats(1, 1e5)),
    misses=st.floats(0, 1),
)
def test_a_ratio_lies_within_its_band_whatever_the_ages(idle, ttl, misses):
    for point in curve_from_idle(visit(idle, ttl=ttl, misses=misses), facts()).points:
        assert 0 <= point.low <= point.miss_ratio <= point.high <= 1


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=5, max_size=200))
def test_the_mixture_has_as_many_keys_and_never_rises_with_age(idle):
    ages = aged(rows(moment(idle), age_edges(max(idle))))
    fit = mixture(ages)

    assert fit.within(ages.edges).sum() == pytest.approx(len(idle), rel=0.05)
    assert (np.diff(fit.density(np.geomspace(0.1, 1e4, 50))) <= 0).all()
