"""The turning points of a curve, found while it is drawn."""

from __future__ import annotations

TOLERANCE = 40
"""By how much a curve must turn for the turn to be kept."""
JUMP = 100
"""A rise between two readings that is kept as one."""
MOST_POINTS = 2000
"""Past so many points only turns of twice the size are kept, and so on."""


class Outline:
    """Readings of a counter in, turning points out."""

    def __init__(self, base: int) -> None:
        self.points: list[int] = []
        """Readings where the curve turned, in order."""
        self.jumps: list[int] = []
        """Indexes of points that lie a whole jump above the point before them."""
        self.tolerance = TOLERANCE
        self._last = self._extreme = base
        self._rising = True

    def note(self, count: int) -> None:
        """Take the next reading."""
        last = self._last
        self._last = count
        if count - last >= JUMP + self.tolerance - TOLERANCE:
            self._jump(last, count)
        elif self._rising:
            if count >= self._extreme:
                self._extreme = count
            elif self._extreme - count > self.tolerance:
                self._turn(count)
        elif count <= self._extreme:
            self._extreme = count
        elif count - self._extreme > self.tolerance:
            self._turn(count)

    def end(self, count: int) -> None:
        """Take the last reading, which is kept whatever it is."""
        self.note(count)
        self._keep(self._extreme)
        self._keep(count)

    def _turn(self, count: int) -> None:
        self._keep(self._extreme)
        self._rising = not self._rising
        self._extreme = count

    def _jump(self, last: int, count: int) -> None:
        self._keep(self._extreme)
        self._keep(last)
        self._keep(count)
        self.jumps.append(len(self.points) - 1)
        self._rising = True
        self._extreme = count

    def _keep(self, point: int) -> None:
        if not self.points or self.points[-1] != point:
            self.points.append(point)
            if len(self.points) % MOST_POINTS == 0:
                self.tolerance *= 2
