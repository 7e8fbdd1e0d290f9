"""Which tool finds which N+1, and at which line: djtune beside zeal, nplusone, silk, query-doctor.

The pages are those of ``tests/projects/shapes``, whose ``shapes.py`` says what each has: N+1s of
every shape, and look-alikes that are none. Each tool sees each page in a process of its own, set
up as its README says (``benchmarks/nplusone_tools.py``); djtune profiles all of them as one
project.

A cell is judged by rules that are the same for all: a report is *at the line* where its place is
the innermost line of the project that makes the queries, or the loop around it, or the
serializer's field; *found* where it names the relation or model. On a page with two N+1s both
have to be. On a look-alike any report of an N+1 is false.

Run it from the repository, where it takes some three minutes if the machine is idle::

    python -m benchmarks.nplusone [--duration 30] [--only zeal --only djtune]

Needs the ``bench`` extra.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.projects.shapes.shapes import HEALTHY, N_PLUS_ONE, PROJECT, SHAPES, Shape, Site

REPOSITORY = Path(__file__).parents[1]
PACKAGES = {
    "zeal": "django-zeal",
    "nplusone": "nplusone",
    "silk": "django-silk",
    "query_doctor": "django-query-doctor",
}


class Mark(Enum):
    """What a cell says."""

    AT_LINE = "✓"
    FOUND = "~"
    LISTED = "·"
    MISSED = "✗"
    FALSE = "!"
    QUIET = ""
    BROKEN = "E"
    """The page could not be asked under this tool."""


LEGEND = (
    "✓ found at its line, template line or serializer field; ~ found, but its place not told; "
    "✗ missed; · its queries are listed, for the reader to judge; "
    "! a healthy page called an N+1; E the page does not work under this tool"
)


@dataclass(frozen=True)
class Complaint:
    """One N+1 as a tool reports it."""

    text: str
    place: str = ""
    """file:line, or the path of a serializer's field."""


@dataclass(frozen=True)
class Heard:
    """What a tool says of one page."""

    complaints: Sequence[Complaint] = ()
    listed: int = 0
    """Queries that it shows, of a tool that judges none."""
    error: str = ""


@dataclass
class Column:
    """One tool and what it says of each page; or why it says nothing."""

    title: str
    heard: Mapping[str, Heard] = field(default_factory=dict)
    missing: str = ""


def located(complaint: Complaint, site: Site) -> bool:
    """Whether the report names the very place.

    The report's path and the mark's may begin at different folders: a template's name leaves out
    the folder that templates are kept in.
    """
    if site.field and complaint.place == site.field:
        return True
    return any(
        place and complaint.place and ends_with(complaint.place, place)
        for place in (site.where, site.via)
    )


def ends_with(place: str, marked: str) -> bool:
    """Whether one of two ``file:line`` is the other, without some of its leading folders."""
    long, short = sorted((f"/{place.lstrip('/')}", f"/{marked}"), key=len, reverse=True)
    return long.endswith(short)


def named(complaint: Complaint, site: Site) -> bool:
    """Whether the report says what is asked for."""
    return site.about in complaint.text.lower()


def remedied(complaint: Complaint, site: Site) -> bool:
    """Whether the report says what cures it."""
    return any(remedy in complaint.text.replace("'", '"') for remedy in site.remedies)


def judge(shape: Shape, heard: Heard) -> Mark:
    """What a tool's reports on a page are worth."""
    if heard.error:
        return Mark.BROKEN
    if shape.verdict != "n+1":
        return Mark.FALSE if heard.complaints else Mark.QUIET
    for matches, mark in ((located, Mark.AT_LINE), (_found, Mark.FOUND)):
        if all(any(matches(c, site) for c in heard.complaints) for site in shape.sites):
            return mark
    repeated = sum(site.count for site in shape.sites)
    return Mark.LISTED if heard.listed >= repeated else Mark.MISSED


def _found(complaint: Complaint, site: Site) -> bool:
    return located(complaint, site) or named(complaint, site)


def remedies(column: Column) -> int:
    """How many sites' remedies are told, in the report that is about the site."""
    return sum(
        any(_found(c, site) and remedied(c, site) for c in heard.complaints)
        for shape in N_PLUS_ONE
        if (heard := column.heard.get(shape.name))
        for site in shape.sites
    )


# Other tools


def other(name: str, database: Path) -> Column:
    """What a tool says of every page, each in a fresh process."""
    package = PACKAGES[name]
    try:
        title = f"{package.removeprefix('django-')} {version(package)}"
    except PackageNotFoundError:
        return Column(package, missing="not installed: pip install -e '.[bench]'")
    ask = partial(_in_process, name, database)
    if failed := ask().error:
        return Column(title, missing=failed)
    return Column(title, {shape.name: ask(shape.interface, shape.path) for shape in SHAPES})


