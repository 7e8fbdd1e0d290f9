"""What collections cost now, as blocks of the report."""

from djtune.garbage.result import Ceiling, Pauses, RouteGc
from djtune.model.metrics import Metric
from djtune.model.routes import path_of
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table
from djtune.reports.format import Formatter

SHOWN_ROUTES = 12
_MOST = "no setting can win more"


def metric_cell(metric: Metric, formatter: Formatter) -> Cell:
    """A figure with its interval below it, or why there is none."""
    if metric.value is None:
        return Cell("n/a", note=metric.reason, tone="muted")
    return Cell(
        formatter(metric.value),
        note=fmt.interval(metric.low, metric.high, formatter, metric.value),
    )


def ceiling_blocks(ceiling: Ceiling) -> list[Block]:
    """The share in all, by route, and the pauses."""
    share = ceiling.share
    told = fmt.with_interval(share.value, share.low, share.high, fmt.share)
    blocks: list[Block] = [
        Heading("The most that tuning can win", anchor="ceiling"),
        Note(
            f"Collections take {told} of the CPU time at the current setting "
            f"({fmt.plural(ceiling.requests, 'request', 'requests')} in "
            f"{fmt.plural(ceiling.trials, 'fresh process', 'fresh processes')})"
            + (f": {_MOST}." if ceiling.whole_cycle is None else "."),
            tone="good" if ceiling.leave_alone else "plain",
        ),
    ]
    if ceiling.whole_cycle is not None:
        blocks.append(
            Note(
                f"With full collections, for which the trials were too short: about "
                f"{fmt.share(ceiling.whole_cycle)} (simulated): {_MOST}.",
                tone="plain",
            )
        )
    elif not ceiling.reached_full:
        blocks.append(
            Note(
                "Not every trial was long enough for a full collection, the dearest kind: its part "
                "is missing here. --duration makes them longer.",
                tone="warn",
            )
        )
    return [*blocks, _routes(ceiling), pauses_table(ceiling.pauses)]


def _routes(ceiling: Ceiling) -> Table:
    shown = ceiling.routes[:SHOWN_ROUTES]
    more = len(ceiling.routes) - len(shown)
    return Table(
        [
            Column("route"),
            Column("GC share", "right", help="of the route's CPU time, with 95 % interval"),
            Column("GC a request", "right", help="CPU time"),
            Column("CPU a request", "right", 1),
            Column("longest pause", "right"),
            Column("gens 0/1/2", "right", 2, help="collections in 1,000 requests"),
            Column("weight", "right", 3, help="requests in 1,000"),
            Column("n", "right", 3),
        ],
        [_route(route) for route in shown],
        caption=f"and {more} more (--format json lists all)" if more > 0 else "",
    )


def _route(route: RouteGc) -> list[Cell]:
    return [
        Cell(f"{route.method} {path_of(route.route)}"),
        metric_cell(route.share, fmt.share),
        metric_cell(route.gc, fmt.duration),
        metric_cell(route.cpu, fmt.duration),
        Cell(fmt.duration(route.longest)),
        Cell(" / ".join(fmt.count(float(f"{n:.3g}")) for n in route.collections)),
        Cell(fmt.count(round(route.weight))),
        Cell(f"{route.n}"),
    ]


def pauses_table(pauses: list[Pauses]) -> Table:
    """The collections by generation."""
    return Table(
        [
            Column("generation"),
            Column("collections", "right"),
            Column("CPU in all", "right"),
            Column("mean", "right"),
            Column("longest", "right"),
        ],
        [
            [
                Cell(f"{each.generation}"),
                Cell(f"{each.n:,}"),
                Cell(fmt.duration(each.total)),
                Cell(fmt.duration(each.total / each.n) if each.n else "none seen"),
                Cell(fmt.duration(each.longest) if each.n else ""),
            ]
            for each in pauses
        ],
        title="Collections that were seen",
    )
