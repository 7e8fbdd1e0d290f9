"""What a sample comes to: estimates with their intervals, and a balance with ``used_memory``."""

from typing import Literal

from msgspec import Struct, field

from djtune.redis_memory.facts import Kind


class Amount(Struct, frozen=True):
    """An estimate with its 95 % interval; exact where ``low == value == high``."""

    value: float
    low: float
    high: float


class Spread(Struct, frozen=True):
    """How a figure is spread over a pattern's keys; ``None``: too few for that quantile."""

    n: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    largest: float | None = None


class PatternEstimate(Struct):
    """One pattern's memory."""

    pattern: str
    kind: Kind
    keys: Amount
    bytes: Amount
    """``MEMORY USAGE`` of all its keys, as the server counts it."""
    resident: Amount
    """The same with what ``MEMORY USAGE`` leaves out: TTL entries, tables, rounding."""
    share: Amount
    """Of the resident bytes of all patterns, 0 to 1."""
    sampled: int
    """Keys whose sizes were asked for."""
    size: Spread
    """Bytes of one key."""
    ttl: Spread
    """Seconds left, of those that have one."""
    idle: Spread
    """Seconds since the last access."""
    with_ttl: Amount
    """Share of its keys that will expire, 0 to 1."""
    encodings: dict[str, float] = field(default_factory=dict)
    """Encoding → share of its keys."""
    types: dict[str, float] = field(default_factory=dict)
    unseen: float | None = None
    """Bytes that one key which nobody looked at may at most have without the interval being wrong
    by more than its own width; ``None``: all were looked at."""
    notes: list[str] = field(default_factory=list)


class Line(Struct):
    """One line of the balance."""

    label: str
    bytes: Amount
    source: Literal["counted", "estimated", "modelled"]
    """The server said so; estimated from the sample; from what is known of this server's build."""
    note: str = ""


class Reconciliation(Struct):
    """``used_memory``, line by line; what is left over is the ``residual``."""

    lines: list[Line]
    used_memory: int
    residual: float
    """``used_memory`` − the lines' sum, bytes."""
    covered: bool
    """Whether ``used_memory`` lies within the interval of the lines' sum."""
    resident_set: int | None = None
    """The process's memory by the operating system, ``used_memory_rss``."""
    fragmentation: float | None = None
    """``used_memory_rss`` / ``used_memory``; ``None`` below 100 MB, where it says nothing."""


class Estimates(Struct):
    """What the sample comes to."""

    patterns: list[PatternEstimate]
    """The largest first."""
    keys: Amount
    bytes: Amount
    resident: Amount
    balance: Reconciliation | None
    notes: list[str] = field(default_factory=list)
