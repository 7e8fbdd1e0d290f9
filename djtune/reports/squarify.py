"""Boxes as large as their values, as square as they go.

Bruls, Huizing, van Wijk: Squarified Treemaps (2000): rows are filled along the shorter side of
what is left, each for as long as its worst box becomes no longer and thinner.
"""

from collections.abc import Sequence
from typing import NamedTuple

_NOTHING = 1e-9
"""What rounding may leave no room for is this thick."""


class Box(NamedTuple):
    """A rectangle, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, left: float, top: float) -> "Box":
        """The box without a frame, which is ``left`` wide but ``top`` at its upper side."""
        width, height = self.width - 2 * left, self.height - top - left
        return Box(self.x + left, self.y + top, max(width, 0.0), max(height, 0.0))


def squarify(values: Sequence[float], box: Box) -> list[Box]:
    """A box for each value, all above 0 and the largest first; together they fill ``box``."""
    total = sum(values)
    area = box.width * box.height
    if not total or not area:
        return [Box(box.x, box.y, 0.0, 0.0) for _ in values]
    sizes = [value * area / total for value in values]
    placed: list[Box] = []
    while len(placed) < len(sizes):
        row = _row(sizes[len(placed) :], max(min(box.width, box.height), _NOTHING))
        boxes, box = _place(row, box)
        placed += boxes
    return placed


def _row(sizes: Sequence[float], side: float) -> list[float]:
    """As many of the first sizes as make the best row along ``side``."""
    row = [sizes[0]]
    for size in sizes[1:]:
        if _worst([*row, size], side) > _worst(row, side):
            break
        row.append(size)
    return row


def _worst(row: Sequence[float], side: float) -> float:
    """The longest side of a row's boxes by their shorter one."""
    total = sum(row)
    return max(side * side * max(row) / total**2, total**2 / (side * side * min(row)))


def _place(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """The boxes of a row along the shorter side of ``box``, and what it leaves of it."""
    x, y, width, height = box
    placed = []
    if width >= height:
        thick = max(min(sum(row) / height, width), _NOTHING)
        for size in row:
            placed.append(Box(x, y, thick, size / thick))
            y += size / thick
        return placed, Box(x + thick, box.y, max(width - thick, _NOTHING), height)
    thick = max(min(sum(row) / width, height), _NOTHING)
    for size in row:
        placed.append(Box(x, y, size / thick, thick))
        x += size / thick
    return placed, Box(box.x, y + thick, width, max(height - thick, _NOTHING))
