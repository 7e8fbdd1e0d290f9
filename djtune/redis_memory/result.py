"""What ``djtune redis-size`` says, as ``--format json`` writes it."""

from msgspec import Struct, field

from djtune.model.budget import Verdict as BudgetVerdict
from djtune.model.findings import FindingData
from djtune.model.machine import Machine
from djtune.redis_memory.advice import Advice
from djtune.redis_memory.curves import Curve, Ideal
from djtune.redis_memory.estimated import Amount, Estimates
from djtune.redis_memory.facts import Load, Use
from djtune.redis_memory.layouts.result import Cliff, LayoutTrial
from djtune.redis_memory.plan import Plan

SCHEMA_VERSION = 1


class Node(Struct, frozen=True):
    """One server process."""

    product: str
    version: str
    replica: bool
    keys: int
    used_memory: int
    allocator: str


class Counters(Struct, frozen=True):
    """The server's own counters as the visit ended: what ``--verify`` compares with later."""

    run_id: str
    """Of the first node: a restart sets its counters to zero."""
    hits: int
    misses: int
    evicted: int
    expired: int
    used_memory: int
    maxmemory: int
    policy: str
    time: float
    """Unix time."""


class TraceSummary(Struct, frozen=True):
    """What a trace held."""

    source: str
    seconds: float
    operations: int
    keys: int
    rate: float
    """Share of all keys that were recorded."""
    reads: int
    """By everybody, keys that were not recorded included; 0: not counted."""
    hit_ratio: float | None
    """Of the real cache while it was recorded."""
    with_cost: float
    """Share of its reads whose cost of a miss is known."""
    notes: list[str] = field(default_factory=list)


class ServerResult(Struct):
    """One server, or one cluster."""

    address: str
    uses: list[Use]
    nodes: list[Node]
    cluster: bool
    databases: dict[str, int]
    """Database → keys."""
    policy: str
    maxmemory: int | None
    refused: list[str]
    """Commands that the server or its ACL does not allow, of those that would have been used."""
    estimates: Estimates | None
    """``None`` where nothing could be looked at."""
    sampled: int
    """Keys whose sizes were asked for."""
    names: int
    """Keys whose names were seen."""
    load: Load
    counters: Counters | None
    idle: Curve | None = None
    """The hit ratio over memory sizes by idle times."""
    traced: list[Curve] = field(default_factory=list)
    """The same by the trace, for each of the rules that were tried."""
    trace: TraceSummary | None = None
    ideal: Ideal | None = None
    """What other policies would make of the trace; empty without libcachesim."""
    advice: Advice | None = None
    findings: list[FindingData] = field(default_factory=list)
    cliffs: list[Cliff] = field(default_factory=list)
    plan: Plan | None = None
    notes: list[str] = field(default_factory=list)
    complete: bool = True
    cut: str = ""
    """What cut the visit short."""


class Checked(Struct, frozen=True):
    """One prediction and what became of it."""

    what: str
    predicted: Amount
    observed: float
    unit: str
    n: int
    """Requests, or keys, that the observation rests on."""
    within: bool
    note: str = ""


class Verification(Struct):
    """An earlier result held against what the server shows now."""

    address: str
    seconds: float
    """Since that result."""
    checked: list[Checked] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class RedisSizeResult(Struct, kw_only=True):
    """The whole result."""

    schema_version: int = SCHEMA_VERSION
    complete: bool = True
    machine: Machine
    servers: list[ServerResult]
    verified: list[Verification] = field(default_factory=list)
    layouts: list[LayoutTrial] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    budgets: list[BudgetVerdict] = field(default_factory=list)
