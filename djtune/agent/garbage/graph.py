"""The references among objects that were left to the collector, and what would free them.

Objects are numbers here: their place in the list that the graph is made of.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

STRUCTURE = -1
"""The label of a reference that cannot be cut by itself: of an object to its ``__dict__``."""


class Graph:
    """Who refers to whom; references have labels once :meth:`label` has been called."""

    def __init__(self, objects: Sequence[Any]) -> None:
        numbers = {id(each): number for number, each in enumerate(objects)}
        self.references: list[list[int]] = [
            [numbers[id(target)] for target in gc.get_referents(each) if id(target) in numbers]
            for each in objects
        ]
        self.cycles = [each for each in components(self.references) if self._is_cycle(each)]
        """Sets of objects that all reach one another."""
        self.cycle_of = {number: n for n, cycle in enumerate(self.cycles) for number in cycle}
        self.labels: dict[int, list[int]] = {}
        """Object in a cycle → label of each of its references, in the order of those."""
        self.labelled: dict[int, list[tuple[int, int]]] = {}
        """Label → who refers to whom by it."""
        self._held = [0] * len(self.references)
        for row in self.references:
            for target in row:
                self._held[target] += 1

    def _is_cycle(self, component: Sequence[int]) -> bool:
        return len(component) > 1 or component[0] in self.references[component[0]]

    def within_cycles(self) -> Iterator[tuple[int, int, int]]:
        """Yield each reference between objects of one cycle: who, its place there, to whom."""
        for number, cycle in self.cycle_of.items():
            for place, target in enumerate(self.references[number]):
                if self.cycle_of.get(target) == cycle:
                    yield number, place, target

    def label(self, number: int, place: int, label: int) -> None:
        """Give a reference a label: references with the same one are cut together."""
        if number not in self.labels:
            self.labels[number] = [STRUCTURE] * len(self.references[number])
        self.labels[number][place] = label
        self.labelled.setdefault(label, []).append((number, self.references[number][place]))

    def freed(self, cut: Collection[int]) -> list[int]:
        """The objects that reference counts free once all references so labelled are gone."""
        held = self._held.copy()
        free = []
        for label in cut:
            for _, target in self.labelled.get(label, ()):
                held[target] -= 1
                if not held[target]:
                    free.append(target)
        freed = []
        while free:
            number = free.pop()
            freed.append(number)
            for target in self._left(number, cut):
                held[target] -= 1
                if not held[target]:
                    free.append(target)
        return freed

    def cycles_with(self, label: int) -> set[int]:
        """The cycles, by number, that have references so labelled."""
        return {self.cycle_of[number] for number, _ in self.labelled[label]}

    def is_open(self, cycle: int, cut: Collection[int]) -> bool:
        """Whether nothing of a cycle goes round once all references so labelled are gone."""
        inside = {
            number: [
                target for target in self._left(number, cut) if self.cycle_of.get(target) == cycle
            ]
            for number in self.cycles[cycle]
        }
        held = Counter(target for targets in inside.values() for target in targets)
        free = [number for number in inside if not held[number]]
        for number in free:  # which grows meanwhile
            for target in inside[number]:
                held[target] -= 1
                if not held[target]:
                    free.append(target)
        return len(free) == len(inside)

    def _left(self, number: int, cut: Collection[int]) -> Iterable[int]:
        labels = self.labels.get(number)
        if labels is None:
            return self.references[number]
        targets = zip(self.references[number], labels, strict=True)
        return [target for target, label in targets if label not in cut]


def components(references: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield the strongly connected components of a graph (Tarjan 1972, without recursion)."""
    order: list[int] = [-1] * len(references)
    lowest: list[int] = [0] * len(references)
    open_: list[int] = []
    is_open = bytearray(len(references))
    seen = 0
    for root in range(len(references)):
        if order[root] >= 0:
            continue
        path = [(root, iter(references[root]))]
        while path:
            number, targets = path[-1]
            if order[number] < 0:
                order[number] = lowest[number] = seen
                seen += 1
                open_.append(number)
                is_open[number] = 1
            for target in targets:
                if order[target] < 0:
                    path.append((target, iter(references[target])))
                    break
                if is_open[target]:
                    lowest[number] = min(lowest[number], order[target])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[number])
                if lowest[number] == order[number]:
                    yield _closed(number, open_, is_open)


def _closed(root: int, open_: list[int], is_open: bytearray) -> list[int]:
    found = []
    while True:
        number = open_.pop()
        is_open[number] = 0
        found.append(number)
        if number == root:
            return found


def size_of(each: Any) -> int:
    """Bytes by ``sys.getsizeof``; 0 for an object that fails to say."""
    try:
        return sys.getsizeof(each)
    except Exception:
        return 0
