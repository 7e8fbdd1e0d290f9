"""Bars, stacked bars and charts as SVG, coloured by the page's style sheet.

Colours are classes and patterns, never style attributes, so that a strict content security policy
holds and both colour schemes work. Lengths of bars are percentages: they fit any width.
"""

from xml.etree.ElementTree import Element

from djtune.reports import format as f
from djtune.reports.blocks import Bar, Chart, Series, Stack
from djtune.reports.markup import extend, tag
from djtune.reports.palette import LOOKS, Look
from djtune.reports.scale import Axis, axes, drawable

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 12, 34
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
_MANY = 40
"""With more points than this a line has no markers."""


def patterns() -> Element:
    """The fills of all stacks of a page: each colour has hatching of its own."""
    return tag(
        "svg",
        tag("defs", *(_pattern(look) for look in LOOKS)),
        class_="defs",
        width="0",
        height="0",
        aria_hidden="true",
    )


def swatch(look: Look) -> Element:
    """A legend's square."""
    return tag("svg", _rect(0.0, 100.0, look), class_="swatch", aria_hidden="true")


def stack_bar(stack: Stack, longest: float, looks: dict[str, Look]) -> Element:
    """A stacked bar as long as its total is of ``longest``; every part says what it is."""
    total = sum(max(s.value, 0.0) for s in stack.segments)
    scale = total if stack.full else longest
    bar = tag("svg", class_="stack", role="img", aria_label=describe(stack))
    start = 0.0
    for segment in stack.segments:
        width = 100 * max(segment.value, 0.0) / scale if scale > 0 else 0.0
        rect = _rect(start, width, looks.get(segment.label))
        extend(rect, tag("title", f"{segment.label} {part(segment.text, segment.value, total)}"))
        extend(bar, rect)
        start += width
    return bar


def describe(stack: Stack) -> str:
    """A stacked bar in words."""
    total = sum(max(s.value, 0.0) for s in stack.segments)
    return ", ".join(f"{s.label} {part(s.text, s.value, total)}" for s in stack.segments)


def part(text: str, value: float, total: float) -> str:
    """A segment's figure and its share: ``4.2 ms (31.0 %)``."""
    share = f.share(max(value, 0.0) / total) if total > 0 else ""
    return f"{text} ({share})" if text and share and text != share else text or share


def bar(item: Bar, longest: float) -> Element:
    """One bar, with a whisker for its interval."""

    def percent(value: float) -> float:
        return 100 * max(value, 0.0) / longest if longest > 0 else 0.0

    drawing = tag("svg", class_=f"bar {item.tone}", role="img", aria_label=item.text)
    extend(drawing, tag("rect", width=f"{percent(item.value):.4g}%", height="100%"))
    if item.low is not None and item.high is not None:
        low, high = (f"{percent(x):.4g}%" for x in (item.low, item.high))
        extend(
            drawing,
            tag("line", x1=low, x2=high, y1="50%", y2="50%"),
            tag("line", x1=low, x2=low, y1="25%", y2="75%"),
            tag("line", x1=high, x2=high, y1="25%", y2="75%"),
        )
    return drawing


def chart(item: Chart, looks: dict[str, Look]) -> Element | None:
    """The chart, or ``None`` where it has no points to draw."""
    both = axes(item)
    if both is None:
        return None
    x_axis, y_axis = both
    label = f"{item.title or item.y_label}: {', '.join(s.label for s in item.series)}"
    drawing = tag(
        "svg", class_="chart", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label
    )
    extend(drawing, *_grid(item, x_axis, y_axis))
    for series in item.series:
        extend(drawing, _band(series, item, both, looks[series.label]))
    for i, series in enumerate(item.series):
        extend(drawing, _line(series, item, both, looks[series.label], i))
    return drawing


def chart_key(index: int, look: Look) -> Element:
    """A legend's piece of line, dashed and marked as in the chart."""
    return tag(
        "svg",
        tag("line", x1="0", x2="28", y1="6", y2="6", stroke_dasharray=_dash(index)),
        _marker(14.0, 6.0, index),
        class_=f"key l{look.number}",
        viewBox="0 0 28 12",
        aria_hidden="true",
    )


