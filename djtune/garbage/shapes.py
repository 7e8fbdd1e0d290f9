"""Recorded curves made ready to be replayed."""

from collections.abc import Iterable, Sequence
from itertools import cycle

from djtune.garbage.recording import Curve, Recording
from djtune.garbage.rules import simulated_rules

LEVELS = 9
LONGEST = 2 ** (LEVELS - 1)
"""Requests of the longest stretch."""


class Shape:
    """A curve with what is needed to pass it in one go."""

    __slots__ = ("bottom", "climb", "end", "moves", "surviving", "top", "visited")

    def __init__(self, points: Sequence[int], jumps: set[int], curve: Curve) -> None:
        tracked = max(1, *curve.points) / max(1, *points)
        self.visited = curve.visited * tracked
        self.surviving = curve.surviving * tracked
        self.moves = [(point, number in jumps) for number, point in enumerate(points)]
        """Each point, and whether it is reached within one call of C code."""
        self.top = max(0, *points)
        self.bottom = min(0, *points)
        self.end = points[-1]
        self.climb = _greatest_climb(points)


class Shaped:
    """A curve as it is while the freelists have what it needs, and while they do not."""

    __slots__ = ("fresh", "garbage", "kept", "reused", "reusing")

    def __init__(self, curve: Curve, growth: float, *, in_allocation: bool) -> None:
        jumps = set() if in_allocation else set(curve.jumps)
        points = [round(point * growth) for point in curve.points]
        step = curve.reused * growth / len(points)
        fresh = [point + round(step * number) for number, point in enumerate(points, 1)]
        self.garbage, self.kept, self.reused = curve.garbage, curve.kept, curve.reused
        self.reusing = Shape(points, jumps, curve)
        self.fresh = Shape(fresh, jumps, curve) if curve.reused else self.reusing


class Stretch:
    """Requests one after another as one: what they do to a process that is not collected."""

    __slots__ = ("bottom", "climb", "end", "garbage", "kept", "peak", "requests", "top")

    def __init__(
        self,
        requests: int,
        way: tuple[int, int, int, int],
        left: tuple[float, float],
        peak: float,
    ) -> None:
        self.requests = requests
        self.top, self.bottom, self.end, self.climb = way
        self.garbage, self.kept = left
        self.peak = peak
        """Tracked objects above the beginning, at most."""

    @classmethod
    def of(cls, shaped: Shaped) -> "Stretch":
        """One request, which finds the freelists empty."""
        shape = shaped.fresh
        way = (shape.top, shape.bottom, shape.end, shape.climb)
        peak = (shape.top - shape.bottom) * shape.visited
        return cls(1, way, (shaped.garbage, shaped.kept), peak)

    def then(self, other: "Stretch") -> "Stretch":
        """These requests, and then those."""
        top = max(self.top, self.end + other.top)
        bottom = min(self.bottom, self.end + other.bottom)
        climb = max(self.climb, other.climb, self.end + other.top - self.bottom)
        garbage, kept = self.garbage + other.garbage, self.kept + other.kept
        peak = max(self.peak, self.garbage + self.kept + other.peak)
        way = (top, bottom, self.end + other.end, climb)
        return Stretch(self.requests + other.requests, way, (garbage, kept), peak)


class Requests:
    """A sequence of requests, with stretches of 2, 4, 8 … of them made as they are asked for.

    The curves of a step come in turn. An ``endless`` sequence begins again at its end.
    """

    def __init__(
        self, recording: Recording, journeys: Iterable[int], *, endless: bool = False
    ) -> None:
        rules = simulated_rules(recording.python, free_threaded=recording.free_threaded)
        by_step: dict[int, list[Shaped]] = {}
        for curve in recording.curves:
            shaped = Shaped(curve, recording.growth, in_allocation=rules.in_allocation)
            by_step.setdefault(curve.step, []).append(shaped)
        turns = {step: cycle(curves) for step, curves in by_step.items()}
        steps = (step for journey in journeys for step in recording.journeys[journey].steps)
        self._singles = [next(turns[step]) for step in steps if step in turns]
        if endless and len(self._singles) >= LONGEST:
            del self._singles[len(self._singles) // LONGEST * LONGEST :]
        self._endless = endless and len(self._singles) % LONGEST == 0
        self._stretches: list[dict[int, Stretch | None]] = [{} for _ in range(LEVELS)]

    def at(self, place: int) -> Shaped | None:
        """The request at a place of the sequence; ``None`` past its end."""
        if self._endless and self._singles:
            return self._singles[place % len(self._singles)]
        return self._singles[place] if place < len(self._singles) else None

    def stretch(self, place: int, level: int) -> Stretch | None:
        """The 2**level requests from a place on, which is a multiple of that many."""
        if self._endless and self._singles:
            place %= len(self._singles)
        known = self._stretches[level]
        if place not in known:
            known[place] = self._make(place, level)
        return known[place]

    def _make(self, place: int, level: int) -> Stretch | None:
        if level == 0:
            single = self.at(place)
            return Stretch.of(single) if single else None
        first = self.stretch(place, level - 1)
        second = self.stretch(place + 2 ** (level - 1), level - 1)
        return first.then(second) if first and second else None


def _greatest_climb(points: Sequence[int]) -> int:
    """The most that the counter shows if it begins at 0 and is never below it."""
    most = lowest = 0
    for point in points:
        lowest = min(lowest, point)
        most = max(most, point - lowest)
    return most
