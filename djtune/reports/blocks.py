"""The blocks that every report is made of; the renderers know nothing else.

A domain's *present* module turns its result into a :class:`Report`. Text in blocks is plain:
no markup of any renderer's. Numbers arrive formatted, so that a figure reads the same everywhere.
"""

from typing import Literal

from msgspec import Struct, field

Tone = Literal["plain", "good", "warn", "bad", "muted"]
"""What a text says of itself, shown as a sign and a colour. ``bad`` is for a limit breached and
for what makes a run fail: the GitHub renderer makes errors of it."""
Align = Literal["left", "right"]
Unit = Literal["", "s", "B", "share", "ratio"]
"""What an axis measures, in base units; says how the figures on it are written."""
Origin = Literal["app", "django", "library", "python", "native", "other"]
"""Whose code a function is: the app's, Django's, another library's, the standard library's, one
that was compiled, or nobody's."""


class Segment(Struct):
    """One part of a stacked bar."""

    label: str
    value: float
    text: str = ""
    """The value with its unit, as shown in a legend or tooltip."""


class Stack(Struct):
    """A stacked bar inside a table cell, scaled to the longest of its column.

    One segment alone makes a plain bar, beside the cell's text and without a legend.
    """

    segments: list[Segment]
    full: bool = False
    """Fill the column: shares of this bar alone, whose length is not compared with the others."""


class Cell(Struct):
    """A table cell: text with a tone, a note under it (an interval), or a stacked bar."""

    text: str = ""
    note: str = ""
    tone: Tone = "plain"
    stack: Stack | None = None
    link: str = ""
    """The ``anchor`` of a :class:`Heading` elsewhere in the report."""
    file: str = ""
    """A page beside the report, by its path from there."""


class Column(Struct):
    """A column of a table; those with the highest ``priority`` number are dropped first."""

    title: str
    align: Align = "left"
    priority: int = 0
    """0 is always shown; a narrow terminal drops the highest numbers and says so."""
    help: str = ""


class Heading(Struct, tag=True):
    """A section title."""

    text: str
    level: int = 1
    anchor: str = ""


class Table(Struct, tag=True):
    """Rows of cells."""

    columns: list[Column]
    rows: list[list[Cell]]
    title: str = ""
    caption: str = ""


class Bar(Struct):
    """One labelled bar, with its 95 % interval where there is one."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None
    tone: Tone = "plain"


class Bars(Struct, tag=True):
    """Labelled horizontal bars on one scale."""

    bars: list[Bar]
    title: str = ""
    unit: str = ""


class Series(Struct):
    """One line of a chart."""

    label: str
    points: list[tuple[float, float]]
    band: list[tuple[float, float, float]] = field(default_factory=list)
    """(x, low, high) of an interval drawn behind the line."""


class Chart(Struct, tag=True):
    """An x-y chart; the terminal shows it as a compact plot or table."""

    series: list[Series]
    x_label: str
    y_label: str
    title: str = ""
    log_x: bool = False
    kind: Literal["line", "scatter", "step"] = "line"
    x_unit: Unit = ""
    y_unit: Unit = ""


class FlameFrame(Struct):
    """One box of a flame graph."""

    name: str
    value: float
    """Samples in the function and in what it called."""
    own: float = 0.0
    """Samples in the function itself."""
    depth: int = 0
    """0 is the root; a box lies below the last one before it that is less deep."""
    where: str = ""
    """File and line."""
    origin: Origin = "other"


class Flame(Struct, tag=True):
    """A flame graph: boxes as wide as the share of samples in a function and what it called."""

    frames: list[FlameFrame]
    """From the root down, each before those below it; narrow ones may have been left out."""
    top: list[FlameFrame] = field(default_factory=list)
    """The functions with the most samples in themselves, over the whole graph."""
    origins: list[Segment] = field(default_factory=list)
    """:data:`Origin` → samples in its code itself."""
    title: str = ""
    caption: str = ""
    file: str = ""
    """A page beside the report that has the graph in full, or others."""
    file_text: str = "The graph in full"
    folded: bool = False
    """One of many: shown on demand only, where the reader can."""


class Group(Struct):
    """What some areas of a treemap have in common, and how they look for it."""

    label: str
    tone: Tone = "plain"
    hatched: bool = False
    """Tells two groups of one tone apart."""


class Area(Struct):
    """One box of a treemap."""

    label: str
    value: float
    """That of all that is inside included."""
    text: str = ""
    """The value with its unit."""
    depth: int = 0
    """0 is the root; a box lies inside of the last one before it that is less deep."""
    group: str = ""
    """The label of its :class:`Group`; that of a box with others inside is not shown."""
    note: str = ""
    """More about it, for who points at it."""


class Treemap(Struct, tag=True):
    """Boxes inside boxes, each as large as its part of the whole: a picture, drawn in HTML alone.

    Its figures belong into a table beside it.
    """

    areas: list[Area]
    """From the root down, each before those inside of it."""
    groups: list[Group]
    """In the legend's order."""
    title: str = ""
    caption: str = ""


class Finding(Struct, tag=True):
    """Something worth doing: evidence, saving and remedy."""

    title: str
    where: str = ""
    evidence: list[str] = field(default_factory=list)
    saving: str = ""
    remedy: str = ""
    patch: str = ""
    """A unified diff, or lines to paste."""
    confidence: str = ""
    severity: Literal["high", "medium", "low", "info"] = "medium"
    brief: bool = False
    """One of many: its title, place and saving are enough where there is little room."""


class Note(Struct, tag=True):
    """A sentence beside the figures: a caveat, a source, a next step."""

    text: str
    tone: Tone = "muted"


class Command(Struct, tag=True):
    """A command line worth running next."""

    text: str
    why: str = ""


Block = Heading | Table | Bars | Chart | Flame | Treemap | Finding | Note | Command


class Page(Struct):
    """All about one thing that the report lists, a route for example; on HTML pages alone."""

    title: str
    anchor: str
    """What cells of the report link to."""
    blocks: list[Block]
    summary: str = ""
    """One line beside the title."""


class Report(Struct):
    """What a command has to say, in order."""

    title: str
    blocks: list[Block]
    subtitle: str = ""
    pages: list[Page] = field(default_factory=list)
