"""What production asks for, as report blocks."""

from djtune.model.workload import Observed
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Heading,
    Note,
    Report,
    Table,
    Tone,
)
from djtune.reports.findings import finding_block

from .asked import ENOUGH_FOR_P95, ENOUGH_FOR_P99
from .findings import name_of
from .reading import FileRead
from .result import FromLogResult, RouteInLog

SHOWN = 40
TWICE = (
    "The files have different formats: if one server wrote them before another, the same requests "
    "are counted twice."
)


def present(result: FromLogResult, next_command: str = "", why: str = "") -> Report:
    """The report: what was read, the routes by requests, what to do."""
    blocks: list[Block] = [Note(_read(file), tone=_tone(file)) for file in result.files]
    if len({file.format for file in result.files if file.format}) > 1:
        blocks.append(Note(TWICE, tone="warn"))
    blocks.append(Note(_coverage(result), tone="plain"))
    if result.routes:
        blocks += [Heading("Routes by requests", anchor="routes"), _table(result)]
    if result.findings:
        blocks.append(Heading("Findings", anchor="findings"))
        blocks += [finding_block(finding) for finding in result.findings]
    if next_command:
        blocks.append(Command(next_command, why))
    return Report(
        title="What production asks for", subtitle=_sentence(result.weights_from), blocks=blocks
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _read(file: FileRead) -> str:
    if not file.format:
        return f"{file.name}: empty."
    text = f"{file.name}: requests read: {file.requests:,}; {file.format}"
    if file.duration_from:
        text += f"; durations from {file.duration_from}"
    if file.sample < 1:
        text += f"; a sample of {fmt.share(file.sample)}, counted {1 / file.sample:.3g}-fold"
    if file.dropped:
        text += f"; the recorder dropped {file.dropped:,}"
    if file.unreadable:
        text += f"; not read: {file.unreadable:,}, the first of them line {file.first_unreadable}"
    return text + "."


def _tone(file: FileRead) -> Tone:
    lost = file.unreadable + file.dropped
    return "warn" if lost > 0.01 * (file.requests + lost) else "muted"


def _coverage(result: FromLogResult) -> str:
    made = sum(one.in_workload == "journey" for one in result.routes)
    comments = sum(one.in_workload == "comment" for one in result.routes)
    text = f"Written to {result.workload}: {made} journeys"
    if comments:
        text += f", and {comments} as comments, which need a recipe or `unsafe: true`"
    text += (
        ". A weight is the number of requests that were answered as expected: 2xx, 304, or a "
        "permanent redirect that is a route's only answer."
    )
    others = result.others
    counts = {
        "static files": others.static,
        "media": others.media,
        "a missing slash at the end": others.slash,
        "no route": others.unknown + others.outside,
        "no path at all": others.malformed,
        "paths beyond --max-paths": others.not_looked_up,
    }
    rest = ", ".join(f"{n:,.0f} {what}" for what, n in counts.items() if n)
    if rest:
        text += f" Not routes' own: {rest}."
    if result.users is not None:
        text += f" Distinct users in what was recorded: {result.users:,}."
    if result.peak:
        text += (
            f" Busiest {result.peak.minutes} minutes: {result.peak.requests:,.0f} answers from "
            f"{result.peak.begins[:16].replace('T', ' ')} UTC, {result.peak.per_hour:,.0f} an hour."
        )
    return text


def _table(result: FromLogResult) -> Table:
    columns = [
        Column("route"),
        Column("requests", "right"),
        Column("share", "right", help="of the requests that a route was found for"),
        Column("weight", "right", 1, help="requests that were answered as expected"),
        Column("2xx", "right", 4),
        Column("3xx", "right", 4),
        Column("4xx", "right", 3),
        Column("5xx", "right", 2),
        Column("bytes", "right", 4, help="mean of the expected answers"),
        Column("mean", "right", 1),
        Column("p50", "right", 5),
        Column("p95", "right", 2),
        Column("p99", "right", 5),
        Column("in the workload", priority=1),
    ]
    more = len(result.routes) - SHOWN
    caption = (
        "Durations are what the server saw, queueing and sending included; quantiles within 1 %."
    )
    if more > 0:
        caption += f" And {more} more routes (--format json lists all)."
    return Table(columns, [_row(route) for route in result.routes[:SHOWN]], caption=caption)


def _row(route: RouteInLog) -> list[Cell]:
    seen = route.observed
    return [
        Cell(name_of(route)),
        Cell(f"{seen.requests:,.0f}"),
        Cell(fmt.share(route.share)),
        Cell(f"{route.weight:,.0f}"),
        *(_status(seen, kind) for kind in "2345"),
        Cell(fmt.size(seen.bytes)),
        _duration(seen, seen.mean, 1),
        _duration(seen, seen.p50, 1),
        _duration(seen, seen.p95, ENOUGH_FOR_P95),
        _duration(seen, seen.p99, ENOUGH_FOR_P99),
        Cell(
            {"journey": "yes", "comment": "comment", "no": "no"}[route.in_workload],
            note=route.why,
            tone="plain" if route.in_workload == "journey" else "muted",
        ),
    ]


def _status(seen: Observed, kind: str) -> Cell:
    count = sum(n for status, n in seen.statuses.items() if status.startswith(kind))
    if not count:
        return Cell("·", tone="muted")
    return Cell(f"{count:,.0f}", tone="warn" if kind == "5" else "plain")


def _duration(seen: Observed, seconds: float | None, needed: int) -> Cell:
    if seconds is None:
        reason = f"{needed} needed" if seen.timed else ""
        return Cell(fmt.NA, note=reason, tone="muted")
    return Cell(fmt.duration(seconds), note=f"n={seen.timed:,}" if needed == 1 else "")
