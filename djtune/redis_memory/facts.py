"""What a Redis server says of itself: plain data, without the name of a single key."""

from typing import Literal

from msgspec import Struct, field

Kind = Literal[
    "cache", "page", "session", "queue", "result", "channels", "lock", "counter", "other"
]
"""What a pattern's keys are to a Django project: ``page`` is ``cache_page``'s, ``queue`` and
``result`` are Celery's, ``channels`` are Channels' groups and messages."""


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
    memory: dict[str, float] = field(default_factory=dict)
    """``MEMORY STATS`` once the sizes were known, its names joined by dots, with the allocator's
    ``quantum``; empty where it is refused."""


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
    """Time that it spent on them, as ``source`` says: the growth of its CPU time where nearly all
    that it served was the visit's, otherwise estimated from how long replies took."""
    wall_seconds: float = 0.0
    bytes_received: int = 0
    source: str = ""
