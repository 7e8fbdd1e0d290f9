"""Which columns of a table fit a width, and how wide each becomes."""

from msgspec import Struct

GAP = 2
"""Blanks between two columns."""


class Extent(Struct, frozen=True):
    """The room that a column takes: at best, at least, and how soon it may be dropped."""

    natural: int
    minimum: int
    priority: int = 0


def fit(extents: list[Extent], width: int) -> list[int | None]:
    """The width of each column within ``width``; ``None`` where it must be dropped.

    The highest priority numbers go first, from the right; 0 is never dropped. What room is left
    lets columns grow to their natural width, those of the lowest priority number first.
    """
    kept = list(range(len(extents)))
    while _total([extents[i].minimum for i in kept]) > width:
        droppable = [i for i in kept if extents[i].priority > 0]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda i: (extents[i].priority, i)))
    widths: dict[int, int] = {i: extents[i].minimum for i in kept}
    room = width - _total(list(widths.values()))
    for i in sorted(kept, key=lambda i: (extents[i].priority, i)):
        grown = min(extents[i].natural - extents[i].minimum, max(room, 0))
        widths[i] += grown
        room -= grown
    return [widths.get(i) for i in range(len(extents))]


def fits(naturals: list[int], width: int) -> bool:
    """Whether columns of these widths stand side by side within ``width``."""
    return _total(naturals) <= width


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * max(len(widths) - 1, 0)
