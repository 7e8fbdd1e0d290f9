"""A trace: who was asked for and stored in a cache, when, at which size. Plain data."""

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

READ, WRITE, DELETE, EXPIRE = 0, 1, 2, 3
"""What a row of a trace does."""


class Trace(Struct):
    """Operations on a cache, in order of time; all columns are alike in length.

    A ``READ`` that misses is followed by a fill: the app computes the value and stores it with the
    row's size and TTL (cache-aside), unless its size is 0: then nothing is stored. A ``WRITE``
    stores whether or not the key is there; ``EXPIRE`` (``touch``) sets a new TTL.
    """

    time: NDArray[np.int64]
    """Microseconds since the trace began."""
    op: NDArray[np.uint8]
    key: NDArray[np.int64]
    """0 … ``keys`` − 1."""
    size: NDArray[np.int64]
    """Bytes that the entry takes in the server: ``MEMORY USAGE`` and what that leaves out for an
    entry with this TTL, but without its share of the bucket arrays."""
    ttl: NDArray[np.int64]
    """Microseconds for which it is stored; 0: for ever."""
    cost: NDArray[np.float64]
    """Seconds that it takes to compute the value again; ``nan``: unknown."""
    pattern: NDArray[np.int32]
    """Index into ``patterns``."""
    patterns: list[str]
    keys: int
    rate: float = 1.0
    """Share of all keys that are in it: chosen by a hash of the key (spatial sampling)."""
    reads: int = 0
    """Reads by everybody, keys that were not chosen included; 0: not counted."""
    hits: int = 0
    """Of those, how many found something in the real cache."""
    warmed: int = 0
    """Microseconds at its beginning that were not recorded: what must have been stored before."""
    source: str = ""
    notes: list[str] = field(default_factory=list)


def recorded_seconds(trace: Trace) -> float:
    """How long the recording took."""
    if not trace.time.size:
        return 0.0
    return float(trace.time[-1] - max(trace.time[0], trace.warmed)) / 1e6
