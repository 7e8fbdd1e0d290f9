"""Treemaps as SVG, coloured by the page's style sheet.

Heights are pixels and widths percentages, so that the picture fits the page and its letters keep
their size. Where a label fits is decided for the narrowest picture that the style sheet allows.
"""

import unicodedata
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from msgspec import Struct, field

from djtune.reports import format as f
from djtune.reports.blocks import Area, Group, Treemap
from djtune.reports.markup import extend, tag
from djtune.reports.squarify import Box, squarify

WIDTH, HEIGHT = 800.0, 440.0
"""Pixels; wider pages stretch it."""
HEADER = 19.0
FRAME = 3.0
_LETTER = 7.1
"""Width of a monospaced letter at the label's size."""
_INDENT = 6.0
_LINES = 15.0, 29.0
"""Where a label and a figure stand, from the upper side."""
_LEAST = 3.0
"""A box less wide or high shows none inside of it."""
_SEEN = 1.0
"""A box less wide or high is not drawn."""
_TITLED = Box(0, 0, 60.0, 44.0)
"""A box at least this large has a header, if others are inside."""


class Node(Struct):
    """An area and those inside of it, the largest first."""

    area: Area
    inside: list["Node"] = field(default_factory=list)

    def leaves(self) -> "Iterator[Node]":
        """The innermost areas."""
        for node in self.inside:
            yield from node.leaves()
        if not self.inside:
            yield self


class Placed(Struct):
    """An area with its place in the picture."""

    node: Node
    box: Box
    holds: bool
    """Others are drawn inside of it."""
    group: str
    """Its own, or the largest of what is inside where that is not drawn."""


def roots(areas: list[Area]) -> list[Node]:
    """The areas as trees; those without extent are left out."""
    top: list[Node] = []
    path: list[Node] = []
    for area in areas:
        while path and path[-1].area.depth >= area.depth:
            path.pop()
        node = Node(area)
        if area.value > 0:
            (path[-1].inside if path else top).append(node)
        path.append(node)
    _sort(top)
    return top


def _sort(nodes: list[Node]) -> None:
    nodes.sort(key=lambda node: -node.area.value)
    for node in nodes:
        _sort(node.inside)


def place(nodes: list[Node], box: Box, total: float = 0.0) -> Iterator[Placed]:
    """Where each area is, those that hold others first.

    What ``total`` is more than the areas together stays empty.
    """
    rest = total - sum(node.area.value for node in nodes)
    values = [node.area.value for node in nodes]
    boxes = squarify([*values, rest] if rest > 0 else values, box)
    for node, own in zip(nodes, boxes, strict=False):
        inner = _inner(own)
        holds = bool(node.inside) and min(inner.width, inner.height) >= _LEAST
        yield Placed(node, own, holds, _group(node))
        if holds:
            yield from place(node.inside, inner, node.area.value)


def _has_header(box: Box) -> bool:
    return box.width >= _TITLED.width and box.height >= _TITLED.height


def _inner(box: Box) -> Box:
    return box.inset(FRAME, HEADER) if _has_header(box) else box.inset(1.0, 1.0)


def _group(node: Node) -> str:
    if not node.inside:
        return node.area.group
    sums: dict[str, float] = {}
    for leaf in node.leaves():
        sums[leaf.area.group] = sums.get(leaf.area.group, 0.0) + leaf.area.value
    return max(sums, key=lambda group: sums[group])


def treemap(block: Treemap) -> Element:
    """The picture with its legend."""
    nodes = roots(block.areas)
    total = sum(node.area.value for node in nodes)
    if not nodes:
        return tag("figure", tag("figcaption", block.title), tag("p", "Nothing to draw."))
    drawing = tag(
        "svg", class_="map", height=HEIGHT, role="img", aria_label=_in_words(block, nodes, total)
    )
    groups = {group.label: group for group in block.groups}
    for placed in place(nodes, Box(0.0, 0.0, WIDTH, HEIGHT)):
        if min(placed.box.width, placed.box.height) >= _SEEN:
            extend(drawing, _area(placed, groups.get(placed.group), total))
    return tag(
        "figure",
        tag("figcaption", block.title) if block.title else None,
        _legend(block.groups, nodes, total),
        tag("div", drawing, class_="wide", tabindex="0", role="region", aria_label=block.title),
        tag("p", block.caption, class_="caption") if block.caption else None,
        class_="treemap",
    )


