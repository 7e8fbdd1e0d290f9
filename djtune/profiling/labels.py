"""How figures of a profile are named and shown, the same in every part of its report."""

from djtune.model.routes import path_of
from djtune.profiling.result import Phases, RouteResult
from djtune.reports import format as fmt
from djtune.reports.blocks import Segment

PHASE_LABELS = {
    "view": "view",
    "sql_execute": "SQL execute",
    "sql_fetch": "SQL fetch",
    "orm": "ORM",
    "serialization": "serialization",
    "template": "template",
    "cache": "cache",
    "waiting": "waiting",
    "gc": "GC",
    "middleware": "middleware",
    "python": "Python",
    "machine": "machine",
}


def request_of(route: RouteResult) -> str:
    """A route with its method, as every part of the report names it."""
    return f"{route.method} {path_of(route.route)}"


def segments(phases: Phases) -> list[Segment]:
    """The parts of a bar, one a phase."""
    return [
        Segment(label, value, fmt.duration(value))
        for name, label in PHASE_LABELS.items()
        if (value := getattr(phases, name)) > 0
    ]


def total_of(phases: Phases) -> float:
    """Seconds of all phases."""
    return float(sum(getattr(phases, name) for name in PHASE_LABELS))
