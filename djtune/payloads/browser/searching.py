"""Which of many things are needed, asked in as few trials as can be."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Differs = Callable[[Sequence[T]], bool]
"""Whether anything is different without these."""


def find_needed(items: Sequence[T], differs: Differs[T]) -> list[T]:
    """The items that have to stay so that nothing differs without all the others.

    One trial where none is needed; otherwise halves are tried, about ``2 n log2(N/n)`` trials for
    ``n`` of ``N``. Of items that stand in for each other, enough are kept. What is returned has
    been tried as a whole: ``differs`` was false of all the others together.
    """
    needed: list[T] = []
    rest = list(items)
    while rest and differs(rest):
        found = _search(rest, [], differs)
        needed += found
        rest = [item for item in rest if item not in found]
    return [item for item in items if item in needed]


def _search(items: list[T], gone: list[T], differs: Differs[T]) -> list[T]:
    """Needed ones among ``items``, at least one, where ``gone`` alone makes no difference."""
    if len(items) == 1:
        return items
    half = len(items) // 2
    left, right = items[:half], items[half:]
    found: list[T] = []
    for part in (left, right):
        if differs(part + gone):
            found += _search(part, gone, differs)
    # Only without both: with the right half gone, something of the left is needed.
    return found or _search(left, gone + right, differs)
