# ruff: noqa: RUF001 (typographic signs are meant)
"""One look for a label in a whole report: the same colour, glyph and pattern in every block.

The colours follow Paul Tol's qualitative schemes (SRON/EPS/TN/09-002), which people with colour
vision deficiencies can tell apart; glyphs and patterns tell labels apart without any colour.
"""

from collections.abc import Collection

from msgspec import Struct

from djtune.reports.blocks import Chart, Report, Table


class Look(Struct, frozen=True):
    """How one label is drawn."""

    number: int
    """The place in the palette, from 0; HTML has a colour variable and a pattern of that number."""
    light: str
    """The colour on a light page."""
    dark: str
    """The colour on a dark page and in a terminal."""
    glyph: str
    """The fill of a terminal bar without colours."""


_COLOURS = (
    ("#4477AA", "#6699CC"),
    ("#EE8866", "#EE9A77"),
    ("#44AA99", "#44BB99"),
    ("#AA3377", "#CC6699"),
    ("#CCBB44", "#DDCC77"),
    ("#66BBDD", "#99DDFF"),
    ("#882255", "#AA5588"),
    ("#999933", "#AAAA44"),
    ("#5544AA", "#8877DD"),
    ("#DD6677", "#EE7788"),
    ("#999999", "#888888"),
    ("#117733", "#55AA66"),
)
_GLYPHS = "█░▓╱▒·▚=▀+▄o"

LOOKS = tuple(
    Look(number, light, dark, glyph)
    for number, ((light, dark), glyph) in enumerate(zip(_COLOURS, _GLYPHS, strict=True))
)


def looks(report: Report) -> dict[str, Look]:
    """A look for every label, in the order of appearance.

    Stacks and charts are numbered apart, so that both begin with the clearest colours; a label
    that is in both looks the same.
    """
    blocks = [*report.blocks, *(block for page in report.pages for block in page.blocks)]
    parts = [label for block in blocks if isinstance(block, Table) for label in legend(block)]
    lines = [s.label for block in blocks if isinstance(block, Chart) for s in block.series]
    return _numbered(lines) | _numbered(parts)


def legend(table: Table, shown: Collection[int] | None = None) -> list[str]:
    """The labels of the stacks in the columns shown that need a legend: none of one part alone."""
    return list(
        dict.fromkeys(
            segment.label
            for row in table.rows
            for i, cell in enumerate(row)
            if cell.stack is not None and len(cell.stack.segments) > 1
            if shown is None or i in shown
            for segment in cell.stack.segments
        )
    )


def _numbered(labels: list[str]) -> dict[str, Look]:
    return {label: LOOKS[i % len(LOOKS)] for i, label in enumerate(dict.fromkeys(labels))}
