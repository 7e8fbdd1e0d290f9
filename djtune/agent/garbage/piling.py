"""What becomes of a process while garbage piles up: what it takes, and what the freelists give."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from . import memory

IsTimeUp = Callable[[], bool]
Requests = Callable[[], Iterator[Any]]
ENOUGH_BYTES = 64 << 20
MOST_ROUNDS = 100
FEWEST_OBJECTS = 20_000
REFILLED_ROUNDS = 10
USUAL_BYTES = 330.0
"""Resident bytes of an object, where too little piles up to tell."""


class Pile:
    """Rounds of the workload's journeys with no collection at all."""

    def __init__(self, make_round: Requests) -> None:
        self._make_round = make_round
        self.allocated: dict[int, list[int]] = defaultdict(list)
        """Step → net allocations of each of its requests, freelists being empty."""

    def grow(self, is_time_up: IsTimeUp) -> dict[str, float]:
        """Let garbage pile up, and see how the process grows with it.

        A process has room of its own that fills first; the second half of the way shows what an
        object takes.
        """
        gc.collect()
        start = memory.rss()
        seen = [(len(gc.get_objects(0)), 0)]
        while len(seen) <= MOST_ROUNDS and seen[-1][1] < ENOUGH_BYTES:
            for step, allocated in self._round():
                self.allocated[step].append(allocated)
            seen.append((len(gc.get_objects(0)), memory.rss() - start))
            if is_time_up():
                break
        return _prices(seen)

    def reuse(self, is_time_up: IsTimeUp) -> int:
        """Collect the pile, and count the allocations that the freelists then spare."""
        gc.collect(1)
        usual = {step: median(counts) for step, counts in self.allocated.items()}
        spared = 0.0
        for number in range(REFILLED_ROUNDS):
            if number and is_time_up():
                break
            spared += sum(max(0, usual[step] - allocated) for step, allocated in self._round())
        gc.collect(1)
        return int(spared)

    def _round(self) -> Iterator[tuple[int, int]]:
        before = gc.get_count()[0]
        for step, _, _ in self._make_round():
            now = gc.get_count()[0]
            yield step.plan.index, now - before
            before = now


def _prices(seen: list[tuple[int, int]]) -> dict[str, float]:
    """``bytes_per_object``, and ``slack``: what the process could take without growing."""
    objects, grown = seen[-1]
    half, grown_by_half = min(seen, key=lambda point: abs(point[0] - objects / 2))
    if objects < FEWEST_OBJECTS or grown <= grown_by_half:
        return {"bytes_per_object": USUAL_BYTES, "slack": 0}
    each = (grown - grown_by_half) / (objects - half)
    return {"bytes_per_object": each, "slack": max(0, int(each * objects - grown))}
