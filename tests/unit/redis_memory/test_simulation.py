"""One replay of a trace: what is read, kept, evicted, refused and counted."""

from typing import Any

import numpy as np
import pytest

from djtune.redis_memory.curves import Policy, Rules
from djtune.redis_memory.simulating.simulate import simulate
from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE, Trace

SECOND = 1_000_000
PLENTY = 1 << 40


def trace_of(*rows: tuple[float, int, int, int, float], **fields: Any) -> Trace:
    """A trace of (second, operation, key, size, seconds to live)."""
    time, op, key, size, ttl = (np.array(column) for column in zip(*rows, strict=True))
    fields.setdefault("cost", np.full(len(rows), np.nan))
    return Trace(
        time=(time * SECOND).astype(np.int64),
        op=op.astype(np.uint8),
        key=key.astype(np.int64),
        size=size.astype(np.int64),
        ttl=(ttl * SECOND).astype(np.int64),
        pattern=np.zeros(len(rows), np.int32),
        patterns=["*"],
        keys=int(key.max()) + 1,
        **fields,
    )


def hits(trace: Trace, maxmemory: int = PLENTY, policy: Policy = "allkeys-lru") -> int:
    return simulate(trace, maxmemory, Rules(policy)).hits


def test_a_miss_stores_what_the_next_read_finds():
    assert hits(trace_of((0, READ, 0, 100, 0), (1, READ, 0, 100, 0))) == 1


def test_a_miss_that_computes_nothing_stores_nothing():
    assert hits(trace_of((0, READ, 0, 0, 0), (1, READ, 0, 0, 0))) == 0


def test_what_is_written_is_there_and_what_is_deleted_is_not():
    rows = (0, WRITE, 0, 100, 0), (1, READ, 0, 100, 0), (2, DELETE, 0, 0, 0), (3, READ, 0, 0, 0)
    assert hits(trace_of(*rows)) == 1


def test_an_entry_is_gone_after_its_time_to_live():
    rows = (0, READ, 0, 100, 10), (9, READ, 0, 100, 10), (11, READ, 0, 100, 10)
    outcome = simulate(trace_of(*rows), PLENTY, Rules("allkeys-lru"))
    assert (outcome.hits, outcome.expired) == (1, 1)


def test_a_touch_gives_it_more_time_or_all():
    rows = (0, READ, 0, 100, 10), (9, EXPIRE, 0, 0, 10), (18, READ, 0, 100, 10)
    assert hits(trace_of(*rows)) == 1
    for_ever = (0, READ, 0, 100, 10), (9, EXPIRE, 0, 0, 0), (99, READ, 0, 100, 10)
    assert hits(trace_of(*for_ever)) == 1


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru", "volatile-ttl"])
def test_without_a_candidate_writes_are_refused(policy: Policy):
    outcome = simulate(trace_of(*((t, WRITE, t, 1000, 0) for t in range(9))), 2500, Rules(policy))
    assert (outcome.evicted, outcome.refused) == (0, 6)


def test_volatile_ttl_evicts_what_would_expire_first():
    rows = [(0, WRITE, key, 1000, 1000 - 10 * key) for key in range(5)]
    reads = [(1, READ, key, 0, 0) for key in range(5)]
    outcome = simulate(trace_of(*rows, *reads), 4200, Rules("volatile-ttl", samples=10))
    assert outcome.by_pattern == [(5, 4)]
    assert hits(trace_of(*rows, reads[4]), 4200, "volatile-ttl") == 0
