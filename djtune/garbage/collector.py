"""The collector's counters and its choice of a generation, as CPython has them.

Source: ``gc_collect_generations`` and ``gc_alloc`` in CPython's ``gcmodule.c`` / ``gc.c``.
"""

import math
from typing import Protocol

from djtune.garbage.rules import LONG_LIVED_SHARE, Rules
from djtune.model.policy import Thresholds

OLDEST = 2


class Heap(Protocol):
    """Where the objects are."""

    def collect(self, generation: int) -> int:
        """Free what is dead up to ``generation``, move the rest one generation on, and return
        how many tracked objects that rest has.
        """
        ...

    def tracked(self) -> int:
        """How many objects collections look at, of all generations together."""
        ...


class Collector:
    """Three counters, and two totals that Python does not show."""

    def __init__(
        self, rules: Rules, thresholds: Thresholds, heap: Heap, *, enabled: bool = True
    ) -> None:
        self.thresholds = thresholds
        self.counts = [0, 0, 0]
        """``gc.get_count()``."""
        self.collections = [0, 0, 0]
        self.long_lived_total = 0
        """Objects that the last full collection left."""
        self.long_lived_pending = 0
        """Objects that have become old since."""
        self._free_threaded = rules.kind == "free-threaded"
        self._heap = heap
        self._runs = enabled and thresholds[0] > 0

    def allocate(self, objects: int = 1) -> None:
        """Count objects that are allocated."""
        self.counts[0] += objects

    def free(self, objects: int = 1) -> None:
        """Count objects that are freed; the counter does not fall below zero."""
        self.counts[0] = max(0, self.counts[0] - objects)

    def limit(self) -> float:
        """The highest count that starts no collection."""
        if not self._runs:
            return math.inf
        if self._free_threaded and self.thresholds[1]:
            return max(self.thresholds[0], self._heap.tracked() // LONG_LIVED_SHARE)
        return self.thresholds[0]

    def due(self) -> bool:
        """Whether an allocation, or the next eval breaker, starts a collection."""
        return self.counts[0] > self.limit()

    def run(self) -> int:
        """Collect the oldest generation that is over its threshold; return which that was."""
        generation = self._choose()
        self.collect(generation)
        return generation

    def _choose(self) -> int:
        if self._free_threaded:
            return OLDEST
        if self.counts[2] > self.thresholds[2] and self._enough_pending():
            return 2
        return 1 if self.counts[1] > self.thresholds[1] else 0

    def _enough_pending(self) -> bool:
        return self.long_lived_pending >= self.long_lived_total // LONG_LIVED_SHARE

    def collect(self, generation: int) -> None:
        """Collect a generation, as ``gc.collect(generation)`` does too."""
        if generation < OLDEST:
            self.counts[generation + 1] += 1
        self.counts[: generation + 1] = [0] * (generation + 1)
        left = self._heap.collect(generation)
        self.collections[generation] += 1
        if generation == OLDEST:
            self.long_lived_total = left
            self.long_lived_pending = 0
        elif generation == OLDEST - 1:
            self.long_lived_pending += left
