"""A profile's result as report blocks."""

from collections.abc import Sequence

from djtune.model.metrics import Metric
from djtune.model.routes import path_of
from djtune.profiling.comparison import present as present_comparison
from djtune.profiling.labels import PHASE_LABELS, segments, total_of
from djtune.profiling.present_routes import dearest_queries, page_anchor, pages
from djtune.profiling.production import in_production
from djtune.profiling.result import ProfileResult, RouteResult
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Finding,
    Heading,
    Note,
    Report,
    Stack,
    Table,
)
from djtune.reports.conditions import machine_note, needs_of, unmeasured_table
from djtune.reports.findings import finding_block

SHOWN_FINDINGS = 10
"""Findings of little weight beyond these are told in brief."""


def present(result: ProfileResult, next_command: str = "", why: str = "") -> Report:
    """The report: what bends the figures first, then the ranking, where time goes, what to do."""
    blocks: list[Block] = [Note(f"Beware: {warning}", tone="warn") for warning in result.warnings]
    blocks.append(_coverage(result))
    if result.comparison is not None:
        blocks += present_comparison.blocks(result.comparison)
    if result.routes:
        blocks += [
            Heading("Ranking by total server time", anchor="ranking"),
            _ranking(result),
            Heading("Where the time goes", anchor="phases"),
            _breakdown(result),
        ]
        if any(len(route.databases) > 1 for route in result.routes):
            blocks.append(_databases(result.routes))
        if any(total_of(route.parallel) for route in result.routes):
            blocks.append(_parallel(result.routes))
        blocks += in_production(result.routes)
        blocks += dearest_queries(result.routes)
    if result.findings:
        blocks.append(Heading("Findings", anchor="findings"))
        blocks += [
            finding_block(finding, brief=number >= SHOWN_FINDINGS and finding.severity == "low")
            for number, finding in enumerate(result.findings)
        ]
        if any(isinstance(block, Finding) and block.brief for block in blocks):
            blocks.append(
                Note("The last findings save little and are told in brief: --html FILE has all.")
            )
    if result.unmeasured:
        blocks += [
            Heading("Not measured", anchor="unmeasured"),
            unmeasured_table(result.unmeasured),
        ]
    blocks += [Heading("How it was measured", anchor="method"), *_method(result)]
    if result.trace_file:
        blocks += _timeline(result)
    if next_command:
        blocks.append(Command(next_command, why))
    app = result.app
    vendors = ", ".join(sorted(set(app.databases.values()))) or "no database"
    return Report(
        title="Where the server time goes",
        subtitle=f"Django {app.django} on Python {app.python}, {app.interface.upper()}, {vendors}",
        blocks=blocks,
        pages=pages(result),
    )


def _coverage(result: ProfileResult) -> Note:
    measured = len(result.routes)
    total = measured + len(result.unmeasured)
    needs = needs_of([entry.why for entry in result.unmeasured])
    others = ", ".join(f"{why} ({n})" for why, n in result.left_out.items())
    left_out = f" Left out: {others}." if others else ""
    rest = f"; the rest need {needs}" if needs else ""
    return Note(
        f"{measured} of {total} routes measured{rest}. "
        f"{fmt.plural(result.requests, 'request', 'requests')} in "
        f"{fmt.plural(result.trials, 'fresh process', 'fresh processes')}, "
        f"service time (one request at a time). Weights: {result.weights_from}.{left_out}",
        tone="plain",
    )


def _ranking(result: ProfileResult) -> Table:
    per = "an hour" if result.requests_per_hour else "1,000 requests"
    columns = [
        Column("#", "right"),
        Column("route"),
        Column("share", "right", help="of all server time: calls × mean, with 95 % interval"),
        Column("mean", "right", help="server time, first to last byte"),
        Column("p50", "right", 5),
        Column("p95", "right", 2),
        Column("p99", "right", 3),
        Column("where it goes", "left", 1, help="mean time by phase"),
        Column("queries", "right", 2),
        Column("bytes", "right", 4, help="of the body on the wire; after gzip below it"),
        Column("hits", "right", 7, help="cache hit ratio"),
        Column("weight", "right", 6, help=f"requests in 1,000 ({result.weights_from})"),
        Column("user-s", "right", 7, help=f"seconds that users wait in {per}, wire included"),
        Column("cold", "right", 8, help="first request in a fresh process"),
        Column("n", "right", 9),
    ]
    return Table(
        columns=columns,
        rows=[_ranking_row(route) for route in result.routes],
        caption=_caption(result, per),
    )


