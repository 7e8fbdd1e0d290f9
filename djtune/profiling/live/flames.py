"""Flame graphs of a running server, one for each view that was seen."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct, structs

from djtune.profiling.flames import graph as flamegraph
from djtune.profiling.flames import speedscope
from djtune.profiling.flames.drawing import MERGED
from djtune.profiling.flames.graph import Node, Places
from djtune.profiling.live.assemble import Recorded, shortened, sightings
from djtune.profiling.live.places import HANDOVER, Place
from djtune.reports import format as fmt
from djtune.reports.blocks import Cell, Column, Flame, Report, Table
from djtune.servers.sampler import Frame, Stack

ALL = "all requests"
LIBRARIES = re.compile(r".*/(?:site|dist)-packages(?=/)")
PYTHON = re.compile(r".*/lib(?:64)?/python3[^/]*(?=/)")


class Flames(Struct):
    """Graphs, ready to be shown and written."""

    inline: list[Flame]
    """Those of the report, the merged one first."""
    pages: dict[str, Report]
    """File name → the report that makes its page."""
    speedscope: dict[str, Any]


def draw(recorded: Recorded) -> Flames:
    """Draw a graph of every view, and one of all: their boxes are as wide as their samples."""
    stacks = stacks_by_place(recorded)
    read = flamegraph.Reader(places_of(recorded))
    trees = {
        name: flamegraph.grow(name, found, read)
        for place, found in stacks.items()
        for name in [label(place, recorded.roots)]
    }
    trees = dict(sorted(trees.items(), key=lambda item: -item[1].value))
    merged = flamegraph.merge(ALL, trees, {name: tree.value for name, tree in trees.items()})
    files = flamegraph.file_names(trees)
    inline = [flamegraph.flame(merged, inline=True, title="All requests", file=MERGED)]
    for name, tree in trees.items():
        one = flamegraph.flame(tree, inline=True, title=_title(name, tree), file=files[name])
        one.folded = True
        inline.append(one)
    return Flames(
        inline=inline,
        pages=_pages(merged, trees, files),
        speedscope=speedscope.document(
            f"process {recorded.pid}", {ALL: merged, **trees}, rate=recorded.rate
        ),
    )


def _title(name: str, tree: Node) -> str:
    return f"{name} · {fmt.count(tree.value)} samples"


def _pages(merged: Node, trees: dict[str, Node], files: dict[str, str]) -> dict[str, Report]:
    links = [[Cell(name, file=files[name]), Cell(fmt.count(trees[name].value))] for name in trees]
    index = Table([Column("view"), Column("samples", "right")], links)
    back = Table([Column("graphs")], [[Cell("All requests", file=MERGED)]])
    pages = {MERGED: Report(ALL.capitalize(), [flamegraph.flame(merged, inline=False), index])}
    for name, tree in trees.items():
        pages[files[name]] = Report(name, [flamegraph.flame(tree, inline=False), back])
    return pages


def label(place: Place, roots: Sequence[str]) -> str:
    """Name a graph by the view and its route."""
    if not place.routes:
        where = shortened(place.where, roots)
        return f"{place.name} ({where})" if where else place.name
    more = f" and {len(place.routes) - 1} more" if len(place.routes) > 1 else ""
    return f"{place.name} /{place.routes[0].lstrip('/')}{more}"


def stacks_by_place(recorded: Recorded) -> dict[Place, dict[Stack, int]]:
    """Sort the stacks by view, from the view's own frame on; lines of one function are one box."""
    found: dict[Place, dict[Stack, int]] = {}
    for sighting in sightings(recorded):
        if sighting.place is None or sighting.place is HANDOVER:
            continue
        inside = sighting.inside or sighting.frames
        stack = tuple(str(structs.replace(frame, line=0)) for frame in inside)
        stacks = found.setdefault(sighting.place, {})
        stacks[stack] = stacks.get(stack, 0) + sighting.count
    return found


def places_of(recorded: Recorded) -> Places:
    """Tell from the files themselves where the target's libraries are."""
    files = {
        Frame.parse(text).file
        for window in recorded.windows
        for stack in window.recording.stacks
        for text in stack
    }
    libraries = _folders(LIBRARIES, files)
    return Places(
        app=recorded.roots,
        django=[f"{folder}/django" for folder in libraries],
        libraries=libraries,
        python=_folders(PYTHON, files),
        djtune=[],
    )


def _folders(pattern: re.Pattern[str], files: Iterable[str]) -> list[str]:
    return sorted({match[0] for file in files if (match := pattern.match(file))})
