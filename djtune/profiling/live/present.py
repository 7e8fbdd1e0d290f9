"""The samples of a running server as report blocks."""

from collections.abc import Sequence

from djtune.profiling.live.result import Hot, LiveProcess, LiveResult, LiveView
from djtune.reports import format as fmt
from djtune.reports.blocks import (
    Block,
    Cell,
    Column,
    Command,
    Heading,
    Note,
    Report,
    Segment,
    Stack,
    Table,
)

SHOWN_VIEWS = 25
DETAILED_VIEWS = 10
SHOWN_HOT = 5
SHOWN_ROUTES = 3
COUNTED = {
    "wall": "all threads, waiting or not: shares are of time",
    "active": "threads at work only: waits are in no figure",
    "gil": "the thread that holds the interpreter's lock only: shares are of Python's CPU time",
}
UNTOLD = (
    "Where the frames do not tell the view, its code is named instead: a method that several views "
    "inherit, work that an async view gave to a thread, a response that is rendered after its view "
    "returned."
)


def present(
    result: LiveResult, next_command: str = "", why: str = "", flames: Sequence[Block] = ()
) -> Report:
    """The report: what bends the figures, the views by their share, what each one does.

    ``flames`` is the section of the flame graphs, where there is one.
    """
    blocks: list[Block] = [Note(f"Beware: {warning}", tone="warn") for warning in result.warnings]
    blocks += [
        _coverage(result),
        Heading("Where requests spend their time", anchor="views"),
        _views(result),
        Heading("What ran there", anchor="code"),
        Note(
            "Of the samples of each: the functions that ran, or waited, themselves; and the lines"
            " of the project's own code that were innermost."
        ),
        *(_code(view) for view in result.views[:DETAILED_VIEWS]),
        *flames,
        Heading("How it was recorded", anchor="method"),
        _processes(result.processes),
        *_method(result),
    ]
    if next_command:
        blocks.append(Command(next_command, why))
    return Report(
        title="A running server, from outside",
        subtitle=f"process {result.pid}, {fmt.count(result.seconds)} s at {result.rate} Hz",
        blocks=blocks,
    )


def _coverage(result: LiveResult) -> Note:
    text = (
        f"{fmt.count(result.samples)} samples inside requests, "
        f"of {fmt.plural(len(result.processes), 'process', 'processes')}; "
        f"{fmt.count(result.outside)} of threads in no request are in no figure"
    )
    if result.outside_functions:
        text += f" (most in {_function(result.outside_functions[0])})"
    if result.handed_over:
        text += (
            f", nor are {fmt.count(result.handed_over)} of threads whose request went on in another"
            " one"
        )
    return Note(f"{text}.", tone="plain")


def _views(result: LiveResult) -> Table:
    shown = result.views[:SHOWN_VIEWS]
    caption = UNTOLD if any(view.kind == "untold" for view in shown) else ""
    if len(result.views) > len(shown):
        caption += f" And {len(result.views) - len(shown)} more (--format json lists all)."
    return Table(
        [
            Column("route"),
            Column("view"),
            Column("share", "right", help="of all samples inside requests, with its 95 % interval"),
            Column("", priority=2),
            Column("most in", priority=1, help="the function that ran, or waited, itself"),
            Column("samples", "right", priority=3),
        ],
        [_row(view) for view in shown],
        caption=caption.strip(),
    )


def _row(view: LiveView) -> list[Cell]:
    share, top = view.share, view.functions[0]
    text = fmt.share(share.value)
    return [
        Cell(_routes(view), tone="plain" if view.routes else "muted"),
        Cell(view.view, note=view.where, tone="plain" if view.kind == "view" else "muted"),
        Cell(text, note=fmt.interval(share.low, share.high, fmt.share, share.value)),
        Cell(stack=Stack([Segment("share", share.value or 0.0, text)])),
        Cell(f"{top.name} {fmt.share(top.share)}", note=top.where),
        Cell(fmt.count(view.samples)),
    ]


def _routes(view: LiveView) -> str:
    if not view.routes:
        return "–"
    shown = [f"/{route.lstrip('/')}" for route in view.routes[:SHOWN_ROUTES]]
    more = len(view.routes) - len(shown)
    joint = " or ".join(shown) + (f" or {more} more" if more else "")
    return f"one of {joint}" if view.kind == "untold" else joint


def _code(view: LiveView) -> Table:
    """The functions and lines of one view, side by side."""
    functions, lines = view.functions[:SHOWN_HOT], view.lines[:SHOWN_HOT]
    blank = Hot("", "", 0, 0.0)
    rows = [
        [
            *_hot(functions[n] if n < len(functions) else blank),
            *_hot(lines[n] if n < len(lines) else blank),
        ]
        for n in range(max(len(functions), len(lines)))
    ]
    return Table(
        [
            Column("function"),
            Column("self", "right"),
            Column("application line"),
            Column("share", "right"),
        ],
        rows,
        title=f"{view.view} {_routes(view)}" if view.routes else view.view,
    )


def _hot(hot: Hot) -> list[Cell]:
    if not hot.samples:
        return [Cell(), Cell()]
    return [Cell(hot.name, note=hot.where), Cell(fmt.share(hot.share))]


def _processes(processes: Sequence[LiveProcess]) -> Table:
    return Table(
        [
            Column("process"),
            Column("seconds", "right"),
            Column("samples", "right"),
            Column("requests", "right", help="threads inside a request, on average"),
            Column("CPU", "right", help="processors' worth of CPU time"),
            Column("failed", "right", priority=1, help="moments at which no stack could be read"),
        ],
        [
            [
                Cell(str(process.pid)),
                Cell(f"{process.seconds:.1f}"),
                Cell(fmt.count(process.samples)),
                Cell(f"{process.requests:.2f}"),
                Cell(fmt.na("not readable") if process.cpu is None else f"{process.cpu:.2f}"),
                Cell(fmt.count(process.errors)),
            ]
            for process in processes
        ],
    )


def _method(result: LiveResult) -> list[Block]:
    how = "paused for each sample" if result.paused else "not paused: a stack may be torn"
    notes: list[Block] = [
        Note(f"Counted: {COUNTED[result.counted]}. The server was {how}; no variable was read."),
        Note(
            "Intervals are binomial, widened by how far the windows of time differ; samples of one "
            "request resemble each other."
        ),
    ]
    if not result.routes_known:
        notes.append(
            Note("The project was not loaded, so views are told from the frames alone, not routes.")
        )
    return notes


def _function(hot: Hot) -> str:
    return f"{hot.name}, {hot.where}"