def _caption(result: ProfileResult, per: str) -> str:
    return (
        "95 % intervals. A rank with “=” is a tie: its interval overlaps another's. "
        f"user-s: seconds that users wait in {per}, with "
        f"{result.bandwidth / 1e6:g} Mbit/s (--bandwidth)."
    )


def _ranking_row(route: RouteResult) -> list[Cell]:
    return [
        Cell(route.rank),
        Cell(
            f"{route.method} {path_of(route.route)}",
            note=route.where,
            link=page_anchor(route),
        ),
        _metric(route.share, fmt.share),
        _metric(route.mean, fmt.duration),
        _metric(route.p50, fmt.duration),
        _metric(route.p95, fmt.duration),
        _metric(route.p99, fmt.duration),
        Cell(stack=Stack(segments(route.phases), full=True)),
        _queries(route.queries),
        Cell(
            fmt.size(route.wire_bytes.value),
            note=f"gzip {fmt.size(gzip)}" if (gzip := route.gzip_bytes.value) is not None else "",
        ),
        Cell(fmt.share(hits) if (hits := route.cache_hit_ratio.value) is not None else "–"),
        Cell(f"{route.weight:.3g}"),
        Cell(fmt.count(route.user_seconds)),
        _metric(route.cold, fmt.duration),
        Cell(f"{route.n:,}"),
    ]


def _metric(metric: Metric, formatter: fmt.Formatter) -> Cell:
    if metric.value is None:
        return Cell(fmt.NA, note=metric.reason, tone="muted")
    return Cell(
        formatter(metric.value),
        note=fmt.interval(metric.low, metric.high, formatter, metric.value),
    )


def _queries(metric: Metric) -> Cell:
    """An exact count: a range where requests differ."""
    value = metric.value or 0.0
    note = f"{metric.low:g}–{metric.high:g}" if metric.low != metric.high else ""
    return Cell(f"{value:.3g}", note=note)


def _breakdown(result: ProfileResult) -> Table:
    """Mean time per phase and route; phases that never matter are left out."""
    longest = max(total_of(route.phases) for route in result.routes)
    names = [
        name
        for name in PHASE_LABELS
        if any(getattr(route.phases, name) > longest / 10000 for route in result.routes)
    ]
    weight = {
        name: sum(route.weight * getattr(route.phases, name) for route in result.routes)
        for name in names
    }
    order = sorted(names, key=lambda name: -weight[name])
    columns = [Column("route"), Column("mean", "right")]
    columns += [
        Column(PHASE_LABELS[name], "right", max(0, place - 1)) for place, name in enumerate(order)
    ]
    rows = [_total_row(result.routes, order)]
    for route in result.routes:
        total = total_of(route.phases)
        cells = [Cell(f"{route.method} {path_of(route.route)}"), Cell(fmt.duration(total))]
        cells += [_phase_cell(name, getattr(route.phases, name), total) for name in order]
        rows.append(cells)
    return Table(
        columns,
        rows,
        caption="Exclusive: each moment is in one phase, and a row sums to its mean. “machine” is "
        "time in which the request could have run but the machine did something else; “!” marks "
        "half of a route's time or more.",
    )


def _total_row(routes: Sequence[RouteResult], order: Sequence[str]) -> list[Cell]:
    """All server time of the workload, by phase: the ceiling of any remedy."""
    whole = sum(route.weight * total_of(route.phases) for route in routes)
    cells = [Cell("all, as weighted"), Cell("100 %")]
    for name in order:
        part = sum(route.weight * getattr(route.phases, name) for route in routes)
        cells.append(Cell(fmt.share(part / whole if whole else None)))
    return cells


