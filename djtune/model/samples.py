"""One timed request, as the agent sends it: a row, because there are many."""

from msgspec import Struct


class Sample(Struct, array_like=True, frozen=True):
    """Times in nanoseconds, sizes in bytes."""

    step: int
    """Index of the step among all steps of all journeys."""
    cold: bool
    """The first request for this step in its process."""
    ok: bool
    """The answer was the one expected; others are left out of the timings."""
    status: int
    wall: int
    """Server time, from the request's arrival to its last byte and the response's close."""
    cpu: int
    """CPU time of the process while it was served."""
    machine: int
    """Time on the machine's run queue, neither running nor waiting for anything."""
    phases: list[int]
    """Exclusive time per phase, in the order of :data:`PHASES`."""
    queries: dict[str, int]
    """Queries per database alias."""
    sql: dict[str, int]
    """Time in SQL, execute and fetch, per database alias."""
    cache_hits: int
    cache_misses: int
    raw_bytes: int
    """Length of the body before any compression."""
    wire_bytes: int
    """Length of the body as it was sent."""
    gzip_bytes: int
    """Length of the body after gzip; -1 where it was not packed this time."""
    collections: list[int]
    """Garbage collections per generation."""
    hops: int
    """Work handed from the event loop to a thread."""
    parallel: list[int]
    """Time per phase of children that ran beside the request; not part of ``wall``."""


PHASES = (
    "python",
    "middleware",
    "view",
    "sql_execute",
    "sql_fetch",
    "orm",
    "cache",
    "template",
    "serialization",
    "gc",
    "waiting",
)
"""The phases of a request; their times and ``machine`` sum to ``wall``."""


class Pause(Struct, array_like=True, frozen=True):
    """One garbage collection."""

    generation: int
    cpu: int
    """CPU time of the thread that it interrupted, in nanoseconds."""
    collected: int
    """Objects freed."""
    uncollectable: int
    request: int
    """Index among the trial's samples; -1 where it fell between two requests."""


class Memory(Struct, frozen=True):
    """A process's memory over a trial, in bytes."""

    start: int
    """Resident before the first request."""
    peak: int
    """The most that was resident since then; on macOS since the process's start."""
    end: int
    points: list[tuple[int, int]] = []
    """(requests served, resident then)."""
    uss: int | None = None
    """At the end: what no other process shares; ``None`` where the kernel does not tell."""
    pss: int | None = None
    """At the end: that, and the process's part of what others share."""


class Collector(Struct, frozen=True):
    """The garbage collector's state at a trial's end."""

    thresholds: tuple[int, int, int]
    enabled: bool
    frozen: int
    """Objects that ``gc.freeze()`` has put out of its sight."""
    uncollectable: int
    """Objects in ``gc.garbage``."""


class Trial(Struct):
    """What one fresh worker process measured."""

    samples: list[Sample]
    distinct_users: int = 0
    distinct_params: list[int] = []
    asked: dict[int, int] = {}
    """Step → a checksum of what was asked for first: equal where two trials asked the same."""
    order: list[int] = []
    """Indexes of the journeys, as they were made one after another once it had settled."""
    settled: int = 0
    """How many of the samples were served before collections and memory were told."""
    pauses: list[Pause] = []
    """Every collection from then on, in order."""
    memory: Memory | None = None
    collector: Collector | None = None
    complete: bool = True