def _in_process(name: str, database: Path, *page: str) -> Heard:
    script = Path(__file__).with_name("nplusone_tools.py")
    done = subprocess.run(
        [sys.executable, str(script), name, *page],
        cwd=PROJECT,
        env={**os.environ, "SHAPES_DATABASE": str(database)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return Heard(error=done.stderr.strip().splitlines()[-1])
    if not page:
        return Heard()
    said = json.loads(done.stdout.splitlines()[-1])
    return Heard([Complaint(**entry) for entry in said["complaints"]], said["listed"])


# djtune


def djtune(database: Path, seconds: float) -> Column:
    """What ``djtune profile`` says of every page."""
    column = Column(f"djtune {version('djtune')}")
    heard: dict[str, Heard] = {}
    for interface in ("wsgi", "asgi"):
        shapes = [shape for shape in SHAPES if shape.interface == interface]
        result = _profile(interface, shapes, database, seconds * len(shapes) / len(SHAPES))
        if not any(route.get("query_groups") for route in result["routes"]):
            column.missing = "its profile has no query groups"
            return column
        heard |= _by_page(result, shapes)
    column.heard = heard
    return column


def _profile(
    interface: str, shapes: Sequence[Shape], database: Path, seconds: float
) -> dict[str, Any]:
    routes = [shape.path.lstrip("/") for shape in shapes]
    length = ("--duration", f"{max(5.0, seconds):.0f}", "--trials", "1")
    options = ("--interface", interface, *length, "--format", "json", "--quiet")
    done = subprocess.run(
        [sys.executable, "-m", "djtune.cli", "profile", *options, *routes],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "SHAPES_DATABASE": str(database)},
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _by_page(result: Mapping[str, Any], shapes: Iterable[Shape]) -> dict[str, Heard]:
    routes = {route["route"].strip("/"): route for route in result["routes"]}
    return {
        shape.name: _said_of(routes[shape.name], result["findings"])
        if shape.name in routes
        else Heard(error="not measured")
        for shape in shapes
    }


def _said_of(route: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> Heard:
    """The groups of queries that it calls an N+1, each with the findings at its place."""
    complaints = []
    for group in route["query_groups"]:
        if group["verdict"] == "n+1":
            site = group["site"]
            about = [finding for finding in findings if finding["where"] == site["where"]]
            place = site["what"] if site["kind"] == "serializer" else site["where"]
            complaints.append(Complaint(_values([group, about]), place))
    return Heard(complaints)


def _values(data: Any) -> str:
    """All text in it, line by line."""
    if isinstance(data, Mapping):
        return "\n".join(map(_values, data.values()))
    if isinstance(data, list):
        return "\n".join(map(_values, data))
    return str(data)


# The table


def table(columns: Sequence[Column]) -> str:
    """One Markdown table: shapes down, tools across, and what they sum to."""
    shown = [column for column in columns if not column.missing]
    lines = [_row("page", [column.title for column in shown])]
    lines.append("| --- |" + " :-: |" * len(shown))
    for heading, shapes in (("**N+1**", N_PLUS_ONE), ("**healthy**", HEALTHY)):
        lines.append(_row(heading, ["" for _ in shown]))
        lines += [_row(shape.title, _marks(shape, shown)) for shape in shapes]
    sites = sum(bool(site.remedies) for shape in N_PLUS_ONE for site in shape.sites)
    totals: list[tuple[str, Callable[[Column], int]]] = [
        (f"**found** of {len(N_PLUS_ONE)}", lambda c: count(c, Mark.AT_LINE, Mark.FOUND)),
        ("**at the line**", lambda c: count(c, Mark.AT_LINE)),
        (f"**remedy told** of {sites}", remedies),
        (f"**false** of {len(HEALTHY)}", lambda c: count(c, Mark.FALSE)),
    ]
    lines += [_row(title, [str(total(column)) for column in shown]) for title, total in totals]
    return "\n".join([*lines, "", LEGEND + ".", *_notes(columns)])


def count(column: Column, *marks: Mark) -> int:
    """How many pages have one of the marks."""
    return sum(judge(shape, column.heard[shape.name]) in marks for shape in SHAPES)


def _marks(shape: Shape, columns: Iterable[Column]) -> list[str]:
    return [judge(shape, column.heard[shape.name]).value for column in columns]


def _row(first: str, cells: Iterable[str]) -> str:
    return "| " + " | ".join([first, *cells]) + " |"


def _notes(columns: Iterable[Column]) -> list[str]:
    """Why a tool or a page is not in the table."""
    notes = []
    for column in columns:
        if column.missing:
            notes.append(f"Not shown: {column.title} ({column.missing}).")
        for name, heard in column.heard.items():
            if heard.error:
                notes.append(f"{column.title}, {name}: {heard.error}")
    return ["", *notes] if notes else []


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask every tool, and print the table."""
    parser = argparse.ArgumentParser(description="N+1s found, and falsely found, by tool.")
    parser.add_argument("--duration", type=float, default=30.0, help="seconds that djtune measures")
    parser.add_argument("--only", action="append", choices=["djtune", *PACKAGES], default=[])
    parser.add_argument("--details", type=Path, help="write what each tool said, as JSON")
    options = parser.parse_args(arguments)
    names = options.only or ["djtune", *PACKAGES]
    with tempfile.TemporaryDirectory() as folder:
        columns = measure(names, Path(folder), options.duration)
    if options.details:
        options.details.write_text(json.dumps(columns, default=vars, indent=1))
    print(f"Django {version('django')}, Python {sys.version.split()[0]}\n")
    print(table(columns))


def measure(names: Sequence[str], folder: Path, seconds: float) -> list[Column]:
    """Every tool's column, each tool with a database of its own."""

    def column(name: str) -> Column:
        database = folder / f"{name}.sqlite3"
        env = {**os.environ, "SHAPES_DATABASE": str(database)}
        subprocess.run([sys.executable, "manage.py", "fill"], cwd=PROJECT, env=env, check=True)
        return djtune(database, seconds) if name == "djtune" else other(name, database)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(column, names))


if __name__ == "__main__":
    main()