def _pattern(look: Look) -> Element:
    hatches = (
        None,
        "M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2",
        "M3,0 v6",
        None,
        "M-1,5 l2,2 M0,0 l6,6 M5,-1 l2,2",
        "M0,3 h6",
    )
    hatch = hatches[look.number % len(hatches)]
    return tag(
        "pattern",
        tag("rect", width="6", height="6", class_=f"f{look.number}"),
        tag("path", d=hatch, class_="hatch") if hatch else None,
        id=f"p{look.number}",
        width="6",
        height="6",
        patternUnits="userSpaceOnUse",
    )


def _rect(start: float, width: float, look: Look | None) -> Element:
    return tag(
        "rect",
        x=f"{start:.4g}%",
        width=f"{width:.4g}%",
        height="100%",
        fill=f"url(#p{look.number})" if look else None,
        class_=None if look else "single",
    )


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.position(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.position(value) * (HEIGHT - TOP - BOTTOM)


def _grid(item: Chart, x_axis: Axis, y_axis: Axis) -> list[Element]:
    parts: list[Element] = []
    for i, (value, text) in enumerate(
        zip(y_axis.ticks, f.ticks(y_axis.ticks, item.y_unit), strict=True)
    ):
        y = _y(y_axis, value)
        minor = " minor" if i % 2 else ""
        parts += [
            tag("line", class_="grid" if value else "axis", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y),
            tag("text", text, class_="y" + minor, x=LEFT - 8, y=y),
        ]
    for i, (value, text) in enumerate(
        zip(x_axis.ticks, f.ticks(x_axis.ticks, item.x_unit, log=x_axis.log), strict=True)
    ):
        x = _x(x_axis, value)
        minor = " minor" if i % 2 else ""
        bottom = HEIGHT - BOTTOM
        parts += [
            tag("line", class_="axis", x1=x, x2=x, y1=bottom, y2=bottom + 5),
            tag("text", text, class_="x" + minor, x=x, y=HEIGHT - 8),
        ]
    return parts


def _band(series: Series, item: Chart, both: tuple[Axis, Axis], look: Look) -> Element | None:
    band = drawable(series.band, item.log_x)
    if len(band) < 2:
        return None
    x_axis, y_axis = both
    upper = [(x, high) for x, _, high in band]
    lower = [(x, low) for x, low, _ in reversed(band)]
    points = " ".join(f"{_x(x_axis, x):.1f},{_y(y_axis, y):.1f}" for x, y in upper + lower)
    return tag("polygon", class_=f"band f{look.number}", points=points)


def _line(series: Series, item: Chart, both: tuple[Axis, Axis], look: Look, index: int) -> Element:
    x_axis, y_axis = both
    points = drawable(series.points, item.log_x)
    at = [(_x(x_axis, x), _y(y_axis, y)) for x, y in points]
    group = tag("g", class_=f"series l{look.number}")
    if item.kind != "scatter":
        path = "".join(_step(item, at, i) for i in range(len(at)))
        extend(group, tag("path", d=path, stroke_dasharray=_dash(index)))
    if item.kind == "scatter" or len(at) <= _MANY:
        for (x, y), (left, top) in zip(points, at, strict=True):
            marker = _marker(left, top, index)
            figures = f"{f.by_unit(item.x_unit)(x)}, {f.by_unit(item.y_unit)(y)}"
            extend(marker, tag("title", f"{series.label}: {figures}"))
            extend(group, marker)
    return group


def _step(item: Chart, at: list[tuple[float, float]], i: int) -> str:
    x, y = at[i]
    if i == 0:
        return f"M{x:.1f} {y:.1f}"
    return f"H{x:.1f}V{y:.1f}" if item.kind == "step" else f"L{x:.1f} {y:.1f}"


def _dash(index: int) -> str:
    return _DASHES[index % len(_DASHES)]


def _marker(x: float, y: float, index: int) -> Element:
    shapes = (
        f"M{x - 3:.1f} {y:.1f}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z",
        f"M{x - 3:.1f} {y - 3:.1f}h6v6h-6z",
        f"M{x:.1f} {y - 4:.1f}l4 7h-8z",
        f"M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z",
    )
    return tag("path", class_="mark", d=shapes[index % len(shapes)])
