"""The audit of cyclic garbage as report blocks."""

from collections.abc import Sequence

from djtune.garbage.audit_findings import request_of
from djtune.garbage.cycles import AuditResult, Link, RouteAudit, Spread
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table
from djtune.reports.findings import finding_block

ROUTES_SHOWN = 12
LINKS_SHOWN = 8
TYPES_SHOWN = 5
NAMED = 3
"""Routes that are named in a sentence, rather than counted."""
_OF = {
    "app": "the app",
    "django": "Django",
    "rest_framework": "REST framework",
    "library": "a library",
    "python": "Python",
}


def blocks(result: AuditResult) -> list[Block]:
    """What requests leave to the collector: route by route, what to do, by link and by type."""
    audited = [route for route in result.routes if route.rounds]
    found: list[Block] = [
        Heading("What requests leave to the collector", anchor="cycles"),
        _summary(result),
    ]
    if missing := [request_of(route) for route in result.routes if not route.rounds]:
        found.append(_not_audited(missing))
    if audited:
        found.append(_routes(audited))
    found += _cut_short(audited)
    found += [finding_block(finding) for finding in result.findings]
    if any(route.links for route in audited):
        found.append(_links(audited))
    if audited and audited[0].types:
        found.append(_types(audited[0]))
    return found


def _not_audited(missing: Sequence[str]) -> Note:
    return Note(
        f"Not audited, as not answered: {_named(missing)}; see “Not measured” below.", tone="warn"
    )


def _cut_short(routes: Sequence[RouteAudit]) -> list[Block]:
    reasons = dict.fromkeys(route.cut_short for route in routes if route.cut_short)
    return [
        Note(f"{_named([request_of(r) for r in routes if r.cut_short == why])}: {why}.", "warn")
        for why in reasons
    ]


def _named(requests: Sequence[str]) -> str:
    return ", ".join(requests) if len(requests) <= NAMED else f"{len(requests)} routes"


def _summary(result: AuditResult) -> Note:
    if result.garbage_free:
        return Note(f"Nothing for the collector to do: {result.why}.", tone="good")
    if not any(route.rounds for route in result.routes):
        return Note("No request could be audited.", tone="warn")
    return Note(
        f"A request leaves {fmt.count(round(result.objects_per_request))} objects in cycles on "
        f"average. With gc.disable(), each 1,000 requests of the workload would keep "
        f"{fmt.size(1e6 * result.leaked_mb)} for good.",
        tone="plain",
    )


def _routes(routes: Sequence[RouteAudit]) -> Table:
    hidden = len(routes) - ROUTES_SHOWN
    return Table(
        [
            Column("route"),
            Column("objects", "right"),
            Column("bytes", "right", priority=2),
            Column("without a collector, per 1,000", "right"),
            Column("free if only these were cut", priority=1),
            Column("n", "right", priority=3),
        ],
        [_route(route) for route in routes[:ROUTES_SHOWN]],
        caption="Objects that the collector tracks, in cycles or hanging from them: counts, the "
        "same on any machine; one figure where every round had the same, else the median and the "
        "range. Per 1,000 requests: memory that stays without a collection, texts and numbers "
        "included (tracemalloc, one request a step)."
        + (f" {hidden} more routes, with less in all: --format json." if hidden > 0 else ""),
    )


def _route(route: RouteAudit) -> list[Cell]:
    share = ", ".join(
        f"{_OF[origin]}: {fmt.share(freed / route.objects.high)}"
        for origin, freed in sorted(route.frees_by_origin.items(), key=lambda each: -each[1])
        if route.objects.high
    )
    return [
        Cell(request_of(route)),
        _count(route.objects),
        Cell(fmt.size(route.bytes.median)),
        Cell(fmt.size(1000 * route.held_bytes), tone="warn" if route.leaked_mb > 1000 else "plain"),
        Cell(share, tone="muted"),
        Cell(f"{route.rounds}"),
    ]


def _count(counts: Spread) -> Cell:
    if counts.exact:
        return Cell(f"{counts.high:,}")
    return Cell(fmt.count(counts.median), note=f"{counts.low:,}–{counts.high:,}")


def _links(routes: Sequence[RouteAudit]) -> Table:
    """Each link once, with the route where cutting it frees most."""
    best: dict[tuple[str, str], tuple[Link, RouteAudit]] = {}
    spread: dict[tuple[str, str], int] = {}
    for route in routes:
        for link in route.links:
            key = (link.module, link.name)
            spread[key] = spread.get(key, 0) + 1
            if key not in best or best[key][0].frees < link.frees:
                best[key] = (link, route)
    ranked = sorted(best.items(), key=lambda each: _rank(*each[1]))
    hidden = len(ranked) - LINKS_SHOWN
    return Table(
        [
            Column("link"),
            Column("of"),
            Column("frees alone", "right"),
            Column("in"),
            Column("routes", "right", priority=2),
            Column("where", priority=3),
        ],
        [_link(link, route, spread[key]) for key, (link, route) in ranked[:LINKS_SHOWN]],
        title="Links that close cycles",
        caption="“frees alone”: objects that reference counts would free if this link alone were "
        "cut, worked out on the garbage itself. Most objects are in several cycles, so that most "
        "cuts free little by themselves; those marked * leave nothing if all of them are cut."
        + (f" {hidden} more: --format json." if hidden > 0 else ""),
    )


def _rank(link: Link, route: RouteAudit) -> tuple[bool, float, str]:
    return (link.origin != "app", -link.frees * max(route.weight, 1e-9), link.name)


def _link(link: Link, route: RouteAudit, routes: int) -> list[Cell]:
    return [
        Cell(link.name + (" *" if link.needed else ""), note=" → ".join(_ends(link))),
        Cell(_OF[link.origin], tone="warn" if link.origin == "app" else "plain"),
        Cell(f"{link.frees:,} of {route.objects.high:,}"),
        Cell(request_of(route)),
        Cell(f"{routes}"),
        Cell(link.where, tone="muted"),
    ]


def _ends(link: Link) -> list[str]:
    return [", ".join(link.holders), ", ".join(link.targets)]


def _types(route: RouteAudit) -> Table:
    others = route.types[TYPES_SHOWN:]
    rows = [
        [Cell(each.name), Cell(f"{each.objects:,}"), Cell(fmt.size(each.bytes))]
        for each in route.types[:TYPES_SHOWN]
    ]
    if others:
        rows.append(
            [
                Cell(f"{len(others)} more types", tone="muted"),
                Cell(f"{sum(each.objects for each in others):,}"),
                Cell(fmt.size(sum(each.bytes for each in others))),
            ]
        )
    return Table(
        [Column("type"), Column("objects", "right"), Column("bytes", "right")],
        rows,
        title=f"By type: {request_of(route)}",
    )
