"""Recorded curves made ready to be replayed."""

from collections.abc import Iterator, Sequence
from itertools import cycle

from djtune.garbage.recording import Curve, Recording


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


class Shapes:
    """The curves of all steps."""

    def __init__(self, recording: Recording, *, in_allocation: bool) -> None:
        by_step: dict[int, list[Shaped]] = {}
        for curve in recording.curves:
            shaped = Shaped(curve, recording.growth, in_allocation=in_allocation)
            by_step.setdefault(curve.step, []).append(shaped)
        self._turns: dict[int, Iterator[Shaped]] = {
            step: cycle(curves) for step, curves in by_step.items()
        }
        garbage = sum(curve.garbage for curve in recording.curves)
        reused = sum(curve.reused for curve in recording.curves)
        self.reused_share = min(1.0, reused / garbage) if garbage else 0.0
        """Of what a collection frees, the share that a freelist takes."""

    def next(self, step: int) -> Shaped | None:
        """The step's next curve; ``None`` where it was not recorded."""
        turns = self._turns.get(step)
        return next(turns) if turns else None


def _greatest_climb(points: Sequence[int]) -> int:
    """The most that the counter shows if it begins at 0 and is never below it."""
    most = lowest = 0
    for point in points:
        lowest = min(lowest, point)
        most = max(most, point - lowest)
    return most
