"""Puts into a trace what the cache held when its recording began.

A recording of a running service begins with a full cache. A replay that began with an empty one
would miss at the first read of every key. What a first read found was there before; when it was
last used is unknown, but random use looks the same forwards and backwards in time, so that a key
first read t seconds after the beginning is taken to have been used t seconds before it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.trace import WRITE

SECOND = 1_000_000


class Columns(NamedTuple):
    """The columns of a trace; see :class:`~djtune.redis_memory.trace.Trace`."""

    time: NDArray[np.int64]
    op: NDArray[np.uint8]
    key: NDArray[np.int64]
    size: NDArray[np.int64]
    ttl: NDArray[np.int64]
    cost: NDArray[np.float64]
    pattern: NDArray[np.int32]


def warm(columns: Columns, there: NDArray[np.int64]) -> tuple[Columns, int]:
    """The trace with what it found stored before it, and the microseconds that this goes back.

    ``there`` are the rows of reads that found a key which the trace had not stored.
    """
    if not there.size:
        return columns, 0
    back = int(columns.time[there].max()) + SECOND
    found = _rows(columns, there)
    before = found._replace(
        time=back - found.time - SECOND,
        op=np.full(there.size, WRITE, np.uint8),
        ttl=np.where(found.ttl > 0, np.maximum(found.ttl, 2 * found.time + 2 * SECOND), 0),
        cost=np.full(there.size, np.nan),
    )
    before = _rows(before, np.argsort(before.time, kind="stable"))
    later = columns._replace(time=columns.time + back)
    pairs: Iterable[tuple[Any, Any]] = zip(before, later, strict=True)
    return Columns(*map(np.concatenate, pairs)), back


def _rows(columns: Columns, rows: NDArray[np.int64]) -> Columns:
    chosen: list[Any] = [column[rows] for column in columns]
    return Columns(*chosen)
