"""Flame graphs: what the HTML report's script draws, and their figures as a table."""

import json
from collections.abc import Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

from djtune.reports import format as f
from djtune.reports.blocks import Cell, Column, Flame, FlameFrame, Origin, Table
from djtune.reports.markup import tag

ORIGINS: dict[Origin, str] = {
    "app": "the app",
    "django": "Django",
    "library": "other libraries",
    "python": "standard library",
    "native": "compiled code",
    "other": "other",
}


class Functions:
    """The functions of all graphs of a page, each written down once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, str], int] = {}

    def number(self, frame: FlameFrame) -> int:
        """The place of the frame's function in the page's list."""
        function = (frame.name, frame.where, frame.origin)
        return self._numbers.setdefault(function, len(self._numbers))

    def data(self) -> Element | None:
        """The list, for the script; ``None`` where the page has no graph."""
        return data(list(self._numbers), "flame-functions") if self._numbers else None


def data(value: object, name: str) -> Element:
    """Plain data in a page: browsers run no script of this type."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # The only character that could end the element early.
    return tag("script", text.replace("<", "\\u003c"), type="application/json", class_=name)


def flame_parts(flame: Flame, functions: Functions) -> Iterator[Element]:
    """The parts of a graph's figure."""
    if flame.title and not flame.folded:
        yield tag("figcaption", flame.title)
    yield _legend(flame)
    yield tag("noscript", tag("p", "Drawing it needs scripts.", class_="caption"))
    # Four numbers a box; figures beyond the decimal point tell nothing here.
    boxes: list[float] = []
    for frame in flame.frames:
        boxes += [frame.depth, functions.number(frame), _short(frame.value), _short(frame.own)]
    yield data(boxes, "flame-boxes")
    if flame.caption:
        yield tag("p", flame.caption, class_="caption")
    if flame.file:
        yield tag("p", tag("a", flame.file_text, href=address(flame.file)), class_="caption")


def _short(value: float) -> float:
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


def _legend(flame: Flame) -> Element:
    """Whose code the time is spent in itself: colours, and shares that sum to the whole."""
    total = sum(part.value for part in flame.origins) or 1.0
    entries = (
        tag(
            "li",
            tag("span", class_=f"swatch o-{part.label}"),
            ORIGINS.get(part.label, part.label),  # type: ignore[call-overload]
            tag("b", f.share(part.value / total)),
        )
        for part in flame.origins
        if part.value >= total / 1000
    )
    return tag("ul", *entries, class_="legend", aria_label="Time in whose code")


def address(file: str) -> str:
    """The path of a page beside the report as a link; it can lead nowhere else."""
    return quote(file)


def top_table(flame: Flame) -> Table:
    """The functions with the most time in themselves."""
    total = flame.frames[0].value if flame.frames else 0.0
    columns = [
        Column("function"),
        Column("itself", "right", help="share of the samples in the function itself"),
        Column("with calls", "right", help="share of the samples in it and in what it called"),
        Column("file", priority=1),
        Column("whose", priority=2),
    ]
    rows = [
        [
            Cell(frame.name),
            Cell(f.share(frame.own / total if total else None)),
            Cell(f.share(frame.value / total if total else None)),
            Cell(frame.where, tone="muted"),
            Cell(ORIGINS[frame.origin], tone="muted"),
        ]
        for frame in flame.top
    ]
    return Table(columns, rows, title=f"{flame.title}: time by function".removeprefix(": "))
