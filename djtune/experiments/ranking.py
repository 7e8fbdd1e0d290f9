"""Places in a ranking, with ties where the intervals cannot tell two items apart."""

from collections.abc import Sequence

from msgspec import Struct

from djtune.experiments.intervals import Interval


class Rank(Struct, frozen=True):
    """The place of one item."""

    position: int
    """The best place that its interval allows: 1 + the number of items that surely cost more."""
    tied: bool
    """Its interval overlaps another item's."""

    def __str__(self) -> str:
        return f"{self.position}=" if self.tied else str(self.position)


def ranks(items: Sequence[Interval]) -> list[Rank]:
    """The rank of each item, greatest first; the list is in the order of ``items``.

    One item surely exceeds another when its whole interval lies above the other's; intervals
    that overlap are ties (the rank sets of Klein, Wright & Wieczorek 2020, from their best
    end). Overlap does not carry over: with A over B, B over C, and A clear of C, the places
    are 1=, 1= and 2=.
    """
    return [_rank(item, items) for item in items]


def _rank(item: Interval, items: Sequence[Interval]) -> Rank:
    above = sum(other.low > item.high for other in items)
    below = sum(other.high < item.low for other in items)
    return Rank(position=above + 1, tied=above + below + 1 < len(items))
