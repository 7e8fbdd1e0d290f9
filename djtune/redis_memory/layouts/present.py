"""A trial of layouts as report blocks."""

import math
from collections.abc import Sequence

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.findings import cliff_finding, lines
from djtune.redis_memory.layouts.result import Cliff, LayoutResult, LayoutTrial, Operation
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Finding, Heading, Note, Table
from djtune.reports.findings import finding_block

TIMED: tuple[tuple[Operation, str], ...] = (
    ("read_all", "read all"),
    ("read_one", "read a field"),
    ("update_one", "change a field"),
)


def layout_blocks(trial: LayoutTrial, cliffs: Sequence[Cliff] = ()) -> list[Block]:
    """What was tried, the table, the one recommendation, and limits that keys exceed."""
    found: list[Block] = [
        Heading(f"Layouts of {trial.source}", anchor=f"layouts-{trial.source}"),
        *_doubts(trial),
        _table(trial),
        _recommendation(trial),
        *(finding_block(cliff_finding(each)) for each in cliffs),
    ]
    found += [Note(f"Not tried: {name}: {why}.") for name, why in trial.left_out.items()]
    found += [Note(note) for note in trial.notes]
    return found


def _doubts(trial: LayoutTrial) -> list[Note]:
    if not trial.modelled:
        return []
    return [
        Note(
            f"Modelled: tried on {trial.server}, and yours is {trial.wanted}. Bytes differ between "
            "versions: with your version on PATH they would be measured.",
            tone="warn",
        )
    ]


def _table(trial: LayoutTrial) -> Table:
    operations = [(kind, title) for kind, title in TIMED if kind in trial.layouts[0].times]
    columns = [
        Column("layout"),
        Column("an entry", "right", help="growth of used_memory, tables and TTL included"),
        Column("less than now", "right", 2),
        Column("encoded", "right", 5, help="without keys and what Redis adds"),
    ]
    if trial.population is not None:
        columns.append(Column("all entries", "right", 3))
    columns += [Column(title, "right", 4) for _, title in operations]
    columns.append(Column("server", "right", 5, help="its own time to read a whole entry"))
    if len(operations) > 1:
        columns.append(Column("a field at a time", "left", 1, help="changed without a race"))
    rows = [
        _row(each, trial, [kind for kind, _ in operations], len(operations) > 1)
        for each in trial.layouts
    ]
    return Table(columns, rows, caption=_caption(trial))


def _row(
    layout: LayoutResult, trial: LayoutTrial, kinds: Sequence[Operation], fields: bool
) -> list[Cell]:
    chosen = layout.name == trial.recommendation.layout
    cells = [
        Cell(layout.label, note=_needs(layout), tone="good" if chosen else "plain"),
        _bytes(layout.bytes),
        Cell("·", tone="muted") if layout.name == "present" else _bytes(layout.saving),
        Cell(fmt.size(layout.payload)),
    ]
    if trial.population is not None:
        cells.append(Cell(fmt.size(layout.bytes.value * trial.population)))
    for kind in kinds:
        time = layout.times[kind]
        cells.append(
            Cell(
                fmt.duration(time.seconds),
                note=fmt.interval(time.low, time.high, fmt.duration, time.seconds),
            )
        )
    cells.append(Cell(fmt.duration(layout.times["read_all"].server_seconds)))
    if fields:
        cells.append(_changing(layout))
    return cells


def _changing(layout: LayoutResult) -> Cell:
    if layout.atomic:
        return Cell("yes")
    trips = layout.times["update_one"].round_trips
    return Cell("no", note=f"{fmt.plural(trips, 'trip', 'trips')} to change one", tone="warn")


def _needs(layout: LayoutResult) -> str:
    return "; ".join(filter(None, [lines(layout.settings), layout.note]))


def _bytes(amount: Amount) -> Cell:
    if math.isinf(amount.low):
        return Cell(fmt.size(round(amount.value)), note="no interval from n=1")
    value, low, high = (round(each) for each in (amount.value, amount.low, amount.high))
    return Cell(fmt.size(value), note=fmt.interval(low, high, fmt.size, value))


def _caption(trial: LayoutTrial) -> str:
    time = trial.layouts[0].times["read_all"]
    ttl = "" if not trial.with_ttl else f", {fmt.share(trial.with_ttl)} of them with a TTL"
    return (
        f"{trial.entries:,} entries of yours{ttl}, loaded into a throw-away {trial.server}; 95 % "
        "intervals from the spread between entries. Times: one client on this machine's unix "
        f"socket, encoding included, median of rounds made in turn, n={time.n} of each: compare "
        "them with each other alone, a network adds its round trip to each."
    )


def _recommendation(trial: LayoutTrial) -> Finding:
    advice = trial.recommendation
    chosen = next(each for each in trial.layouts if each.name == advice.layout)
    stays = chosen.name == "present"
    saving = ""
    if not stays:
        saving = f"{fmt.size(round(advice.saving.value))} an entry"
        if trial.population is not None:
            saving += f", {fmt.size(advice.saving.value * trial.population)} of all (estimate)"
    return Finding(
        title="Leave the layout as it is" if stays else f"Store it as {chosen.label}",
        where=trial.source,
        evidence=advice.why,
        saving=saving,
        patch="\n".join(f"CONFIG SET {name} {value}" for name, value in advice.settings.items()),
        confidence="modelled" if trial.modelled else "measured on your own entries",
        severity="info" if stays else "medium",
    )
