"""Memory sizes worth replaying a trace at."""

import numpy as np

from djtune.redis_memory.simulating import kernel
from djtune.redis_memory.trace import Trace

STEPS = 20
LEAST, MOST = 0.01, 1.2
"""Of the bytes that everything in the trace would take."""


def ladder(trace: Trace, steps: int = STEPS) -> list[int]:
    """Sizes in bytes of the whole cache, each by the same factor larger than the one before."""
    return [round(size) for size in np.geomspace(LEAST, MOST, steps) * whole(trace)]


def whole(trace: Trace) -> int:
    """Bytes of all entries that a trace stores, each at its largest, and of their tables."""
    largest = np.zeros(trace.keys, np.int64)
    np.maximum.at(largest, trace.key, trace.size)
    timed = np.unique(trace.key[trace.ttl > 0]).size
    tables = sum(_table(keys, trace.rate) for keys in (int((largest > 0).sum()), timed))
    return round((int(largest.sum()) + tables) / trace.rate)


def _table(keys: int, rate: float) -> int:
    return kernel.table_bytes(kernel.fitting(keys, rate), rate) if keys else 0
