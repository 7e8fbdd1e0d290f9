"""Miss ratios at many memory sizes, however they were found. Plain data."""

from typing import Literal

from msgspec import Struct, field

Policy = Literal[
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "allkeys-lrm",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "volatile-lrm",
]


class Rules(Struct, frozen=True):
    """How a server evicts: the settings of ``redis.conf`` with their defaults."""

    policy: Policy
    samples: int = 5
    """``maxmemory-samples``."""
    log_factor: int = 10
    """``lfu-log-factor``."""
    decay_minutes: int = 1
    """``lfu-decay-time``."""


class Outcome(Struct):
    """One replay of a trace."""

    rules: Rules
    maxmemory: int
    """Bytes for entries and bucket arrays, of the whole cache (not of the sampled part)."""
    reads: int
    hits: int
    """Of the sampled reads."""
    hit_ratio: float
    """Corrected for the sampling (SHARDS-adj)."""
    lost_seconds: float
    """Seconds of recomputing that the misses cost, of the whole cache over the trace; known costs
    alone, the mean cost of their pattern standing in for the unknown."""
    evicted: int
    expired: int
    refused: int
    """Writes that ``noeviction`` (or ``volatile-*`` without a candidate) refused."""
    most_bytes: int
    """The largest resident bytes (of the whole cache)."""
    by_pattern: list[tuple[int, int]] = field(default_factory=list)
    """(reads, hits) for each of the trace's patterns."""
    by_group: list[tuple[int, int]] = field(default_factory=list)
    """(misses, bytes at the end) of groups of the sampled keys, drawn by lot: their spread is the
    error of sampling keys."""


class CurvePoint(Struct, frozen=True):
    """The miss ratio at one size, with its 95 % band."""

    bytes: float
    miss_ratio: float
    low: float
    high: float
    lost_seconds_per_hour: float | None = None


class Curve(Struct):
    """The miss ratio over memory sizes, under one policy."""

    source: Literal["trace", "idle times"]
    rules: Rules | None
    """``None``: least recently used, as idle times tell it."""
    points: list[CurvePoint]
    n: int
    """Sampled requests of a trace, or keys of a snapshot."""
    caveats: list[str] = field(default_factory=list)
    """Why it may be wrong; a curve that cannot be known has no points and says why here."""


class Ideal(Struct):
    """Miss ratios of policies that Redis does not have, at each of the sizes."""

    sizes: list[int]
    ratios: dict[str, list[float]]
    caveats: list[str]
