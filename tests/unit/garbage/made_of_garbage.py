"""Trials with collections and memory made up, and what is found in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from djtune.experiments.blocks import Block, Blocks
from djtune.experiments.evidence import Comparison
from djtune.experiments.instructions import Counted
from djtune.garbage.cycles import AuditResult, Growth, RouteAudit, Spread
from djtune.garbage.recommend import GC_METRIC
from djtune.garbage.recording import Simulated
from djtune.garbage.result import (
    Ceiling,
    GcSweepResult,
    Pauses,
    Recommendation,
    RouteGc,
    Setting,
    Simulation,
    Tail,
    Tried,
    Verification,
)
from djtune.garbage.verify import CURRENT
from djtune.model.facts import AppFacts
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.noise import Noise
from djtune.model.policy import parse
from djtune.model.routes import Unmeasured
from djtune.model.samples import PHASES, Collector, Memory, Pause, Sample, Trial

MS = 1_000_000
MB = 1_000_000
COLLECTOR = Collector((700, 10, 10), enabled=True, frozen=0, uncollectable=0)
MACHINE = Machine(
    cpu="a processor",
    cpus=4,
    usable_cpus=4,
    cpu_quota=None,
    governor="",
    virtual=None,
    memory_bytes=1 << 30,
    load=(0.0, 0.0, 0.0),
    system="Linux",
    python="3.11",
)


def sample(step: int = 0, cpu_ms: float = 10, **given: Any) -> Sample:
    """A warm request that answered as expected and never waited."""
    time = round(cpu_ms * MS)
    fields: dict[str, Any] = {
        "step": step,
        "cold": False,
        "ok": True,
        "status": 200,
        "wall": time,
        "cpu": time,
        "machine": 0,
        "phases": [0] * len(PHASES),
        "queries": {},
        "sql": {},
        "cache_hits": 0,
        "cache_misses": 0,
        "raw_bytes": 100,
        "wire_bytes": 100,
        "gzip_bytes": -1,
        "collections": [0, 0, 0],
        "hops": 0,
        "parallel": [0] * len(PHASES),
    }
    return Sample(**fields | given)


def pause(generation: int = 0, cpu_ms: float = 1, request: int = -1, freed: int = 0) -> Pause:
    """A collection; between two requests, unless one is named."""
    return Pause(generation, round(cpu_ms * MS), freed, 0, request)


def memory(start_mb: float = 100, peak_mb: float = 120, *points: tuple[int, int]) -> Memory:
    return Memory(round(start_mb * MB), round(peak_mb * MB), round(peak_mb * MB), list(points))


def trial(samples: Sequence[Sample], *pauses: Pause, **given: Any) -> Trial:
    fields: dict[str, Any] = {"pauses": list(pauses), "memory": memory(), "collector": COLLECTOR}
    return Trial(list(samples), **fields | given)


def blocks(*rows: Mapping[str, Trial]) -> Blocks:
    """Complete blocks."""
    return Blocks([Block(dict(row), complete=True) for row in rows], stopped="blocks")


def metric(value: float | None, spread: float = 0.01) -> Metric:
    """A figure whose interval reaches so far to either side, relative to it."""
    if value is None:
        return Metric(None, reason="too few")
    return Metric(value, value * (1 - spread), value * (1 + spread), 4)


def simulated(policy: str = "default", **given: Any) -> Simulated:
    """1 ms of collections a request, pauses of 20 ms at most, 20 MB above the start."""
    fields: dict[str, Any] = {
        "policy": policy,
        "requests": 1000,
        "collections": (500, 50, 5),
        "visited": (1000, 1000, 1000),
        "freed": (10, 10, 10),
        "gc_ns": 1000.0 * MS,
        "gc_ns_per_request": 1.0 * MS,
        "gc_ns_p99": 5.0 * MS,
        "worst_pause_ns": 20.0 * MS,
        "worst_pauses_ns": (1.0 * MS, 2.0 * MS, 20.0 * MS),
        "peak_bytes": 20 * MB,
        "requests_to_full": 200,
        "reached_full": True,
        "why_stopped": "full cycle",
    }
    return Simulated(**fields | given)


def setting(name: str, **given: Any) -> Setting:
    """A simulated setting by its name, as the command line has it."""
    policy = parse("default" if name == CURRENT else name)
    return Setting(policy, name, simulated(str(policy), **given), on_front=True)


def simulation(*settings: Setting) -> Simulation:
    return Simulation(list(settings), seconds=2.0, requests=100, current=CURRENT, pauses=1000)


def ceiling(share: float | None = 0.2, **given: Any) -> Ceiling:
    fields: dict[str, Any] = {
        "share": metric(share),
        "routes": [route_gc()],
        "pauses": pauses(),
        "trials": 4,
        "requests": 4000,
        "seconds": 10.0,
        "reached_full": True,
    }
    return Ceiling(**fields | given)


def route_gc(route: str = "api/epg/", **given: Any) -> RouteGc:
    fields: dict[str, Any] = {
        "method": "GET",
        "route": route,
        "weight": 1000.0,
        "n": 4000,
        "cpu": metric(0.01),
        "gc": metric(0.002),
        "share": metric(0.2),
        "collections": [500.0, 50.0, 5.0],
        "longest": 0.02,
    }
    return RouteGc(**fields | given)


def pauses(longest: float = 0.02) -> list[Pauses]:
    return [Pauses(0, 500, 0.1, 0.001), Pauses(1, 50, 0.05, 0.002), Pauses(2, 5, 0.1, longest)]


def tried(name: str, *, gc: float | None = 0.001, p99: float | None = 1.0, **given: Any) -> Tried:
    """A measured setting: seconds of GC a request, and the upper bound of its p99's ratio."""
    fields: dict[str, Any] = {
        "policy": parse("default" if name == CURRENT else name),
        "name": name,
        "role": "current" if name == CURRENT else "simulated",
        "requests": 4000,
        "gc": metric(gc),
        "share": metric(0.1),
        "cpu": metric(0.01),
        "per_cpu_second": metric(100),
        "mean": metric(0.011),
        "tails": [tail(0.5), tail(0.95), tail(0.99, p99)],
        "collections": [500.0, 50.0, 5.0],
        "pauses": pauses(),
        "peak_rss": metric(120 * MB),
        "growth": metric(20 * MB),
        "slope": Metric(100.0, -50.0, 250.0, 4),
        "uncollectable": 0,
        "reached_full": True,
    }
    return Tried(**fields | given)


