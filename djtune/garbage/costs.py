"""What collections cost, fitted to those that were seen.

Sizes are the simulation's own, so that what it misjudges about them is made up for by the prices.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import log2
from statistics import fmean
from typing import TypeVar

from msgspec import Struct

from djtune.garbage.heap import OLD, YOUNG, Collected
from djtune.garbage.recording import Costs, Timed
from djtune.model.policy import GcPolicy

HOT = 1000
"""Objects that the processor's nearest cache holds: beyond, each costs more the more there are."""
SWEEPS = 5000

T = TypeVar("T")
START, YOUNG_VISIT, YOUNG_DOUBLING, OLD_VISIT, YOUNG_FREED, OLD_FREED = range(6)


class Observed(Struct, frozen=True):
    """The collections of one real run."""

    policy: GcPolicy
    order: Sequence[int]
    """The journeys that it made."""
    pauses: Sequence[tuple[int, int, int]]
    """Generation, nanoseconds of thread CPU time, and objects freed, of each collection."""


def price(costs: Costs, collected: Collected) -> float:
    """Nanoseconds of thread CPU time that a collection takes."""
    generation, visited = collected.generation, collected.visited
    return (
        costs.start_ns
        + costs.visited_ns[generation] * visited
        + costs.doubling_ns[generation] * visited * doublings(visited)
        + costs.freed_ns[generation] * collected.freed
    )


def doublings(visited: float) -> float:
    """How many times as large as what the processor's nearest cache holds, as a power of two."""
    return log2(visited / HOT) if visited > HOT else 0.0


def paired(log: Sequence[Collected], observed: Observed) -> Iterator[Timed]:
    """Lay simulated sizes beside observed times.

    In each generation those that freed more than the mean are taken apart from those that freed
    less: they tell the price of freeing. How much was freed is as observed. What is on one side
    alone is left out.
    """
    for generation in range(OLD + 1):
        sizes = _halves([(z.freed, z.visited) for z in log if z.generation == generation])
        seen = [(freed, (ns, freed)) for each, ns, freed in observed.pauses if each == generation]
        for visited, times in zip(sizes, _halves(seen), strict=True):
            if visited and times:
                yield Timed(
                    generation,
                    fmean(visited),
                    fmean(freed for _, freed in times),
                    fmean(nanoseconds for nanoseconds, _ in times),
                    len(times),
                )


def _halves(pairs: Sequence[tuple[float, T]]) -> tuple[list[T], list[T]]:
    """The values of the pairs whose key is up to the mean, and of those above."""
    middle = fmean(key for key, _ in pairs) if pairs else 0.0
    return [v for key, v in pairs if key <= middle], [v for key, v in pairs if key > middle]


def fit(found: Sequence[Timed]) -> Costs:
    """Non-negative least squares of total times, each weighted by its reciprocal root, as if the
    error were that of a count.
    """
    rows = [_row(each) for each in found if each.nanoseconds]
    prices = non_negative_least_squares([row for row, _ in rows], [value for _, value in rows])
    if not any(each.freed for each in found if each.generation > YOUNG):
        prices[OLD_FREED] = prices[YOUNG_FREED]
    return Costs(
        visited_ns=(prices[YOUNG_VISIT], prices[YOUNG_VISIT], prices[OLD_VISIT]),
        doubling_ns=(prices[YOUNG_DOUBLING], prices[YOUNG_DOUBLING], 0.0),
        freed_ns=(prices[YOUNG_FREED], prices[OLD_FREED], prices[OLD_FREED]),
        start_ns=prices[START],
        pauses=sum(each.number for each in found),
    )


def _row(timed: Timed) -> tuple[list[float], float]:
    full, old = timed.generation == OLD, timed.generation > YOUNG
    young_visits = timed.visited * (not full)
    features = [
        1.0,
        young_visits,
        young_visits * doublings(timed.visited),
        timed.visited * full,
        timed.freed * (not old),
        timed.freed * old,
    ]
    weight = (timed.number / timed.nanoseconds) ** 0.5
    return [feature * weight for feature in features], timed.nanoseconds * weight


def non_negative_least_squares(
    rows: Sequence[Sequence[float]], values: Sequence[float]
) -> list[float]:
    """The x ≥ 0 that makes ``rows``·x closest to ``values``, by coordinate descent.

    Columns that are all zero get 0. (Franc, Hlaváč, Navara 2005, "Sequential coordinate-wise
    algorithm for the non-negative least squares problem".)
    """
    columns = list(zip(*rows, strict=True))
    gram = [[_dot(one, other) for other in columns] for one in columns]
    aims = [_dot(column, values) for column in columns]
    x = [0.0] * len(columns)
    for _ in range(SWEEPS):
        for number, line in enumerate(gram):
            if line[number]:
                x[number] = max(0.0, x[number] + (aims[number] - _dot(line, x)) / line[number])
    return x


def _dot(one: Iterable[float], other: Iterable[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
