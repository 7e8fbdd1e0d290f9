"""Replays of a trace: at one memory size, under one policy each."""

import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.curves import Outcome, Rules
from djtune.redis_memory.simulating import kernel
from djtune.redis_memory.simulating.engines import Engine, Machine, machine
from djtune.redis_memory.simulating.kernel import Keyspace, Requests, Table, Tallies
from djtune.redis_memory.simulating.rules import setting
from djtune.redis_memory.trace import READ, Trace


def simulate(
    trace: Trace, maxmemory: int, rules: Rules, *, seed: int = 0, engine: Engine = "auto"
) -> Outcome:
    """Replay ``trace`` in ``maxmemory`` bytes, counted as the server does but without its own.

    ``seed`` draws the keys' places in the tables, and what Redis draws. Every engine gives the
    same outcome. Raises :class:`~djtune.errors.DjtuneError` for one that is not installed.
    """
    return Player(trace, engine).play(maxmemory, rules, seed)


class Player:
    """A trace that is ready to be replayed, as often as wanted and in several threads."""

    def __init__(self, trace: Trace, engine: Engine = "auto", replays: int = 1) -> None:
        self.trace = trace
        self.machine = machine(engine, trace.key.size * replays)
        self.requests = requests_of(trace, self.machine)

    def play(self, maxmemory: int, rules: Rules, seed: int = 0) -> Outcome:
        """One replay from an empty cache."""
        trace = self.trace
        space, tallies = empty(trace, rules, seed, self.machine)
        settings = setting(rules, maxmemory, trace.rate)
        lost = self.machine.replay(self.requests, space, settings, tallies)
        return outcome(trace, maxmemory, rules, space, tallies, lost)


def requests_of(trace: Trace, on: Machine) -> Requests:
    """The trace's columns; unknown costs are the mean of their pattern's."""
    columns = (trace.time, trace.op, trace.key, trace.size, trace.ttl, costs(trace), trace.pattern)
    return Requests(*(on.column(column) for column in columns))


def costs(trace: Trace) -> NDArray[np.float64]:
    """Seconds that each read costs if it misses; 0 where nothing of its pattern is known."""
    known = ~np.isnan(trace.cost) & (trace.op == READ)
    size = len(trace.patterns)
    sums = np.bincount(trace.pattern[known], trace.cost[known], size)
    means = sums / np.maximum(np.bincount(trace.pattern[known], minlength=size), 1)
    return np.where(known, trace.cost, means[trace.pattern])


def empty(trace: Trace, rules: Rules, seed: int, on: Machine) -> tuple[Keyspace, Tallies]:
    """A cache with nothing in it."""
    rng = np.random.default_rng(seed)
    counts = zeros(kernel.COUNTS)
    counts[kernel.STATE] = rng.integers(0, kernel.STATE_MASK)
    space = Keyspace(
        held=on.column(zeros(trace.keys)),
        stamp=on.column(narrow(trace.keys)),
        expires=on.column(zeros(trace.keys)),
        place=on.column(rng.integers(0, 1 << kernel.RANDOM_BITS, trace.keys, np.int32)),
        main=table(trace, on),
        timed=table(trace, on),
        pool=on.column(zeros(kernel.POOL)),
        scores=on.column(zeros(kernel.POOL)),
        picks=on.column(zeros(rules.samples)),
        counts=on.column(counts),
    )
    lengths = len(trace.patterns), len(trace.patterns), kernel.GROUPS
    return space, Tallies(*(on.column(zeros(length)) for length in lengths))


def table(trace: Trace, on: Machine) -> Table:
    """An empty table with room for all keys."""
    buckets = kernel.buckets_of(kernel.fitting(trace.keys + 1, trace.rate), trace.rate)
    columns = narrow(buckets), narrow(trace.keys), zeros(kernel.TABLE_STATE)
    return Table(*(on.column(column) for column in columns))


def zeros(length: int) -> NDArray[np.int64]:
    """A column of nothing."""
    return np.zeros(length, np.int64)


def narrow(length: int) -> NDArray[np.int32]:
    """The same for keys, clocks and places: half the memory to wait for."""
    return np.zeros(length, np.int32)


def outcome(
    trace: Trace, maxmemory: int, rules: Rules, space: Keyspace, tallies: Tallies, lost: float
) -> Outcome:
    """What a replay comes to, for the whole cache."""
    counts = [int(count) for count in space.counts]
    reads, hits = int(sum(tallies.reads)), int(sum(tallies.hits))
    pairs = zip(tallies.reads, tallies.hits, strict=True)
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
        by_pattern=[(int(read), int(hit)) for read, hit in pairs],
        by_group=groups(space, tallies),
    )


def groups(space: Keyspace, tallies: Tallies) -> list[tuple[int, int]]:
    """Misses of each group of keys, and the bytes that it has at the end."""
    group = np.asarray(space.place, np.int64) % kernel.GROUPS
    held = np.bincount(group, np.asarray(space.held), kernel.GROUPS)
    return [(int(m), int(b)) for m, b in zip(tallies.group_misses, held, strict=True)]


def corrected(reads: int, hits: int, trace: Trace) -> float:
    """The hit ratio of the whole cache (SHARDS-adj, Waldspurger et al., FAST 2015).

    A sample of keys misses its share of the reads because of a few popular keys, which are hits at
    almost any size: the reads that the sample should have had, and has not, count as hits.
    """
    expected = trace.reads * trace.rate or reads
    if expected == 0:
        return 0.0
    return min(max(1 - (reads - hits) / expected, 0.0), 1.0)