def tail(q: float, high: float | None = 1.0, cpu_s: float | None = 0.02) -> Tail:
    ratio = (
        Metric(None, reason="too few") if high is None else Metric(high - 0.1, high - 0.2, high, 8)
    )
    return Tail(q, metric(0.02), ratio, metric(cpu_s), ratio)


def comparison(name: str, outcome: Any = "lower", of: str = GC_METRIC) -> Comparison:
    size = None if outcome == "can't tell" else Metric(0.5, 0.4, 0.6, 8)
    return Comparison(name, of, "CPU time", "s", "lower", 0.002, 0.001, "ratio", outcome, 8, size)


def verification(*settings: Tried, outcomes: Mapping[str, str] | None = None) -> Verification:
    """The current setting beside others, all of which take less GC time unless said otherwise."""
    told = {each.name: "lower" for each in settings} | dict(outcomes or {})
    return Verification(
        tried=[tried(CURRENT, gc=0.002), *settings],
        comparisons=[comparison(name, outcome) for name, outcome in told.items()],
        verdicts={name: f"time: {outcome}" for name, outcome in told.items()},
        blocks=8,
        stopped="blocks",
        failures=[],
        seconds=150.0,
    )


def audited(*routes: RouteAudit, garbage_free: bool = False) -> AuditResult:
    return AuditResult(list(routes), 100.0, 1.0, garbage_free, why="GET /api/epg/ leaves 10 kB")


def route_audit(objects: int = 100, *, most: int | None = None, **given: Any) -> RouteAudit:
    """What a route leaves: so many objects, up to ``most`` in some rounds."""
    high = objects if most is None else most
    fields: dict[str, Any] = {
        "method": "GET",
        "route": "api/epg/",
        "weight": 1000.0,
        "rounds": 3,
        "objects": Spread(objects, (objects + high) / 2, high),
        "bytes": Spread(64 * objects, 32.0 * (objects + high), 64 * high),
        "held_bytes": 64.0 * high,
        "types": [],
        "links": [],
        "frees_by_origin": {},
        "growth": [],
    }
    return RouteAudit(**fields | given)


def growth(holder: str = "list app.views.SEEN") -> Growth:
    return Growth(holder, "app/views.py:3", ["dict"], 1.0)


def result(**parts: Any) -> GcSweepResult:
    """A result that says nothing but what it is given."""
    fields: dict[str, Any] = {
        "app": AppFacts("3.13.1", "5.2", "wsgi", False, [], {}, {}),
        "machine": MACHINE,
        "weights_from": "a file",
        "current": None,
        "default": (2000, 10, 10),
        "goal": "cpu",
        "max_rss": "+10%",
        "unmeasured": [],
        "warnings": [],
    }
    return GcSweepResult(**fields | parts)


def parts() -> dict[str, Any]:
    """Every part that a result may have."""
    other = tried("50000,5,2", predicted=simulated("50000,5,2"))
    return {
        "current": COLLECTOR,
        "noise": Noise(0.2, 0, 0.0, 0.0, 0.0),
        "ceiling": ceiling(),
        "audit": audited(route_audit(growth=[growth()])),
        "simulation": simulation(setting(CURRENT), setting("50000,5,2"), setting("disable")),
        "verification": verification(other),
        "instructions": [Counted("default", "perf", 1_000_000, 10, 20)],
        "recommendation": Recommendation(
            other.policy,
            "Use 50000,5,2",
            ["it takes less"],
            measured=True,
            snippets={"AppConfig.ready": "import gc\n"},
            refused=["disable: nothing would ever free its cyclic garbage"],
        ),
        "regressions": ["GET /api/epg/ leaves 200 objects to the collector, before 100"],
        "unmeasured": [Unmeasured("GET", "admin/", "login")],
        "warnings": ["DEBUG is on"],
    }
