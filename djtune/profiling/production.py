"""Production's own figures beside the measured ones."""

from collections.abc import Sequence

from djtune.model.workload import Observed, Workload
from djtune.profiling.result import RouteResult
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Table


def add_observed(routes: Sequence[RouteResult], workload: Workload) -> None:
    """Put what the workload's log says beside what was measured of each route."""
    for route in routes:
        route.observed = workload.observed.get(f"{route.method} {route.route}")


def in_production(routes: Sequence[RouteResult]) -> list[Block]:
    """A table of observed beside measured figures; nothing where no log was read."""
    seen = [(route, route.observed) for route in routes if route.observed is not None]
    if not seen:
        return []
    total = sum(observed.requests for _, observed in seen)
    columns = [
        Column("route"),
        Column("requests", "right", 1, help="in the log, whatever the answer"),
        Column("share", "right", help="of the log's requests for these routes"),
        Column("4xx", "right", 2),
        Column("5xx", "right", 2),
        Column("other answers", priority=6),
        Column("mean seen", "right", help="by the server, of the answers that count"),
        Column("p50 seen", "right", 5),
        Column("p95 seen", "right", 3),
        Column("mean measured", "right"),
        Column("p95 measured", "right", 3),
        Column("ratio", "right", help="mean seen / mean measured"),
        Column("bytes seen", "right", 4),
        Column("n seen", "right", 5),
    ]
    rows = [_row(route, observed, total) for route, observed in seen]
    caption = (
        "Seen durations are the server's own and include queueing and, where it serves clients "
        "directly, the network; measured ones are service times, one request at a time. A ratio "
        "far above 1 is time that requests waited, a machine that is slower, or other data."
    )
    return [Heading("In production", anchor="production"), Table(columns, rows, caption=caption)]


def _row(route: RouteResult, seen: Observed, total: float) -> list[Cell]:
    measured = route.mean.value
    ratio = seen.mean / measured if seen.mean is not None and measured else None
    return [
        Cell(f"{route.method} /{route.route.removeprefix('^').removesuffix('$').lstrip('/')}"),
        Cell(f"{seen.requests:,.0f}"),
        Cell(fmt.share(seen.requests / total if total else None)),
        _part(seen, "4"),
        _part(seen, "5"),
        Cell(_others(seen)),
        Cell(fmt.duration(seen.mean)),
        Cell(fmt.duration(seen.p50)),
        Cell(fmt.duration(seen.p95)),
        Cell(
            fmt.duration(measured),
            note=fmt.interval(route.mean.low, route.mean.high, fmt.duration, measured),
        ),
        Cell(fmt.duration(route.p95.value), note=route.p95.reason),
        Cell(fmt.ratio(ratio)),
        Cell(fmt.size(seen.bytes)),
        Cell(f"{seen.timed:,}"),
    ]


def _part(seen: Observed, kind: str) -> Cell:
    """The share of a class of statuses, and which they are."""
    some = {status: n for status, n in seen.statuses.items() if status.startswith(kind)}
    if not some:
        return Cell("·", tone="muted")
    names = ", ".join(f"{n:,.0f} × {status}" for status, n in some.items())
    share = sum(some.values()) / seen.requests if seen.requests else None
    return Cell(fmt.share(share), note=names, tone="warn" if kind == "5" else "plain")


def _others(seen: Observed) -> str:
    """Answers that are neither plain success nor an error: ``1,200 × 304``."""
    return ", ".join(
        f"{n:,.0f} × {status}"
        for status, n in seen.statuses.items()
        if status != "200" and status[:1] not in ("4", "5")
    )
