"""A plan as report blocks."""

from djtune.redis_memory.plan import USABLE, Plan, PlanPoint
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table


def plan_blocks(plan: Plan) -> list[Block]:
    """Bytes for the users to come, and what more memory saves the database."""
    found: list[Block] = [Heading("Plan", anchor="plan"), _growth(plan), Note(_what_grows(plan))]
    if plan.saved:
        found.append(_saved(plan))
    elif plan.saved_missing:
        found.append(Note(f"Queries saved: {fmt.na(plan.saved_missing)}."))
    return found


def _growth(plan: Plan) -> Table:
    columns = [Column("when"), Column("users", "right"), Column("entries", "right")]
    if plan.instance is not None:
        columns.append(Column("instances", "right", help=f"of {fmt.size(plan.instance)}"))
    caption = "Estimate: bytes of the entries, with what Redis adds to each, and 95 % bounds."
    if plan.growth is not None:
        caption += f" Users grow by {fmt.share(plan.growth)} a month, compounded."
    if plan.instance is not None:
        caption += (
            f" {fmt.share(USABLE)} of an instance of {fmt.size(plan.instance)} is for data; "
            "counted for the upper bound."
        )
    return Table(columns, [_row(point) for point in plan.points], caption=caption)


def _row(point: PlanPoint) -> list[Cell]:
    held = point.bytes
    cells = [
        Cell(_when(point.months)),
        Cell(f"{point.users:,.0f}"),
        Cell(fmt.size(held.value), note=fmt.interval(held.low, held.high, fmt.size, held.value)),
    ]
    if point.instances is not None:
        cells.append(Cell(f"{point.instances:,}"))
    return cells


def _when(months: float | None) -> str:
    if months is None:
        return "now"
    return "as planned" if not months else f"{months:g} months on"


def _what_grows(plan: Plan) -> str:
    text = f"Grows with the users: {_listed(plan.growing)}."
    return text + (f" Taken to stay as it is: {_listed(plan.steady)}." if plan.steady else "")


def _listed(patterns: list[str], most: int = 5) -> str:
    more = f" and {len(patterns) - most} more" if len(patterns) > most else ""
    return (", ".join(patterns[:most]) or "nothing") + more


def _saved(plan: Plan) -> Table:
    return Table(
        [
            Column("memory", "right"),
            Column("recomputing saved", "right", help="seconds in an hour"),
            Column("queries saved", "right"),
        ],
        [
            [
                Cell(fmt.size(step.bytes)),
                Cell(f"{fmt.duration(step.seconds_per_hour)}/h"),
                Cell(f"{fmt.count(step.queries_per_second)}/s"),
            ]
            for step in plan.saved
        ],
        title="What each step of memory saves the database",
        caption="Estimate: the cost of the misses saved, at the app's mean queries for each second "
        "of server time (from the profile).",
    )
