"""What one traced pass says of a workload, and what the simulator makes of it."""

from msgspec import Struct

from djtune.model.policy import Thresholds

PerGeneration = tuple[float, float, float]


class Curve(Struct, frozen=True):
    """The objects of one request: how many of the collector's kind are alive, as it goes."""

    step: int
    points: list[int]
    """Net allocations since the request's beginning at each turning point, in order; the last is
    what is left at the end. The beginning itself, 0, is not among them."""
    garbage: int
    """Tracked objects of what is left that only the collector frees."""
    kept: float = 0.0
    """Tracked objects that the process holds on to after it, on average."""
    jumps: list[int] = []
    """Indexes of points reached within one call of C code: no collection starts on the way there
    where they start at the eval breaker."""
    reused: int = 0
    """Allocations that the freelists spared it, right after the one before was collected; where
    the freelists are empty it makes so many more."""
    visited: float = 1.0
    """Tracked objects per net allocation when a collection first visits them."""
    surviving: float = 1.0
    """The same once it has: tuples of atoms are not tracked any more."""


class Heap(Struct, frozen=True):
    """The process when the workload begins, warm and collected."""

    tracked: int
    """Objects in the collector's lists."""
    bytes_per_object: float
    """Resident bytes per tracked object, what it refers to included."""
    slack: int = 0
    """Bytes that the process can fill before it grows."""
    frozen: int = 0
    """Objects that the app itself has frozen."""
    loaded: int = 0
    """Objects in the lists before the first request: what a freeze can hide."""
    reuse: int = 0
    """Allocations that full freelists spare until they are empty."""


class Timed(Struct, array_like=True, frozen=True):
    """A collection whose size is known."""

    generation: int
    visited: float
    freed: float
    nanoseconds: float
    """Of thread CPU time."""
    number: int = 1
    """How many collections this is the mean of."""


class Costs(Struct, frozen=True):
    """Thread CPU time of collections, in nanoseconds."""

    visited_ns: PerGeneration = (0.0, 0.0, 0.0)
    """Per visited object, by the generation collected."""
    freed_ns: PerGeneration = (0.0, 0.0, 0.0)
    """Per object freed, with what it refers to, by the generation collected."""
    doubling_ns: PerGeneration = (0.0, 0.0, 0.0)
    """Per visited object, for each time that the size doubles past the first thousand."""
    start_ns: float = 0.0
    """Per collection."""
    pauses: int = 0
    """How many observed collections these were fitted to."""


class Played(Struct, frozen=True):
    """A journey: how often it is made relative to the others, and its steps in order."""

    weight: float
    steps: list[int]


class Recording(Struct, frozen=True):
    """All that the simulator knows."""

    python: str
    """``3.13.0``, as ``platform.python_version()`` has it."""
    thresholds: Thresholds
    """What the app runs with when it is left alone."""
    heap: Heap
    curves: list[Curve]
    """Several for each step, by different users and with different parameters."""
    journeys: list[Played]
    timed: list[Timed] = []
    """Collections of the traced pass itself, not among requests."""
    left_out: list[int] = []
    """Steps that were too rare and too long to be recorded."""
    free_threaded: bool = False
    enabled: bool = True
    """Whether the app leaves automatic collections on."""
    costs: Costs = Costs()
    growth: float = 1.0
    """What counted allocations are multiplied with, so that the baseline's collections are as
    observed: see ``djtune.garbage.fitting.calibrated``."""


class Simulated(Struct, frozen=True):
    """What a policy would do. Every figure is an estimate."""

    policy: str
    requests: int
    collections: tuple[int, int, int]
    visited: tuple[int, int, int]
    """Objects visited, by the generation collected."""
    freed: tuple[int, int, int]
    gc_ns: float
    """All collections together."""
    gc_ns_per_request: float
    gc_ns_p99: float
    """The 99th percentile over the requests."""
    worst_pause_ns: float
    worst_pauses_ns: PerGeneration
    """By the generation collected; 0 where there was none."""
    peak_bytes: int
    """Resident memory above the start, at most."""
    requests_to_full: int | None
    """Requests until the first full collection; ``None`` where there was none."""
    reached_full: bool
    """A whole cycle between two full collections lies within ``requests``."""
    why_stopped: str
    """``full cycle``, ``memory limit`` or ``requests``."""
