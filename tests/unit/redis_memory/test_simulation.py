"""One replay of a trace: what is read, kept, evicted, refused and counted."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_of_requests import popular, trace_of, traces

from djtune.redis_memory.curves import Policy, Rules
from djtune.redis_memory.simulating import kernel
from djtune.redis_memory.simulating.engines import machine
from djtune.redis_memory.simulating.simulate import empty, simulate
from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE, Trace

PLENTY = 1 << 40
POLICIES: tuple[Policy, ...] = get_args(Policy)
rules = st.builds(
    Rules,
    st.sampled_from(POLICIES),
    samples=st.integers(1, 12),
    log_factor=st.integers(0, 20),
    decay_minutes=st.integers(0, 2),
)


def hits(trace: Trace, maxmemory: int = PLENTY, policy: Policy = "allkeys-lru") -> int:
    return simulate(trace, maxmemory, Rules(policy), engine="python").hits


def test_a_miss_stores_what_the_next_read_finds():
    assert hits(trace_of([(0, READ, 0, 100, 0), (1, READ, 0, 100, 0)])) == 1


def test_a_miss_that_computes_nothing_stores_nothing():
    assert hits(trace_of([(0, READ, 0, 0, 0), (1, READ, 0, 0, 0)])) == 0


def test_what_is_written_is_there_and_what_is_deleted_is_not():
    rows = [(0, WRITE, 0, 100, 0), (1, READ, 0, 100, 0), (2, DELETE, 0, 0, 0), (3, READ, 0, 0, 0)]
    assert hits(trace_of(rows)) == 1


def test_an_entry_is_gone_after_its_time_to_live():
    rows = [(0, READ, 0, 100, 10), (9, READ, 0, 100, 10), (11, READ, 0, 100, 10)]
    outcome = simulate(trace_of(rows), PLENTY, Rules("allkeys-lru"))
    assert (outcome.hits, outcome.expired) == (1, 1)


def test_an_expired_entry_is_a_miss_though_no_cycle_has_met_it_yet():
    assert hits(trace_of([(0, READ, 0, 100, 1), (1.05, READ, 0, 100, 1)])) == 0


def test_a_touch_gives_an_entry_more_time_or_all():
    more = [(0, READ, 0, 100, 10), (9, EXPIRE, 0, 0, 10), (18, READ, 0, 100, 10)]
    for_ever = [(0, READ, 0, 100, 10), (9, EXPIRE, 0, 0, 0), (99, READ, 0, 100, 10)]
    assert hits(trace_of(more)) == hits(trace_of(for_ever)) == 1


def test_writing_without_a_time_to_live_lets_it_stay_for_ever():
    rows = [(0, WRITE, 0, 100, 10), (5, WRITE, 0, 100, 0), (99, READ, 0, 100, 0)]
    assert hits(trace_of(rows)) == 1


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru", "volatile-ttl"])
def test_without_a_candidate_writes_are_refused(policy: Policy):
    rows = [(second, WRITE, second, 1000, 0) for second in range(9)]
    outcome = simulate(trace_of(rows), 2500, Rules(policy))
    assert (outcome.evicted, outcome.refused) == (0, 6)


def test_volatile_ttl_evicts_what_would_expire_first():
    writes = [(0, WRITE, key, 1000, 1000 - 10 * key) for key in range(5)]
    reads = [(1, READ, key, 0, 0) for key in range(5)]
    volatile = Rules("volatile-ttl", samples=10)
    assert simulate(trace_of(writes + reads), 4200, volatile).by_pattern == [(5, 4)]
    assert hits(trace_of([*writes, reads[4]]), 4200, "volatile-ttl") == 0


def test_with_all_keys_looked_at_lru_evicts_the_longest_unused():
    writes = [(key, WRITE, key, 1000, 0) for key in range(5)]
    used = (5, READ, 0, 1000, 0)
    read_again = [(6, READ, key, 0, 0) for key in range(5)]
    outcome = simulate(
        trace_of([*writes, used, *read_again]), 4200, Rules("allkeys-lru", samples=64)
    )
    assert outcome.hits == 1 + 3


def test_reads_do_not_refresh_under_lrm():
    writes = [(key, WRITE, key, 1000, 0) for key in range(4)]
    trace = trace_of([*writes, (5, READ, 0, 1000, 0), (6, WRITE, 4, 1000, 0), (7, READ, 0, 0, 0)])
    assert hits(trace, 4200, "allkeys-lru") == 2
    assert hits(trace, 4200, "allkeys-lrm") == 1


def test_a_key_read_often_outlives_a_newer_one_under_lfu():
    rows = [(0, WRITE, 0, 1000, 0)] + [(1, READ, 0, 0, 0)] * 50
    rows += [(2 + key, WRITE, key, 1000, 0) for key in range(1, 9)] + [(20, READ, 0, 0, 0)]
    assert hits(trace_of(rows), 4200, "allkeys-lfu") == 51


def test_lfu_forgets_by_the_minute():
    rows = [(0, WRITE, 0, 1000, 0)] + [(1, READ, 0, 0, 0)] * 50
    day = 86_400
    rows += [(day + key, WRITE, key, 1000, 0) for key in range(1, 9)] + [(day + 20, READ, 0, 0, 0)]
    assert hits(trace_of(rows), 4200, "allkeys-lfu") == 50


def test_a_new_entry_outlives_one_that_was_long_not_asked_for_under_lfu():
    old = [(0, WRITE, key, 1000, 0) for key in range(4)]
    new = [(180, WRITE, 4 + key, 1000, 0) for key in range(4)]
    trace = trace_of([*old, *new, *((181, READ, 4 + key, 0, 0) for key in range(4))])
    rules = Rules("allkeys-lfu", samples=64)
    assert simulate(trace, 4_200, rules).hits == 4


def test_expired_entries_give_their_memory_back_though_nobody_asks_for_them():
    expiring = [(0, WRITE, key, 1000, 1) for key in range(1000)]
    later = [(100 + key, WRITE, 1000 + key, 1000, 0) for key in range(900)]
    outcome = simulate(trace_of(expiring + later), 1_100_000, Rules("noeviction"))
    assert outcome.refused == 0
    assert outcome.expired > 900


def test_a_long_silence_is_long_enough_for_all_that_expires_in_it():
    rows = [(0, WRITE, key, 100, 1 if key % 20 == 0 else 1e7) for key in range(3000)]
    outcome = simulate(trace_of([*rows, (1e6, READ, 1, 0, 0)]), PLENTY, Rules("noeviction"))
    assert outcome.expired == 150


@pytest.mark.parametrize(("ttl", "tables"), [(0, 1), (10, 2)])
def test_a_table_has_eight_bytes_for_each_key_rounded_up_to_a_power_of_two(ttl: int, tables: int):
    trace = trace_of([(0, WRITE, key, 100, ttl) for key in range(1000)])
    outcome = simulate(trace, PLENTY, Rules("noeviction"))
    assert outcome.most_bytes == 1000 * 100 + tables * 8 * 1024


def test_a_table_waits_with_growing_while_memory_is_full():
    trace = trace_of([(0, WRITE, key, 100, 0) for key in range(2000)])
    full = 1024 * 100 + 8 * 1024
    assert simulate(trace, full, Rules("allkeys-random")).most_bytes <= full + 100


def test_misses_cost_what_their_pattern_costs_where_their_own_cost_is_unknown():
    rows = [(second, READ, second, 100, 0) for second in range(4)]
    trace = trace_of(
        rows,
        cost=np.array([1.0, 3.0, np.nan, np.nan]),
        pattern=np.array([0, 0, 0, 1], np.int32),
        patterns=["known", "unknown"],
    )
    assert simulate(trace, PLENTY, Rules("allkeys-lru")).lost_seconds == 1 + 3 + 2


def test_reads_that_a_sample_of_keys_lacks_count_as_hits():
    rows = [(second, READ, second % 2, 100, 0) for second in range(10)]
    trace = trace_of(rows, rate=0.1, reads=200)
    assert simulate(trace, PLENTY, Rules("allkeys-lru")).hit_ratio == 1 - 2 / 20


@given(st.lists(st.integers(-50, 50), min_size=16, max_size=60))
def test_the_pool_keeps_the_best_sixteen_in_order(values: list[int]):
    space, _ = empty(trace_of([]), Rules("allkeys-lru"), 0, machine("python", 0))
    for value in values:
        kernel.offer(space, 0, value)
    assert space.scores[: space.counts[kernel.POOLED]] == sorted(values)[-16:]


@given(traces(), st.integers(0, 20_000), rules)
def test_reads_are_hits_or_misses_and_all_memory_is_accounted_for(
    trace: Trace, maxmemory: int, rules: Rules
):
    outcome = simulate(trace, maxmemory, rules, engine="python")
    assert outcome.reads == int((trace.op == READ).sum())
    assert 0 <= outcome.hits <= outcome.reads
    assert outcome.by_pattern == [(outcome.reads, outcome.hits)]
    misses, held = zip(*outcome.by_group, strict=True)
    assert sum(misses) == outcome.reads - outcome.hits
    assert sum(held) <= outcome.most_bytes * trace.rate + 1


@given(traces(), st.integers(0, 20_000), rules)
def test_memory_exceeds_its_limit_by_no_more_than_the_latest_entry(
    trace: Trace, maxmemory: int, rules: Rules
):
    if not rules.policy.startswith("allkeys"):
        return
    outcome = simulate(trace, maxmemory, rules, engine="python")
    tables = 2 * 8 * 256
    assert outcome.most_bytes <= maxmemory + (300 + tables) / trace.rate


@given(traces(), rules)
def test_nothing_is_evicted_or_refused_where_there_is_room(trace: Trace, rules: Rules):
    outcome = simulate(trace, PLENTY, rules, engine="python")
    assert (outcome.evicted, outcome.refused) == (0, 0)


def test_the_same_seed_gives_the_same_outcome_and_another_one_nearly():
    trace = popular(20_000, 2_000)
    rules = Rules("allkeys-lfu")
    first, again = (simulate(trace, 300_000, rules, seed=1) for _ in range(2))
    other = simulate(trace, 300_000, rules, seed=2)
    assert first == again
    assert first != other
    assert first.hit_ratio == pytest.approx(other.hit_ratio, abs=0.01)


@settings(deadline=None, max_examples=100)
@given(traces(), st.integers(0, 20_000), rules, st.integers(0, 3))
def test_the_compiled_kernel_gives_the_very_same_outcome(
    trace: Trace, maxmemory: int, rules: Rules, seed: int
):
    pytest.importorskip("numba")
    engines = ("python", "compiled")
    plain, compiled = (simulate(trace, maxmemory, rules, seed=seed, engine=e) for e in engines)
    assert plain == compiled
