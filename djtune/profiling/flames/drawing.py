"""What becomes of a recording: the result's figures, the report's blocks, the pages beside it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from djtune.errors import DjtuneError, ExitCode
from djtune.model.workload import Workload
from djtune.profiling import ranking
from djtune.profiling.flames import graph as flamegraph
from djtune.profiling.flames import speedscope
from djtune.profiling.flames.graph import Node, Split
from djtune.profiling.flames.recording import Recorded
from djtune.profiling.result import Flamegraphs, RouteFlamegraph
from djtune.reports import format as f
from djtune.reports.blocks import Block, Cell, Column, Flame, Heading, Note, Report, Table
from djtune.servers.pyspy import Options

MERGED = "all.html"
SPEEDSCOPE = "profile.speedscope.json"
ALL = "all routes"
FEW = 1000
"""Samples below which a share of a half may be 3 points off by chance, √(0.25/n) × 1.96."""


class Drawing(Struct):
    """Flame graphs, ready to be shown and written."""

    result: Flamegraphs
    inline: list[Flame]
    """Those of the report, the merged one first."""
    pages: dict[str, Report]
    """File name → the report that makes its page."""
    speedscope: dict[str, Any]


def draw(recorded: Recorded, workload: Workload, skip: set[int], options: Options) -> Drawing:
    """A graph for each route that was seen, and one of all, weighted as the workload is.

    Raises :class:`DjtuneError` where no sample fell into a request: no graph is ever empty.
    """
    places = recorded.places
    split = flamegraph.split(recorded.recording, recorded.markers, places.djtune, idle=options.idle)
    read = flamegraph.Reader(places)
    if not any(split.routes.values()):
        raise DjtuneError(
            f"none of {f.count(recorded.recording.samples)} samples fell into a request",
            hint="record for longer, or at a higher --rate",
            exit_code=ExitCode.INCOMPLETE,
        )
    trees = {
        marker: flamegraph.grow(marker, stacks, read)
        for marker, stacks in split.routes.items()
        if stacks
    }
    order = sorted(trees, key=lambda marker: -trees[marker].value)
    trees = {marker: trees[marker] for marker in order}
    result = _result(recorded, split, options, flamegraph.file_names(order))
    weights = _weights(recorded, split, workload, skip, options)
    merged = flamegraph.merge(ALL, trees, weights)
    inline = [flamegraph.flame(merged, inline=True, title="All routes, as weighted", file=MERGED)]
    for route in result.routes:
        if route.file:
            tree = trees[_marker(route)]
            one = flamegraph.flame(tree, inline=True, title=_title(route), file=route.file)
            one.folded = True
            inline.append(one)
    return Drawing(
        result=result,
        inline=inline,
        pages=_pages(result, trees, merged),
        speedscope=speedscope.document(
            "djtune profile", {ALL: merged, **trees}, rate=recorded.recording.rate
        ),
    )


def _marker(route: RouteFlamegraph) -> str:
    return f"{route.method} {route.route}"


def _title(route: RouteFlamegraph) -> str:
    return f"{_marker(route)} · {f.share(route.share)} · {f.count(route.samples)} samples"


def _result(
    recorded: Recorded,
    split: Split,
    options: Options,
    files: Mapping[str, str],
) -> Flamegraphs:
    samples = split.samples
    marked = sum(samples.values())
    seconds = {
        marker: sum(recorded.seconds[step] for step in steps)
        for marker, steps in recorded.markers.items()
    }
    requests = {
        marker: sum(recorded.requests[step] for step in steps)
        for marker, steps in recorded.markers.items()
    }
    whole = sum(seconds.values())
    routes = []
    for marker in sorted(seconds, key=lambda marker: -seconds[marker]):
        if not requests[marker]:
            continue
        method, _, path = marker.partition(" ")
        routes.append(
            RouteFlamegraph(
                method=method,
                route=path,
                file=files.get(marker, ""),
                samples=samples[marker],
                share=samples[marker] / marked if marked else 0.0,
                wall_share=seconds[marker] / whole if whole else 0.0,
                requests=requests[marker],
            )
        )
    recording = recorded.recording
    return Flamegraphs(
        routes=routes,
        samples=marked,
        unmarked=split.unmarked,
        standing_still=split.standing_still,
        errors=recording.errors,
        behind=recording.behind,
        rate=recording.rate,
        seconds=recording.seconds,
        counted="gil" if options.gil else "wall" if options.idle else "active",
        native=options.native,
        merged=MERGED,
        speedscope=SPEEDSCOPE,
    )


def _weights(
    recorded: Recorded, split: Split, workload: Workload, skip: set[int], options: Options
) -> dict[str, float]:
    """Marker → what the workload spends there: by the wall times of the replay, or by the samples
    where these are of CPU time.
    """
    weight: dict[int, float] = {}
    for by_step in ranking.step_weights(workload, skip).values():
        weight.update(by_step)
    weights: dict[str, float] = {}
    for marker, steps in recorded.markers.items():
        requests = sum(recorded.requests[step] for step in steps)
        seen = split.samples[marker] / requests if requests else 0.0
        weights[marker] = sum(
            weight.get(step, 0.0)
            * (recorded.seconds[step] / recorded.requests[step] if options.idle else seen)
            for step in steps
            if recorded.requests[step]
        )
    return weights


def _pages(result: Flamegraphs, trees: Mapping[str, Node], merged: Node) -> dict[str, Report]:
    about = Note(about_recording(result), tone="muted")
    pages = {
        MERGED: Report(
            "All routes, weighted as the workload is",
            [flamegraph.flame(merged, inline=False), shares(result), about],
            subtitle="flame graph",
        )
    }
    for route in result.routes:
        if route.file:
            one = flamegraph.flame(trees[_marker(route)], inline=False, file=MERGED)
            one.file_text = "All routes"
            told = Note(_told(route), tone="muted")
            pages[route.file] = Report(_marker(route), [one, told, about], "flame graph")
    return pages


def _told(route: RouteFlamegraph) -> str:
    return (
        f"{f.count(route.samples)} samples of {f.count(route.requests)} requests: "
        f"{f.share(route.share)} of all samples in requests, "
        f"{f.share(route.wall_share)} of the wall time there."
    )


def add_section(report: Report, drawing: Drawing, beside: str) -> Report:
    """The report with a section of the graphs, before it says how it was measured.

    ``beside`` is the path from the report to the folder of the pages. The graph of a route that
    has a page in the report goes there.
    """
    result = drawing.result
    homes = {page.title: page for page in report.pages}
    section: list[Block] = [
        Heading("Flame graphs", anchor="flamegraphs"),
        shares(result, beside),
        Note(about_recording(result)),
    ]
    markers = [_marker(route) for route in result.routes if route.file]
    for one, marker in zip(drawing.inline, ["", *markers], strict=True):
        shown = replace(one, file=beside + one.file)
        if marker in homes:
            shown = replace(shown, folded=False, title="")
            homes[marker].blocks += [Heading("Flame graph", level=2), shown]
        else:
            section.append(shown)
    ends = ["method", "limits"]
    place = next(
        (
            number
            for number, block in enumerate(report.blocks)
            if isinstance(block, Heading) and block.anchor in ends
        ),
        len(report.blocks),
    )
    blocks = [*report.blocks[:place], *section, *report.blocks[place:]]
    return replace(report, blocks=blocks)


def shares(result: Flamegraphs, beside: str = "") -> Table:
    """The routes with their share of the samples, beside that of the wall time."""
    columns = [
        Column("route"),
        Column("samples", "right", 2),
        Column("of samples", "right", help="share of all samples inside requests"),
        Column("of wall time", "right", help="share of the replay's wall time inside requests"),
        Column("requests", "right", 3),
        Column("page", priority=1),
    ]
    rows = [
        [
            Cell(_marker(route), file=beside + route.file if route.file else ""),
            Cell(f.count(route.samples)),
            Cell(f.share(route.share)),
            Cell(f.share(route.wall_share)),
            Cell(f.count(route.requests)),
            Cell(route.file or "no sample", tone="muted"),
        ]
        for route in result.routes
    ]
    return Table(
        columns, rows, caption="Shares of the replay that was recorded, not of the workload."
    )


_COUNTED = {
    "wall": "wall-clock time, waiting included",
    "active": "threads at work only: waiting is not in it (--no-idle)",
    "gil": "the thread that held the interpreter's lock only (--gil)",
}


def about_recording(result: Flamegraphs) -> str:
    """How the samples came about, and which are in no graph."""
    text = (
        f"{f.count(result.samples)} samples in {result.seconds:.0f} s at {result.rate} Hz, of "
        f"{_COUNTED[result.counted]}. In no graph: {f.count(result.unmarked)} outside of requests"
    )
    if result.standing_still:
        text += f", {f.count(result.standing_still)} of threads whose request was in another one"
    text += "."
    if result.errors:
        text += f" {f.count(result.errors)} stacks could not be read."
    if result.folder:
        text += (
            f" The pages, and {result.speedscope} for www.speedscope.app, are in {result.folder}."
        )
    if result.samples < FEW:
        text += " They are few, so shares are rough: --duration or --rate brings more."
    if result.behind:
        text += f" The sampler was up to {f.duration(result.behind)} late: a lower --rate helps."
    return text
