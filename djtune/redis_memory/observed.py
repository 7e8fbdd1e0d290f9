"""What was seen of a Redis server: plain data, without the name of a single key."""

from typing import Any

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from djtune.redis_memory.facts import Kind as Kind
from djtune.redis_memory.facts import Load as Load
from djtune.redis_memory.facts import NodeFacts as NodeFacts
from djtune.redis_memory.facts import ServerFacts as ServerFacts
from djtune.redis_memory.facts import Use as Use

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Columns(Struct):
    """One row for each key whose size was asked for; all columns are alike in length."""

    bytes: Floats
    """``MEMORY USAGE``, or a model of it (``modelled``)."""
    ttl: Floats
    """Seconds left; ``nan``: the key stays for ever."""
    idle: Floats
    """Seconds since the last access; ``nan``: the server does not tell."""
    frequency: Floats
    """The LFU counter; ``nan``: the server does not tell."""
    length: Floats
    """Elements, or bytes of a string; ``nan`` where it was not asked for."""
    samples: Ints
    """``SAMPLES`` that the bytes rest on; 0: exact (one allocation, or all looked at)."""
    type: list[str]
    encoding: list[str]
    modelled: bool = False
    name: Floats = field(default_factory=lambda: np.zeros(0))
    """Bytes of each key's name; empty where they were not kept."""


class PatternSample(Struct):
    """The keys of one pattern that were looked at.

    ``whole`` keys stand for themselves alone (giants, and patterns so small that all were taken);
    the others stand for all ``keys`` − ``whole.bytes.size`` in equal parts.
    """

    pattern: str
    kind: Kind
    keys: float
    """How many keys have the pattern: exact where all names were seen (``keys_low == keys_high``),
    otherwise an estimate with its 95 % interval."""
    keys_low: float
    keys_high: float
    whole: Columns
    sampled: Columns
    parts: list[int] = field(default_factory=list)
    """Names that each part of the visit met; empty where all names were seen."""


class Moment(Struct):
    """Idle times at one moment, and ``INFO``'s counters then."""

    time: float
    """Unix time."""
    idle: Floats
    bytes: Floats
    ttl: Floats
    weight: Floats
    """Keys that each row stands for."""
    hits: int
    misses: int
    """Both without what the visit itself asked: ``TYPE``, ``PTTL`` and ``OBJECT`` count as reads
    with the server, ``MEMORY USAGE`` and ``SCAN`` do not."""
    writes: int | None
    """Calls of commands that write, by ``INFO commandstats``; ``None`` where it is refused."""
    evicted: int
    expired: int
    keys: int | None = None
    """In all databases, by ``INFO keyspace``; ``None``: not asked."""


class Seen(Struct):
    """All that one visit saw."""

    server: ServerFacts
    patterns: list[PatternSample]
    moments: list[Moment]
    load: Load
    names: int = 0
    """Keys whose names were seen."""
    population: int = 0
    """Keys that there were."""
    complete: bool = True
    """Whether the visit came to its end; otherwise ``cut`` says what ended it."""
    cut: str = ""
    notes: list[str] = field(default_factory=list)


def no_columns() -> Columns:
    """Columns without a row."""
    none: Any = np.zeros(0)
    return Columns(none, none, none, none, none, np.zeros(0, np.int64), [], [])
