"""One replay of a trace at one memory size, under one policy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.curves import Outcome, Rules
from djtune.redis_memory.simulating import kernel
from djtune.redis_memory.simulating.kernel import Keyspace, Requests, Table, Tallies
from djtune.redis_memory.simulating.rules import setting
from djtune.redis_memory.trace import READ, Trace


def simulate(trace: Trace, maxmemory: int, rules: Rules, *, seed: int = 0) -> Outcome:
    """Replay ``trace`` in ``maxmemory`` bytes, counted as the server does but without its own.

    ``seed`` draws the keys' places in the tables, and what Redis draws.
    """
    requests = requests_of(trace)
    space, tallies = empty(trace, rules, seed)
    lost = kernel.replay(requests, space, setting(rules, maxmemory, trace.rate), tallies)
    return outcome(trace, maxmemory, rules, space, tallies, lost)


def requests_of(trace: Trace) -> Requests:
    """The trace's columns as lists; unknown costs are the mean of their pattern's."""
    columns = (trace.time, trace.op, trace.key, trace.size, trace.ttl, costs(trace), trace.pattern)
    return Requests(*(column.tolist() for column in columns))


def costs(trace: Trace) -> NDArray[np.float64]:
    """Seconds that each read costs if it misses; 0 where nothing of its pattern is known."""
    known = ~np.isnan(trace.cost) & (trace.op == READ)
    size = len(trace.patterns)
    sums = np.bincount(trace.pattern[known], trace.cost[known], size)
    means = sums / np.maximum(np.bincount(trace.pattern[known], minlength=size), 1)
    return np.where(known, trace.cost, means[trace.pattern])


def empty(trace: Trace, rules: Rules, seed: int) -> tuple[Keyspace, Tallies]:
    """A cache with nothing in it."""
    keys = trace.keys
    rng = np.random.default_rng(seed)
    counts = [0] * kernel.COUNTS
    counts[kernel.STATE] = int(rng.integers(0, kernel.STATE_MASK))
    place: Any = rng.integers(0, 1 << kernel.RANDOM_BITS, keys).tolist()
    space = Keyspace(
        held=[0] * keys,
        stamp=[0] * keys,
        expires=[0] * keys,
        place=place,
        main=table(keys, trace.rate),
        timed=table(keys, trace.rate),
        pool=[0] * kernel.POOL,
        scores=[0] * kernel.POOL,
        picks=[0] * rules.samples,
        counts=counts,
    )
    patterns = len(trace.patterns)
    return space, Tallies([0] * patterns, [0] * patterns, [0] * kernel.GROUPS)


def table(keys: int, rate: float) -> Table:
    """An empty table with room for all keys."""
    buckets = kernel.buckets_of(kernel.fitting(keys + 1, rate), rate)
    return Table([-1] * buckets, [-1] * keys, [0] * 4)


def outcome(
    trace: Trace, maxmemory: int, rules: Rules, space: Keyspace, tallies: Tallies, lost: float
) -> Outcome:
    """What a replay comes to, for the whole cache."""
    counts = space.counts
    reads, hits = sum(tallies.reads), sum(tallies.hits)
    return Outcome(
        rules=rules,
        maxmemory=maxmemory,
        reads=reads,
        hits=hits,
        hit_ratio=corrected(reads, hits, trace),
        lost_seconds=lost / trace.rate,
        evicted=counts[kernel.EVICTED],
        expired=counts[kernel.EXPIRED],
        refused=counts[kernel.REFUSED],
        most_bytes=round(counts[kernel.MOST] / trace.rate),
        by_pattern=list(zip(tallies.reads, tallies.hits, strict=True)),
    )


def corrected(reads: int, hits: int, trace: Trace) -> float:
    """The hit ratio of the whole cache (SHARDS-adj, Waldspurger et al., FAST 2015).

    A sample of keys misses its share of the reads because of a few popular keys, which are hits at
    almost any size: the reads that the sample should have had, and has not, count as hits.
    """
    expected = trace.reads * trace.rate or reads
    if expected == 0:
        return 0.0
    return min(max(1 - (reads - hits) / expected, 0.0), 1.0)
