"""A uniform random sample of names that were seen one after another, in bounded memory."""

from operator import itemgetter
from typing import NamedTuple

Place = tuple[int, int]
"""Node (its place in ``Server.nodes``) and database."""
PARTS = 16
"""Parts of the visit, over which the spread of a pattern's keys is told."""


class Draw(NamedTuple):
    """One name, with the number between 0 and 1 that decides whether it stays."""

    chance: float
    place: Place
    name: bytes

    @property
    def key(self) -> tuple[int, int, bytes]:
        """As :func:`measure` asks for it."""
        return (*self.place, self.name)


class Reservoir:
    """The names with the lowest chances: two of them make the reservoir of both (bottom-k)."""

    __slots__ = ("below", "draws", "keys", "parts")

    def __init__(self) -> None:
        self.keys = 0
        self.parts = [0] * PARTS
        """Keys that each part of the visit met."""
        self.draws: list[Draw] = []
        self.below = 1.0
        """The chance under which a name is in the sample."""

    def count(self, keys: int, part: int) -> None:
        """Say that so many names more were seen."""
        self.keys += keys
        self.parts[part] += keys

    def cut(self, most: int) -> None:
        """Leave no more than ``most`` names."""
        if len(self.draws) > most:
            self.draws.sort(key=itemgetter(0))
            self.below = self.draws[most].chance
            del self.draws[most:]

    def absorb(self, other: "Reservoir") -> None:
        """Take in what the other one saw."""
        self.keys += other.keys
        self.parts = [one + two for one, two in zip(self.parts, other.parts, strict=True)]
        self.below = min(self.below, other.below)
        drawn = (*self.draws, *other.draws)
        self.draws = [draw for draw in drawn if draw.chance < self.below]
