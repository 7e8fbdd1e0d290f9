"""A chart in text: dots of braille, or one sign per line of the chart where there is no colour."""

from itertools import pairwise

from rich.cells import cell_len
from rich.text import Text

from djtune.reports import format as f
from djtune.reports.blocks import Chart, Series
from djtune.reports.palette import Look
from djtune.reports.scale import Axis, axes, drawable

_MARKS = "•+x*#%@&"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The braille bits of a cell's dots, by row and column."""


def plot(chart: Chart, looks: dict[str, Look], width: int, *, mono: bool) -> list[Text]:
    """The chart as lines of text, ``width`` wide at most; none where nothing can be drawn.

    Bands are left to the other renderers: a line with its neighbours is all that fits.
    """
    both = axes(chart)
    if both is None:
        return []
    x_axis, y_axis = both
    height = 2 * len(y_axis.ticks) - 1  # a tick on every second line
    texts = f.ticks(y_axis.ticks, chart.y_unit)
    labels = {2 * i: text for i, text in enumerate(reversed(texts))}
    margin = max(map(cell_len, labels.values()))
    across = max(width - margin - 2, 10)
    cells = _cells(
        chart, looks, (x_axis, y_axis), (across, height), marks=mono and len(chart.series) > 1
    )
    lines = [
        Text.assemble(
            (labels.get(row, "").rjust(margin), "dim"),
            (" ┤" if row in labels else " │", "dim"),
            *(cells.get((row, column), (" ", "")) for column in range(across)),
        )
        for row in range(height)
    ]
    lines.append(Text(" " * (margin + 1) + "└" + "─" * across, "dim"))
    lines.append(_x_labels(chart, x_axis, margin, across))
    return lines


def key(chart: Chart, looks: dict[str, Look], *, mono: bool) -> Text:
    """What the lines of the chart stand for."""
    parts = Text()
    for i, series in enumerate(chart.series):
        sign = _MARKS[i % len(_MARKS)] if mono else "━"
        style = "" if mono else looks[series.label].dark
        parts.append("   " if i else "").append(sign, style).append(f" {series.label}")
    return parts if len(chart.series) > 1 else Text()


def _cells(
    chart: Chart,
    looks: dict[str, Look],
    axes: tuple[Axis, Axis],
    room: tuple[int, int],
    *,
    marks: bool,
) -> dict[tuple[int, int], tuple[str, str]]:
    """What stands in each cell, by row and column: a character and its style."""
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    for i, series in enumerate(chart.series):
        style = looks[series.label].dark
        dots = _dots(chart, series, axes, room)
        bits: dict[tuple[int, int], int] = {}
        for x, y in dots:
            place = (y // 4, x // 2)
            bits[place] = bits.get(place, 0) | _DOTS[y % 4][x % 2]
        for place, mask in bits.items():
            cells[place] = (_MARKS[i % len(_MARKS)], "") if marks else (chr(0x2800 + mask), style)
    return cells


def _dots(
    chart: Chart, series: Series, axes: tuple[Axis, Axis], room: tuple[int, int]
) -> set[tuple[int, int]]:
    """The dots of one line, two across and four down to a cell, joined unless it is a scatter."""
    (x_axis, y_axis), (right, bottom) = axes, (room[0] * 2 - 1, room[1] * 4 - 1)
    at = [
        (round(x_axis.position(x) * right), bottom - round(y_axis.position(y) * bottom))
        for x, y in drawable(series.points, chart.log_x)
    ]
    dots = set(at)
    if chart.kind == "scatter":
        return dots
    for (x0, y0), (x1, y1) in pairwise(at):
        if chart.kind == "step":
            dots |= _segment(x0, y0, x1, y0) | _segment(x1, y0, x1, y1)
        else:
            dots |= _segment(x0, y0, x1, y1)
    return dots


def _segment(x0: int, y0: int, x1: int, y1: int) -> set[tuple[int, int]]:
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return {
        (round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps))
        for i in range(steps + 1)
    }


def _x_labels(chart: Chart, x_axis: Axis, margin: int, across: int) -> Text:
    """The ticks' figures under the axis, each where it belongs if the one before leaves room."""
    line = " " * (margin + 2)
    texts = f.ticks(x_axis.ticks, chart.x_unit, log=x_axis.log)
    for value, text in zip(x_axis.ticks, texts, strict=True):
        start = margin + 2 + round(x_axis.position(value) * (across - 1)) - cell_len(text) // 2
        start = min(start, margin + 2 + across - cell_len(text))
        if start > cell_len(line.rstrip()) or not line.strip():
            line = line.rstrip().ljust(max(start, 0)) + text
    return Text(line, "dim")