def _area(placed: Placed, group: Group | None, total: float) -> Element:
    box, area = placed.box, placed.node.area
    fill = "holder" if placed.holds else f"t-{group.tone if group else 'plain'}"
    element = tag(
        "svg",
        tag("title", _told(placed, total)),
        tag("rect", width="100%", height="100%", class_=fill),
        class_="area",
        x=f"{100 * box.x / WIDTH:.3f}%",
        y=f"{box.y:.2f}",
        width=f"{100 * box.width / WIDTH:.3f}%",
        height=f"{box.height:.2f}",
    )
    if group and group.hatched and not placed.holds:
        extend(element, tag("rect", width="100%", height="100%", fill="url(#hatched)"))
    extend(element, *_texts(area, box, in_line=placed.holds))
    return element


def _texts(area: Area, box: Box, *, in_line: bool) -> Iterator[Element]:
    """The label, and the figure below it, or behind it in a header; what fits of them."""
    letters = int((box.width - 2 * _INDENT) / _LETTER)
    label = fitting(area.label, letters)
    if box.height < HEADER or not label or (in_line and not _has_header(box)):
        return
    text = tag("text", label, x=_INDENT, y=_LINES[0])
    beside = in_line and label == area.label and _width(f"{label}  {area.text}") <= letters
    if beside:
        extend(text, tag("tspan", area.text, class_="figure", dx="8"))
    yield text
    if not in_line and box.height >= _LINES[1] + 4 and _width(area.text) <= letters:
        yield tag("text", area.text, class_="figure", x=_INDENT, y=_LINES[1])


def fitting(label: str, letters: int) -> str:
    """A label as far as there is room for it; empty where that says nothing."""
    if _width(label) <= letters:
        return label
    kept = ""
    for letter in label:
        if _width(kept + letter) >= letters:
            break
        kept += letter
    return f"{kept}…" if len(kept) >= 3 else ""


def _width(text: str) -> int:
    """Letters of single width."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _told(placed: Placed, total: float) -> str:
    area = placed.node.area
    figure = f"{area.text} ({f.share(area.value / total)})" if area.text else ""
    group = "" if placed.node.inside else area.group
    return "\n".join(part for part in (area.label, figure, group, area.note) if part)


def _in_words(block: Treemap, nodes: list[Node], total: float) -> str:
    leaves = sorted((leaf.area for n in nodes for leaf in n.leaves()), key=lambda a: -a.value)
    parts = (f"{area.label} {f.share(area.value / total)}" for area in leaves[:5])
    return f"{block.title or 'Treemap'}. The largest: {', '.join(parts)}"


def _legend(groups: list[Group], nodes: list[Node], total: float) -> Element:
    """The groups, each with its share of the whole."""
    leaves = [leaf.area for node in nodes for leaf in node.leaves()]
    sums = {g.label: sum(a.value for a in leaves if a.group == g.label) for g in groups}
    entries = (
        tag("li", _swatch(group), group.label, tag("b", f.share(sums[group.label] / total)))
        for group in groups
        if sums[group.label]
    )
    return tag("ul", *entries, class_="legend")


def _swatch(group: Group) -> Element:
    hatch = tag("rect", width="100%", height="100%", fill="url(#hatched)")
    return tag(
        "svg",
        tag("rect", width="100%", height="100%", class_=f"t-{group.tone}"),
        hatch if group.hatched else None,
        class_="swatch",
        aria_hidden="true",
    )


def hatching() -> Element:
    """The pattern that lies over hatched areas, once a page."""
    pattern = tag(
        "pattern",
        tag("path", d="M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", class_="mesh"),
        id="hatched",
        width="8",
        height="8",
        patternUnits="userSpaceOnUse",
    )
    defs = tag("defs", pattern)
    return tag("svg", defs, class_="defs", width="0", height="0", aria_hidden="true")
