"""Measures keys of each pattern, round by round, until the total is precise enough."""

import random
import time
from collections.abc import Callable

import numpy as np

from djtune.redis_memory.columns import chosen, joined
from djtune.redis_memory.looking.allocation import allocate, pilot, piloted
from djtune.redis_memory.looking.patterns import Group
from djtune.redis_memory.observed import Columns, Floats
from djtune.redis_memory.server.questions import measure
from djtune.redis_memory.server.server import Key, Server

FIRST, AT_ONCE = 5, 2000
"""Keys that are asked about at a time, at first and at most: an interrupt loses no more."""

FEWEST = 15
"""Keys of the second phase below which the pilot's stand for the others too."""


class Sizes:
    """What was measured of each group so far; each name stands for ``scale`` keys."""

    def __init__(
        self, server: Server, groups: list[Group], scale: float, left: Callable[[], float]
    ) -> None:
        """``left``: seconds that are left for sizes; when they are over, no more is asked."""
        self.server, self.groups, self.scale, self.left = server, groups, scale, left
        self.asked = [0] * len(groups)
        """How many names of each group were asked about: the first of its draws."""
        self.gone = self.hidden = self.skipped = 0
        self._found: list[list[Columns]] = [[] for _ in groups]
        self._keys: list[list[Key]] = [[] for _ in groups]
        self._in_pilot = [0] * len(groups)

    @property
    def measured(self) -> int:
        """Keys whose sizes are known."""
        return sum(map(len, self._keys))

    def begin(self) -> None:
        """Measure the pilot's keys; small groups whole."""
        drawn = [len(group.draws) for group in self.groups]
        self._ask(pilot(list(map(self._total, self.groups)), drawn))
        self._in_pilot = list(map(len, self._keys))

    def go_on(self, precision: float, most: int) -> None:
        """Measure as many keys more as ``precision`` asks for, ``most`` at most."""
        told = [
            piloted(self._total(group), len(group.draws), self._rows(place).bytes)
            for place, group in enumerate(self.groups)
        ]
        told = [each._replace(n=asked) for each, asked in zip(told, self.asked, strict=True)]
        more = allocate(told, precision, most)
        self._ask([asked + n for asked, n in zip(self.asked, more, strict=True)])

    def finish(self, most: int) -> None:
        """Measure all that are left, ``most`` at most, in each group the same share."""
        left = [len(group.draws) - n for group, n in zip(self.groups, self.asked, strict=True)]
        share = min(1.0, most / max(1, sum(left)))
        self._ask([n + round(share * rest) for n, rest in zip(self.asked, left, strict=True)])

    def _ask(self, until: list[int]) -> None:
        """Ask about the first ``until[i]`` names of each group, if they were not asked about."""
        places = [
            place for place, asked in enumerate(self.asked) for _ in range(until[place] - asked)
        ]
        # In random order: what an interrupt leaves is then a sample of every group.
        random.Random(len(places)).shuffle(places)
        draws = [iter(group.draws[n:]) for group, n in zip(self.groups, self.asked, strict=True)]
        done, count = 0, FIRST
        while done < len(places) and (self.left() > 0 or not any(self.asked)):
            some = places[done : done + count]
            began = time.monotonic()
            self._measure([(place, next(draws[place]).key) for place in some])
            done += len(some)
            count = self._next_count(len(some), time.monotonic() - began)
        self.skipped += len(places) - done

    def _next_count(self, count: int, seconds: float) -> int:
        """Keys to ask about next, where so many took so long: half of the time that is left."""
        fitting = self.left() / 2 * count / max(seconds, 1e-6)
        return int(max(1, min(fitting, 2 * count, AT_ONCE)))

    def _measure(self, todo: list[tuple[int, Key]]) -> None:
        found = measure(self.server, [key for _, key in todo])
        lengths = [len(todo[row][1][2]) for row in found.rows]
        found.columns.name = np.array(lengths, np.float64)
        self.gone += found.gone
        self.hidden += found.hidden
        places = np.array([place for place, _ in todo])
        for place in np.unique(places).tolist():
            self.asked[place] += int((places == place).sum())
            rows = np.flatnonzero(places[found.rows] == place)
            self._found[place].append(chosen(found.columns, rows))
            self._keys[place] += [todo[found.rows[row]][1] for row in rows]

    def _rows(self, place: int) -> Columns:
        """All that was measured of the group."""
        self._found[place] = [joined(self._found[place])]
        return self._found[place][0]

    def columns(self, place: int) -> tuple[Columns, Columns]:
        """The keys that stand for themselves alone, and those that stand for all others."""
        found = self._rows(place)
        rows = np.arange(found.bytes.size)
        alone = rows.size if self.whole(place) else self._in_pilot[place]
        if not self.whole(place) and rows.size - alone < FEWEST:
            alone = 0
        return chosen(found, rows[:alone]), chosen(found, rows[alone:])

    def whole(self, place: int) -> bool:
        """Whether all keys of the group were asked about."""
        return self.asked[place] >= self._total(self.groups[place])

    def keys(self, place: int) -> float:
        """How many keys the group has, as far as is known."""
        if self.whole(place):
            return float(len(self._keys[place]))
        return self._total(self.groups[place])

    def _total(self, group: Group) -> float:
        """Keys of the group in the whole server, as far as its names tell."""
        return group.keys * (1.0 if group.fixed else self.scale)

    def rows(self) -> tuple[list[Key], Floats, Floats]:
        """All keys that were measured, their bytes, and how many keys each stands for."""
        sizes = [self._rows(place).bytes for place in range(len(self.groups))]
        weights = [
            np.full(each.size, self.keys(place) / max(1, each.size))
            for place, each in enumerate(sizes)
        ]
        keys = [key for each in self._keys for key in each]
        return keys, np.concatenate([*sizes, []]), np.concatenate([*weights, []])

    def notes(self) -> list[str]:
        """What could not be measured."""
        notes = []
        if self.skipped:
            notes.append(f"the time was up before {self.skipped:,} more keys could be measured")
        if self.gone:
            notes.append(f"{self.gone:,} keys were gone when their sizes were asked for")
        if self.hidden:
            notes.append(f"{self.hidden:,} keys are hidden from this user")
        return notes
