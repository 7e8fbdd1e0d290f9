"""The call that prices response fields: CPU a response for each, in requests of their own.

``Serializer._readable_fields`` hands out one field after another; what passes until the next one
is asked for is spent on the one handed out. Two reads of a clock a field and row are the whole
instrument; what they cost is measured and taken off.
"""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter_ns
from typing import Any

from ..calls import current, draw, follow
from ..clock import CURRENT, GC, SQL_EXECUTE, SQL_FETCH, WAITING, Clock
from ..exchange import Exchange
from ..probes.patches import Patches
from ..session import classify
from . import anchoring, outputs

_ELSEWHERE = (SQL_EXECUTE, SQL_FETCH, GC, WAITING)
CALIBRATED = 2000


class Prices:
    """What each field of each serializer took in the request that is being served."""

    places = False

    def __init__(self) -> None:
        self.overhead = _overhead()
        self.found: dict[tuple[int, anchoring.Path], list[float]] = defaultdict(list)
        self.start_step(-1)

    def start_step(self, step: int) -> None:
        """Begin a request."""
        self.step = step
        self.outputs = outputs.Outputs()
        self.spent: dict[tuple[int, str], list[int]] = {}
        """By serializer and field: nanoseconds, and times."""

    def note_query(self, _alias: str, _sql: Any, _params: Any) -> None:
        """Queries are not looked at."""

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Caches are not looked at."""

    def finish(self, exchange: Exchange) -> None:
        """Add the request just served."""
        found = anchoring.find(self.outputs, exchange)
        totals: dict[anchoring.Path, float] = defaultdict(float)
        for (key, name), (nanoseconds, times) in self.spent.items():
            paths = found.fields(key, name)
            for path in paths:
                spent = max(nanoseconds - self.overhead * times, 0.0)
                totals[path] += spent / len(paths)
        for path, spent in totals.items():
            self.found[self.step, path].append(spent)


def price_fields(
    emit: Callable[[Any], None], skip: list[int], rounds: int, seconds: float
) -> list[dict[str, Any]]:
    """Make each journey ``rounds`` times: ``step``, ``path`` and ``cpu_ns``, a figure a response.

    It is the time that a field takes in all rows with all that is below it, without SQL, waits
    and collections.
    """
    session = current()
    prices = Prices()
    deadline = time.monotonic() + seconds
    for number in range(rounds):
        with _pricing():
            for journey in range(len(session.workload["journeys"])):
                steps = draw(session, journey, set(skip))
                for _, request, exchange in follow(session, steps, detail=prices):
                    if request is not None and classify(exchange, request) == "ok":
                        prices.finish(exchange)
        emit({"round": number})
        if time.monotonic() > deadline:
            break
    return [
        {"step": step, "path": list(path), "cpu_ns": found}
        for (step, path), found in sorted(prices.found.items())
    ]


@contextmanager
def _pricing() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        with Patches() as patches:
            outputs.install(patches)
            for serializer in outputs.serializer_classes():
                fields = vars(serializer)["_readable_fields"].fget
                patches.replace(serializer, "_readable_fields", property(_priced(fields)))
            yield
    finally:
        if was_enabled:
            gc.enable()


def _priced(fields: Callable[[Any], Any]) -> Callable[[Any], Iterator[Any]]:
    def priced(self: Any) -> Iterator[Any]:
        clock = CURRENT.get()
        spent = getattr(getattr(clock, "detail", None), "spent", None)
        if spent is None or clock is None:
            yield from fields(self)
            return
        for field in fields(self):
            elsewhere = _elsewhere(clock)
            start = perf_counter_ns()
            yield field
            took = perf_counter_ns() - start - _elsewhere(clock) + elsewhere
            entry = spent.setdefault((id(self), field.field_name), [0, 0])
            entry[0] += took
            entry[1] += 1

    return priced


def _elsewhere(clock: Clock) -> int:
    totals = clock.totals
    return sum(totals[phase] for phase in _ELSEWHERE)


def _overhead() -> float:
    """Nanoseconds that the two reads of the clock add to what lies between them."""
    found = []
    for _ in range(CALIBRATED):
        start = perf_counter_ns()
        found.append(perf_counter_ns() - start)
    return float(median(found))
