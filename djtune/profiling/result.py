"""What ``djtune profile`` found, as its JSON output has it. Times in seconds, sizes in bytes."""

from msgspec import Struct, field

from djtune.model.budget import Verdict
from djtune.model.facts import AppFacts
from djtune.model.findings import FindingData
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.noise import Noise
from djtune.model.routes import Unmeasured
from djtune.model.workload import Observed
from djtune.profiling.comparison.result import Comparison
from djtune.profiling.query_group import QueryGroup, Wait

SCHEMA_VERSION = 1


class Phases(Struct):
    """Mean exclusive seconds per phase; they and ``machine`` sum to the mean server time."""

    python: float = 0.0
    """Django's own handling: URL resolution, the request and response objects, streaming."""
    middleware: float = 0.0
    view: float = 0.0
    sql_execute: float = 0.0
    sql_fetch: float = 0.0
    orm: float = 0.0
    """Compiling queries and turning rows into objects."""
    cache: float = 0.0
    template: float = 0.0
    serialization: float = 0.0
    gc: float = 0.0
    waiting: float = 0.0
    """Off the CPU outside of SQL and cache: sleeps, locks, upstream calls."""
    machine: float = 0.0
    """Ready to run, but the machine was busy with something else."""


class AliasCost(Struct):
    """One database alias's part of a request, on average."""

    queries: float
    seconds: float


class RouteResult(Struct):
    """One measured route."""

    method: str
    route: str
    view: str
    where: str
    """file:line of the view."""
    rank: str
    """Place by total server time; ``2=`` where intervals overlap."""
    weight: float
    """Requests of this route per 1,000 requests of the workload."""
    share: Metric
    """Of all server time of the workload."""
    user_seconds: float
    """Seconds that users wait, server and wire: per hour, or per 1,000 requests of the workload
    where the workload does not say how many come in an hour."""
    mean: Metric
    p50: Metric
    p95: Metric
    p99: Metric
    cold: Metric
    """The first request in a fresh process."""
    n: int
    unexpected: dict[str, int]
    """Status → answers that were not the expected one, and so are in no figure; status 0 is a
    request that could not be made, or whose answer broke off."""
    cpu: float
    queries: Metric
    raw_bytes: float
    wire_bytes: Metric
    """Without bounds, as gzip and collections are, where every answer of a step had the same."""
    gzip_bytes: Metric
    cache_hit_ratio: Metric
    cache_calls: float
    phases: Phases
    parallel: Phases
    """Children beside the request (gather, threads); not part of its time."""
    databases: dict[str, AliasCost]
    collections: list[float]
    """Garbage collections per request and generation."""
    collected: Metric
    """Garbage collections per request, of all generations."""
    hops: float
    distinct_params: int
    """Distinct parameters that were asked for in one trial, at most."""
    observed: Observed | None = None
    """What production's own log says of it, where the workload was made from one."""
    query_groups: list[QueryGroup] = field(default_factory=list)
    """Its queries by statement and place, from the detail pass."""
    waits: list[Wait] = field(default_factory=list)
    """Where it waits for something other than SQL and cache, in order."""
    query_mean: Metric | None = None
    """Queries per request, with the interval of the mean; without bounds where all agree."""
    hop_mean: Metric | None = None
    """Thread hops per request, likewise."""


class Repeat(Struct):
    """The same query or cached value, asked for again along one journey."""

    journey: str
    kind: str
    """``query`` or ``cache``."""
    alias: str
    pattern: str
    steps: list[str]
    times: float
    """How often a journey asks beyond the first time."""
    seconds: float
    """Estimated cost of those times per journey."""
    where: str = ""
    """file:line in the app that asks."""


class Overhead(Struct):
    """What the timing pass itself costs on this app, in CPU time."""

    ratio: Metric
    """Timed handler over bare handler."""
    per_request: float | None
    per_query: float | None
    pairs: int


class TracedRequest(Struct):
    """One request in the timeline of ``--trace``, which costs time: its own is not the route's."""

    method: str
    route: str
    kind: str
    """``first`` (cold), ``typical`` (the median by time) or ``slowest``."""
    of: int
    """Of how many requests it was chosen."""
    wall: float
    events: int
    cut: int
    """Events that were not kept, because there were too many."""


class RouteFlamegraph(Struct):
    """What was recorded of one route."""

    method: str
    route: str
    """As its marker frame has it, with a slash before it."""
    file: str
    """Its page; empty where no sample fell into it."""
    samples: int
    share: float
    """Of all samples inside requests."""
    wall_share: float
    """Of the wall time inside requests meanwhile; ``share`` is an estimate of it."""
    requests: int


class Flamegraphs(Struct):
    """The recording that flame graphs were made of."""

    routes: list[RouteFlamegraph]
    samples: int
    """Inside requests."""
    unmarked: int
    """Outside of them, and in no graph."""
    standing_still: int
    """Of a thread whose request went on in another one meanwhile: in no graph."""
    errors: int
    """Moments at which no stack could be read."""
    behind: float
    """Seconds that the sampler was late, at worst."""
    rate: int
    """Moments a second at which stacks were to be read."""
    seconds: float
    counted: str
    """``wall``, ``active`` threads only, or the holder of the ``gil`` only."""
    native: bool
    merged: str
    """The page of all routes, which is weighted as the workload is."""
    speedscope: str
    folder: str = ""
    """Where the files are."""


class ProfileResult(Struct):
    """Routes ranked by the server time that they cost, and where that time goes."""

    app: AppFacts
    machine: Machine
    noise: Noise
    weights_from: str
    routes: list[RouteResult]
    unmeasured: list[Unmeasured]
    left_out: dict[str, int]
    """Why routes were left out of a run without a workload → how many."""
    repeats: list[Repeat]
    findings: list[FindingData]
    trials: int
    requests: int
    distinct_users: int
    bandwidth: float
    """Bits per second at which bytes become seconds."""
    requests_per_hour: float | None
    seconds: float
    """How long the run took."""
    overhead: Overhead | None = None
    overhead_missing: str = ""
    """Why there is no ``overhead``."""
    warnings: list[str] = field(default_factory=list)
    budgets: list[Verdict] = field(default_factory=list)
    connect_seconds: dict[str, float] = field(default_factory=dict)
    """What opening a connection took, once per alias; not part of any figure above."""
    traces: list[TracedRequest] = field(default_factory=list)
    trace_file: str = ""
    """Where the timeline was written, if one was asked for."""
    comparison: Comparison | None = None
    """With ``--compare`` or ``--baseline-dir``."""
    flamegraphs: Flamegraphs | None = None
    """What ``--flamegraph`` recorded."""
    complete: bool = True
    schema_version: int = SCHEMA_VERSION