def _phase_cell(name: str, seconds: float, total: float) -> Cell:
    if not total or seconds < total / 1000:
        return Cell("·", tone="muted")
    large = seconds >= total / 2 and name != "machine"
    return Cell(fmt.duration(seconds), tone="warn" if large else "plain")


def _databases(routes: Sequence[RouteResult]) -> Table:
    return Table(
        [
            Column("route"),
            Column("database"),
            Column("queries", "right"),
            Column("SQL time", "right"),
        ],
        [
            [
                Cell(f"{route.method} {path_of(route.route)}"),
                Cell(alias),
                Cell(f"{cost.queries:.3g}"),
                Cell(fmt.duration(cost.seconds)),
            ]
            for route in routes
            for alias, cost in route.databases.items()
        ],
        title="By database",
    )


def _parallel(routes: Sequence[RouteResult]) -> Table:
    return Table(
        [Column("route"), Column("in parallel", "right"), Column("by phase")],
        [
            [
                Cell(f"{route.method} {path_of(route.route)}"),
                Cell(fmt.duration(total_of(route.parallel))),
                Cell(stack=Stack(segments(route.parallel))),
            ]
            for route in routes
            if total_of(route.parallel) > 0
        ],
        title="Beside the request",
        caption="Children that ran at the same time (gather, threads): not part of its time.",
    )


def _method(result: ProfileResult) -> list[Block]:
    notes: list[Block] = [
        machine_note(result.machine, result.noise),
        Note(_distinct(result)),
        Note(_overhead(result)),
    ]
    if result.connect_seconds:
        times = ", ".join(f"{a}: {fmt.duration(s)}" for a, s in result.connect_seconds.items())
        notes.append(
            Note(
                f"Opening a database connection took {times} (n=1 each) and is in no figure: "
                "each request ran in a transaction on an open connection, rolled back after it."
            )
        )
    return notes


def _timeline(result: ProfileResult) -> list[Block]:
    """Where the timeline of ``--trace`` is, what is in it, and what is not."""
    routes = len({(each.method, each.route) for each in result.traces})
    events = sum(each.events for each in result.traces)
    notes: list[Block] = [
        Note(
            f"Timeline: {len(result.traces)} requests of {routes} routes, {events:,} events, in "
            f"{result.trace_file}. Open it at https://ui.perfetto.dev, which reads it in your "
            "browser and sends it nowhere, or at chrome://tracing.",
            tone="plain",
        )
    ]
    if cut := [each for each in result.traces if each.cut]:
        names = ", ".join(dict.fromkeys(f"{each.method} {path_of(each.route)}" for each in cut))
        notes.append(
            Note(f"The timeline leaves out events where there were too many: {names}.", tone="warn")
        )
    return notes


def _distinct(result: ProfileResult) -> str:
    """How much was asked for: a cache that holds it all makes every figure look good."""
    asked = ", ".join(
        f"{route.distinct_params} on {path_of(route.route)}"
        for route in result.routes
        if route.distinct_params > 1
    )
    users = f"{result.distinct_users} distinct users" if result.distinct_users else "one visitor"
    return f"Asked in each process by {users}" + (f"; parameters: {asked}." if asked else ".")


def _overhead(result: ProfileResult) -> str:
    overhead = result.overhead
    if overhead is None:
        return f"djtune's own cost was not measured in this run: {result.overhead_missing}."
    ratio = overhead.ratio
    text = (
        f"djtune's own cost on this app: {_percent(ratio.value)} CPU time "
        f"[{_percent(ratio.low)} to {_percent(ratio.high)}], {overhead.pairs} pairs of rounds, "
        "bare against timed."
    )
    if (overhead.per_request or 0.0) > 0 and (overhead.per_query or 0.0) > 0:
        text += (
            f" By fit {fmt.duration(overhead.per_request)} a request and "
            f"{fmt.duration(overhead.per_query)} a query."
        )
    return text


def _percent(ratio: float | None) -> str:
    return "n/a" if ratio is None else f"{100 * (ratio - 1):+.1f} %"
