"""What was seen of a Redis server: plain data, without the name of a single key."""

from typing import Any, Literal

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

Kind = Literal[
    "cache", "page", "session", "queue", "result", "channels", "lock", "counter", "other"
]
"""What a pattern's keys are to a Django project: ``page`` is ``cache_page``'s, ``queue`` and
``result`` are Celery's, ``channels`` are Channels' groups and messages."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Use(Struct, frozen=True):
    """One place where the project names a server."""

    where: str
    """``CACHES['default']``, ``CELERY_BROKER_URL`` …"""
    role: Literal["cache", "session", "broker", "results", "channels", "own", "given"]
    """``own``: a setting of the project's own; ``given``: the command line."""
    key_prefix: str = ""
    """As the backend is set up to begin its keys, ``:1:`` for Django's default."""
    backend: str = ""


class NodeFacts(Struct):
    """One server process, as it described itself."""

    product: str
    """``Redis`` or ``Valkey``."""
    version: str
    allocator: str
    replica: bool
    keys: int
    """Over all its databases; expired ones that were not collected yet included."""
    keys_with_ttl: int
    used_memory: int
    """Bytes."""
    info: dict[str, str] = field(default_factory=dict)
    """``INFO``'s figures that are needed later, by their names."""


class ServerFacts(Struct):
    """A server, or all primaries of a cluster."""

    address: str
    """Without user and password."""
    uses: list[Use]
    nodes: list[NodeFacts]
    cluster: bool = False
    databases: dict[int, int] = field(default_factory=dict)
    """Database → keys."""
    policy: str = ""
    """``maxmemory-policy``; empty where nothing told."""
    maxmemory: int | None = None
    """Bytes of all primaries; 0: no limit; ``None``: nothing told."""
    settings: dict[str, str] = field(default_factory=dict)
    """What ``CONFIG GET`` gave of the settings that matter here; empty where it is refused."""
    refused: list[str] = field(default_factory=list)
    """Commands that the server or its ACL refuses, of those that would have been used."""
    notes: list[str] = field(default_factory=list)
    """Sentences for the report: what could not be seen, and what was done instead."""


class Load(Struct):
    """What the visit cost the server."""

    commands: int = 0
    server_seconds: float = 0.0
    """Time that it spent on them: CPU seconds by ``INFO``'s ``used_cpu_user`` and ``_sys`` where
    they tell, less what it spent at rest; otherwise as ``source`` says."""
    wall_seconds: float = 0.0
    bytes_received: int = 0
    source: str = ""


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
    writes: int | None
    """Calls of commands that write, by ``INFO commandstats``; ``None`` where it is refused."""
    evicted: int
    expired: int


class Seen(Struct):
    """All that one visit saw."""

    server: ServerFacts
    patterns: list[PatternSample]
    moments: list[Moment]
    load: Load
    names: int = 0
    """Keys whose names were seen."""
    complete: bool = True
    """Whether the visit came to its end; otherwise ``cut`` says what ended it."""
    cut: str = ""
    notes: list[str] = field(default_factory=list)


def no_columns() -> Columns:
    """Columns without a row."""
    none: Any = np.zeros(0)
    return Columns(none, none, none, none, none, np.zeros(0, np.int64), [], [])
