"""What a trial of layouts found: plain data, without a key or a value."""

from typing import Literal

from msgspec import Struct, field

from djtune.redis_memory.estimated import Amount

LayoutName = Literal[
    "present",
    "hash",
    "hash_raised",
    "json",
    "msgpack",
    "msgpack_array",
    "pickle",
    "json_zlib",
    "json_zstd",
    "text_zlib",
    "text_zstd",
    "buckets",
    "key_per_field",
]
Operation = Literal["read_all", "read_one", "update_one"]


class OperationTime(Struct, frozen=True):
    """One operation by one client on this machine's unix socket, one request at a time."""

    seconds: float
    """Median over the rounds of the mean in a round; encoding and decoding included."""
    low: float
    """Its 95 % interval, by order statistics of the rounds."""
    high: float
    n: int
    """Operations."""
    round_trips: int
    server_seconds: float | None
    """What the server spent on it, by ``INFO commandstats``."""


class LayoutResult(Struct):
    """One layout."""

    name: LayoutName
    label: str
    bytes: Amount
    """Of one entry: growth of ``used_memory`` / entries, tables and TTL included."""
    saving: Amount
    """Bytes of one entry less than as it is now; below 0 it takes more. Paired by entry."""
    payload: float
    """Mean bytes of one entry as encoded, keys left out."""
    times: dict[Operation, OperationTime]
    atomic: bool
    """Whether one field can be changed without a race against another that is being changed."""
    effort: int
    """0: nothing to do; 1: a setting; 2: another codec; 3: a codec that the app must look after;
    4: other keys."""
    settings: dict[str, str] = field(default_factory=dict)
    """``CONFIG SET`` that it needs."""
    note: str = ""


class Recommendation(Struct):
    """The one layout to take, and why."""

    layout: LayoutName
    saving: Amount
    """Bytes of one entry."""
    why: list[str]
    settings: dict[str, str] = field(default_factory=dict)
    otherwise: LayoutName | None = None
    """What saves much more, at a price that only the user can judge; ``why`` names it."""


class Cliff(Struct):
    """Keys that a listpack limit turns into tables, and what a higher limit would free."""

    pattern: str
    type: str
    """``hash``, ``zset`` or ``set``."""
    settings: dict[str, str]
    """The limits that would hold nearly all of them."""
    now: dict[str, str]
    """The same limits as they are."""
    beyond: Amount
    """Share of the pattern's keys that are beyond a limit now, 0 to 1."""
    frees: Amount
    """Bytes of all keys of the pattern; an estimate from the sample."""
    sampled: int
    tried: int
    """Keys whose own values were loaded with both limits."""
    server: str
    """Product and version of the throw-away server."""
    modelled: bool
    """Whether the user's is of another product or major version."""
    slower: float | None = None
    """Server time of reading one field with the raised limits over that with the present ones."""


class LayoutTrial(Struct):
    """All layouts of one pattern's or one view's entries."""

    source: str
    """The pattern, or the route."""
    stored_as: str
    """How the entries are stored now: ``hash``, ``JSON``, ``pickle`` …"""
    layouts: list[LayoutResult]
    """The first is the present one."""
    entries: int
    """Distinct entries that were looked at."""
    population: int | None
    """Entries that there are; ``None``: unknown."""
    fields: float
    """Mean number of fields; 0 where an entry has none."""
    with_ttl: float
    """Share of the entries that expire, 0 to 1."""
    server: str
    """Product and version of the throw-away server."""
    wanted: str
    """Those of the user's server; empty: unknown."""
    modelled: bool
    """Whether the throw-away server is of another product or major version than the user's."""
    recommendation: Recommendation
    left_out: dict[str, str] = field(default_factory=dict)
    """Layout → why it was not tried."""
    notes: list[str] = field(default_factory=list)
