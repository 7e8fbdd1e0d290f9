"""What came to a server between two moments, by its own counters."""

from msgspec import Struct

from djtune.redis_memory.observed import Moment


class Flow(Struct, frozen=True):
    """Events a second."""

    seconds: float
    reads: float
    misses: float
    accesses: float
    """Reads, and writes that no miss explains: what makes a key young again."""
    unfilled: float
    """Misses after which nothing was stored that stayed: keys that are never filled, and those
    that were deleted. They miss at every size."""

    @property
    def miss_ratio(self) -> float:
        """Of the reads."""
        return self.misses / self.reads


def flow(first: Moment, last: Moment) -> Flow | None:
    """The counters' way from ``first`` to ``last``; ``None`` without a read between them, or
    where the counters were set back."""
    seconds = last.time - first.time
    reads = last.hits + last.misses - first.hits - first.misses
    misses = last.misses - first.misses
    if seconds <= 0 or reads <= 0 or misses < 0:
        return None
    writes = 0 if first.writes is None or last.writes is None else last.writes - first.writes
    unfilled = 0
    if first.keys is not None and last.keys is not None:
        gone = last.expired - first.expired + last.evicted - first.evicted
        unfilled = max(0, misses - max(0, last.keys - first.keys + gone))
    return Flow(
        seconds=seconds,
        reads=reads / seconds,
        misses=misses / seconds,
        accesses=(reads + max(0, writes - misses)) / seconds,
        unfilled=unfilled / seconds,
    )
