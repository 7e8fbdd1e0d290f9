"""What ``djtune gc-sweep`` says, as ``--format json`` writes it."""

from typing import Literal

from msgspec import Struct, field

from djtune.experiments.evidence import Comparison
from djtune.experiments.instructions import Counted
from djtune.garbage.cycles import AuditResult
from djtune.garbage.prefork import PreforkResult
from djtune.garbage.recording import Simulated
from djtune.model.budget import Verdict
from djtune.model.facts import AppFacts
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.noise import Noise
from djtune.model.policy import GcPolicy
from djtune.model.routes import Unmeasured
from djtune.model.samples import Collector

SCHEMA_VERSION = 1
Goal = Literal["cpu", "mean", "p99", "pause"]
Role = Literal["current", "guide", "simulated", "asked for"]


class Pauses(Struct):
    """The collections of one generation that were seen."""

    generation: int
    n: int
    total: float
    """Seconds of CPU, all of them."""
    longest: float
    """Seconds of CPU; 0 where there was none."""


class RouteGc(Struct):
    """What collections cost one route at the current setting."""

    method: str
    route: str
    weight: float
    """Requests of this route among 1,000 of the workload."""
    n: int
    cpu: Metric
    """Seconds of CPU a request."""
    gc: Metric
    """Seconds of CPU a request that collections took in it."""
    share: Metric
    """Part of the route's CPU time."""
    collections: list[float]
    """Per 1,000 requests, by generation."""
    longest: float
    """Seconds of CPU of the longest collection in one of its requests."""


class Ceiling(Struct):
    """What collections cost in all at the current setting: no setting can win more."""

    share: Metric
    """Part of the CPU time, between requests included."""
    routes: list[RouteGc]
    """Those that collections cost most first."""
    pauses: list[Pauses]
    trials: int
    requests: int
    seconds: float
    """How long one trial served, at most."""
    reached_full: bool
    """Whether a full collection was seen in every trial."""
    whole_cycle: float | None = None
    """The share over a whole cycle between two full collections, where the trials were too short
    for one: an estimate of the simulator's."""

    certain: bool = True
    """Whether full collections are in one of the two, or nothing is there for them to do."""

    @property
    def leave_alone(self) -> bool:
        """Whether there is too little to win for any setting to be worth it."""
        share = self.share.value
        if share is None or not self.certain:
            return False
        return max(share, self.whole_cycle or 0.0) < LEAVE_ALONE


LEAVE_ALONE = 0.02
"""Part of the CPU time below which the collector is left alone."""


class Setting(Struct):
    """One setting in the simulation: every figure is an estimate."""

    policy: GcPolicy
    name: str
    simulated: Simulated
    on_front: bool = False
    """No other setting is better in GC time, worst pause and memory at once."""
    over_limit: bool = False
    """It would hold more than the limit allows."""

    @property
    def within_limit(self) -> bool:
        """Whether it is known to keep the limit over a whole cycle."""
        return self.simulated.reached_full and not self.over_limit


class Simulation(Struct):
    """What the simulator makes of the traced workload."""

    settings: list[Setting]
    seconds: float
    """What all of it took."""
    requests: int
    """Recorded requests that it replays."""
    current: str
    pauses: int
    """Observed collections that its prices were fitted to."""


class Tail(Struct):
    """A quantile of the service time over all blocks, and its ratio to the baseline's."""

    q: float
    value: Metric
    """Seconds of wall time."""
    ratio: Metric | None = None
    cpu_value: Metric | None = None
    """The same of the CPU time."""
    cpu_ratio: Metric | None = None


class Tried(Struct):
    """One setting as it was measured."""

    policy: GcPolicy
    name: str
    role: Role
    requests: int
    gc: Metric
    """Seconds of CPU a request in collections, those between requests included."""
    share: Metric
    """Part of the CPU time."""
    cpu: Metric
    """Seconds of CPU a request."""
    per_cpu_second: Metric
    """Requests that a second of CPU serves."""
    mean: Metric
    """Seconds of service time."""
    tails: list[Tail]
    collections: list[float]
    """Per 1,000 requests, by generation."""
    pauses: list[Pauses]
    peak_rss: Metric
    """Bytes."""
    growth: Metric
    """Bytes that the peak is above the trial's start."""
    slope: Metric
    """Bytes of resident memory that each request adds, over a trial."""
    uncollectable: int
    reached_full: bool
    """Whether every trial passed a full collection."""
    kept: bool = True
    """Whether the app left the setting as it was given."""
    failure: str = ""
    """Why it was dropped before the end: its process died or was late."""
    predicted: Simulated | None = None
    """The simulator's estimate for the same requests."""


class Verification(Struct):
    """The settings that were run for real, side by side."""

    tried: list[Tried]
    """The current setting first."""
    comparisons: list[Comparison]
    verdicts: dict[str, str]
    """Setting → what the comparison with the current one shows, and by which evidence."""
    blocks: int
    stopped: str
    """Why no block followed the last."""
    failures: list[str]
    seconds: float


class Recommendation(Struct):
    """What to do, and on what evidence."""

    policy: GcPolicy | None
    """``None``: leave it as it is."""
    title: str
    why: list[str]
    measured: bool
    """Whether it was run for real; else it is an estimate."""
    snippets: dict[str, str] = field(default_factory=dict)
    """Where to paste → the code."""
    refused: list[str] = field(default_factory=list)
    """Settings that looked good and were not recommended, with the reason."""
    over_limit: bool = False
    """Whether what is left as it is holds more memory than the limit allows."""


class GcSweepResult(Struct):
    """Everything that was found out about the collector."""

    app: AppFacts
    machine: Machine
    weights_from: str
    current: Collector | None
    """The collector as the app leaves it; ``None`` where nothing was timed."""
    default: tuple[int, int, int]
    """Thresholds that this Python has by itself."""
    goal: Goal
    max_rss: str
    unmeasured: list[Unmeasured]
    warnings: list[str]
    noise: Noise | None = None
    ceiling: Ceiling | None = None
    audit: AuditResult | None = None
    simulation: Simulation | None = None
    verification: Verification | None = None
    prefork: PreforkResult | None = None
    instructions: list[Counted] = field(default_factory=list)
    recommendation: Recommendation | None = None
    regressions: list[str] = field(default_factory=list)
    """What got worse since the run of --check."""
    seconds: float = 0.0
    seed: int = 1
    schema_version: int = SCHEMA_VERSION
    budgets: list[Verdict] = field(default_factory=list)
    complete: bool = True
