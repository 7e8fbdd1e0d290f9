"""All about each route: its phases, its queries and where they come from, what it waits for."""

from collections.abc import Sequence

from djtune.profiling.labels import PHASE_LABELS, request_of
from djtune.profiling.query_group import Place, QueryGroup
from djtune.profiling.repeats import shorten_sql
from djtune.profiling.result import ProfileResult, RouteResult
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Bar,
    Bars,
    Block,
    Cell,
    Column,
    Heading,
    Note,
    Page,
    Table,
    Tone,
)
from djtune.reports.findings import finding_block

SHOWN_QUERIES = 8
"""Of all routes, in the report's own table; beyond the third only those that cost 1 %."""
LEAST_SHOWN = 3
WORTH_SHOWING = 0.01
NARROW = 64
"""Letters of a query in the report's own table."""
SHOWN_A_ROUTE = 40
VERDICTS: dict[str, tuple[str, Tone]] = {
    "n+1": ("N+1", "warn"),
    "duplicate": ("asked before", "warn"),
    "lazy": ("lazy", "warn"),
    "never-changing": ("never changes", "plain"),
    "plain": ("", "plain"),
}


def page_anchor(route: RouteResult) -> str:
    """What links to a route's page."""
    letters = "".join(c if c.isalnum() else "-" for c in f"{route.method}-{route.route}".lower())
    return "route-" + "-".join(filter(None, letters.split("-")))


def dearest_queries(routes: Sequence[RouteResult]) -> list[Block]:
    """The queries that cost most in all, over the workload."""
    every = [(route, group) for route in routes for group in route.query_groups]
    every.sort(key=lambda pair: -pair[0].weight * pair[1].seconds)
    whole = sum(route.weight * (route.mean.value or 0.0) for route in routes)
    shown = [
        (route, group)
        for number, (route, group) in enumerate(every[:SHOWN_QUERIES])
        if route.weight * group.seconds > (WORTH_SHOWING * whole if number >= LEAST_SHOWN else 0)
    ]
    if not shown:
        return []
    columns = [
        Column("query", help="values, lists and names that vary are folded"),
        Column("of all", "right", help="of all server time: SQL and ORM, estimated"),
        Column("a request", "right", help="time in SQL and ORM, estimated"),
        Column("times", "right", 1, help="queries a request"),
        Column("route", "left", 2),
    ]
    rows = [
        [
            _query(group, width=NARROW),
            Cell(fmt.share(route.weight * group.seconds / whole if whole else None)),
            Cell(fmt.duration(group.seconds)),
            _times(group),
            Cell(request_of(route), link=page_anchor(route)),
        ]
        for route, group in shown
    ]
    return [
        Heading("The dearest queries", anchor="queries"),
        Table(
            columns,
            rows,
            caption="From the detail pass: each query's part of the time that SQL and ORM take of "
            "its route. Below each stands the place in the app that asks.",
        ),
    ]


def pages(result: ProfileResult) -> list[Page]:
    """A page a route, in the order of the ranking."""
    return [_page(route, result) for route in result.routes]


def _page(route: RouteResult, result: ProfileResult) -> Page:
    blocks: list[Block] = [Note(_about(route), tone="plain"), _phases(route)]
    if route.query_groups:
        blocks.append(_queries(route))
    if route.waits:
        blocks.append(_waits(route))
    title = request_of(route)
    found = [finding for finding in result.findings if title in finding.routes]
    if found:
        blocks += [Heading("What to do", level=2), *map(finding_block, found)]
    return Page(
        title=request_of(route),
        anchor=page_anchor(route),
        blocks=blocks,
        summary=f"{fmt.share(route.share.value)} of all server time, "
        f"mean {fmt.duration(route.mean.value)}, {route.queries.value or 0:.3g} queries",
    )


def _about(route: RouteResult) -> str:
    return (
        f"View {route.view}, {route.where or 'source unknown'}. "
        f"{route.n:,} warm requests; {route.weight:.3g} in 1,000 of the workload."
    )


def _phases(route: RouteResult) -> Bars:
    named = [(label, getattr(route.phases, name)) for name, label in PHASE_LABELS.items()]
    longest = max((seconds for _, seconds in named), default=0.0)
    shown = sorted((pair for pair in named if pair[1] > longest / 500), key=lambda p: -p[1])
    return Bars(
        [Bar(label, seconds, fmt.duration(seconds)) for label, seconds in shown],
        title="Where a request's time goes, on average",
    )


def _queries(route: RouteResult) -> Table:
    asked = [group for group in route.query_groups if group.count]
    ordered = sorted(asked, key=lambda group: -group.seconds)
    columns = [
        Column("query"),
        Column("times", "right", help="queries a request"),
        Column("a request", "right", help="time in SQL and ORM, estimated"),
        Column("of the route", "right"),
        Column("verdict"),
    ]
    mean = route.mean.value or 0.0
    rows = [
        [
            _query(group, via=True),
            _times(group),
            Cell(fmt.duration(group.seconds)),
            Cell(fmt.share(group.seconds / mean if mean else None)),
            _verdict(group),
        ]
        for group in ordered[:SHOWN_A_ROUTE]
    ]
    caption = "Below each query stands where it comes from, and what called that."
    if len(ordered) > SHOWN_A_ROUTE:
        caption += f" {len(ordered) - SHOWN_A_ROUTE} cheaper ones are in the JSON."
    return Table(columns, rows, title="Queries", caption=caption)


def _query(group: QueryGroup, *, via: bool = False, width: int = 110) -> Cell:
    places = [group.site, *group.via[:2]] if via else [group.site]
    return Cell(
        shorten_sql(group.pattern, width), note=" ← ".join(filter(None, map(_place, places)))
    )


def _place(place: Place) -> str:
    if not place.where:
        return "outside of the app's code" if place.kind == "unknown" else place.what
    return f"{place.where} {place.what}" if place.kind != "template" else place.where


def _times(group: QueryGroup) -> Cell:
    even = group.count == group.most
    return Cell(f"{group.count:.3g}", note="" if even else f"up to {group.most}")


def _verdict(group: QueryGroup) -> Cell:
    text, tone = VERDICTS[group.verdict]
    note = ""
    if group.verdict == "n+1" and group.with_half_rows is not None:
        note = f"{group.with_half_rows:.3g} with half of the rows"
    return Cell(text, note=note, tone=tone)


def _waits(route: RouteResult) -> Table:
    return Table(
        [Column("waits at"), Column("a request", "right", help="estimated")],
        [
            [
                Cell(_place(wait.places[0]), note=" ← ".join(map(_place, wait.places[1:3]))),
                Cell(fmt.duration(wait.seconds)),
            ]
            for wait in route.waits
        ],
        title="Waiting for something other than the database and the cache",
    )
