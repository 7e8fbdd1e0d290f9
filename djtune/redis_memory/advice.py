"""What is advised, and what it rests on: plain data."""

from typing import Literal

from msgspec import Struct, field

from djtune.redis_memory.curves import CurvePoint, Rules
from djtune.redis_memory.estimated import Amount

Basis = Literal["trace", "idle times", "everything"]
"""What a size rests on: a replayed trace, idle times, or that everything is to fit."""


class Term(Struct, frozen=True):
    """One part of a sum of memory."""

    label: str
    bytes: float
    source: Literal["measured", "estimated", "assumed", "set"]
    """``set``: the server's own configuration says so."""
    note: str = ""


class Policy(Struct):
    """Which keys may go when memory is full."""

    rules: Rules
    why: list[str]
    changes: bool
    """Whether it differs from what the server has now."""
    measured: bool = False
    """Whether a trace has compared it with others."""


class Size(Struct):
    """How much memory the server is given."""

    basis: Basis
    maxmemory: int
    """Bytes; of each primary of a cluster."""
    terms: list[Term]
    """Of all primaries together; their sum, rounded up, is ``maxmemory`` times the primaries."""
    container: list[Term]
    """What the machine or container needs, of all primaries; replicas need as much again."""
    container_bytes: int
    """Of each primary."""
    hit_ratio: Amount | None = None
    """What is promised at that size; ``None`` where nothing could tell."""
    lost_seconds_per_hour: float | None = None
    """Seconds of recomputing that misses will cost at that size."""
    choices: list[CurvePoint] = field(default_factory=list)
    """Other sizes (bytes of entries and bucket arrays), and what each would give."""


class Advice(Struct):
    """The whole advice for one server."""

    policy: Policy
    size: Size | None
    """``None`` where the visit was cut short before sizes were known."""
    configuration: list[str] = field(default_factory=list)
    """Lines of ``redis.conf``."""
    commands: list[str] = field(default_factory=list)
    """The same as ``CONFIG SET``."""
