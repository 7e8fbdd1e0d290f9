"""Querysets of real requests, timed as they are and without the columns that nothing reads."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .. import probes
from ..calls import current, draw, follow
from ..session import Session
from .columns import Way, ways
from .queries import Keeper, Wanted, keeping

PAIRS = 30
FEWEST_PAIRS = 5
FEWEST_ROWS = 2
"""Of a fetch: what a single row takes is not the columns'."""
MOST_ROWS = 1000
LEAST_NS = 5_000_000
"""A side of a pair lasts at least this long: shorter ones are repeated, for the clock's sake."""


@dataclass
class Measured:
    """Pairs of seconds: as it is, and lighter."""

    cpu: list[tuple[float, float]] = field(default_factory=list)
    wall: list[tuple[float, float]] = field(default_factory=list)
    rows: float = 0.0


def price_lighter(
    emit: Callable[[Any], None],
    skip: list[int],
    asked: list[dict[str, Any]],
    rounds: int,
    seconds: float,
) -> list[dict[str, Any]]:
    """Time each fetch of ``asked`` as it is and in each lighter way, in turn.

    An entry of ``asked`` has the fetch's ``step``, ``number``, ``model``, ``place``, perhaps
    ``begun`` and ``kind``, and the ``columns`` to leave out, as ``relation__attname``. Up to
    ``rounds`` rounds of requests bring the querysets, which are then fetched again by themselves,
    in a transaction that is rolled back. Primary keys, foreign keys that select_related follows,
    and columns that a prefetch needs are never left out; an entry of which nothing remains has no
    result. Nor have those that ``seconds`` do not suffice for, the last ones.
    """
    session = current()
    names = ("step", "model", "place", "begun", "kind")
    wanted = [Wanted(**{name: each[name] for name in names if name in each}) for each in asked]
    _keep(session, wanted, set(skip), rounds, time.monotonic() + seconds)
    deadline = time.monotonic() + seconds
    found: list[dict[str, Any]] = []
    share = seconds / max(1, 2 * len(asked))
    probes.remove()
    try:
        for each, kept in zip(asked, wanted, strict=True):
            if time.monotonic() > deadline:
                break
            found += _priced(session, each, kept, share)
            emit({"number": each["number"]})
    finally:
        probes.install()
    return found


def _keep(
    session: Session, wanted: list[Wanted], skip: set[int], rounds: int, deadline: float
) -> None:
    """Make requests until all querysets are kept often enough, or time is up."""
    keeper = Keeper(wanted)
    order = _journeys(session, wanted, skip)
    with keeping(keeper):
        for _ in range(rounds):
            for journey in order:
                steps = draw(session, journey, skip)
                if any(step.plan.index in keeper.steps() for step in steps):
                    for _ in follow(session, steps, detail=keeper):
                        pass
                if time.monotonic() > deadline:
                    return


def _journeys(session: Session, wanted: list[Wanted], skip: set[int]) -> list[int]:
    """The journeys that bring what is wanted, in its order."""
    made = range(len(session.workload["journeys"]))
    steps = {n: {step.plan.index for step in draw(session, n, skip)} for n in made}
    found = [next((n for n in made if each.step in steps[n]), None) for each in wanted]
    return [journey for journey in dict.fromkeys(found) if journey is not None]


def _priced(
    session: Session, asked: dict[str, Any], wanted: Wanted, seconds: float
) -> Iterator[dict[str, Any]]:
    if not wanted.kept:
        yield _entry(asked, "defer", asked["columns"], Measured(), "not fetched again")
        return
    querysets = [queryset.prefetch_related(None) for queryset in wanted.kept]
    for way in ways(querysets[0], asked["columns"], wanted.linking):
        measured, failure = Measured(), ""
        session.rollback.begin()
        try:
            measured = _measure(querysets, way, seconds)
        except Exception as error:
            # What the app's own querysets and fields do with fewer columns is not known.
            failure = type(error).__name__
        finally:
            session.rollback.end()
        yield _entry(asked, way.name, way.left_out, measured, failure)


def _entry(
    asked: dict[str, Any], way: str, columns: list[str], measured: Measured, failure: str
) -> dict[str, Any]:
    return {
        "step": asked["step"],
        "number": asked["number"],
        "way": way,
        "columns": columns,
        "pairs": measured.cpu,
        "wall": measured.wall,
        "rows": round(measured.rows),
        "failure": failure,
    }


def _measure(querysets: list[Any], way: Way, seconds: float) -> Measured:
    """Fetch each queryset both ways, which goes first in turn; the first pair warms up."""
    deadline = time.monotonic() + seconds
    sides = [(_some(queryset), _some(way.of(queryset))) for queryset in querysets]
    counts = [len(list(whole)) for whole, _ in sides]
    measured = Measured(rows=sum(counts) / len(counts))
    if measured.rows < FEWEST_ROWS:
        return measured
    times = _repetitions(sides[0])
    with _collector_off():
        for number in range(PAIRS + 1):
            whole, light = sides[number // 2 % len(sides)]
            if number > FEWEST_PAIRS and time.monotonic() > deadline:
                break
            pair = _pair(whole, light, times, first=number % 2)
            if number:
                measured.cpu.append((pair[0][0], pair[1][0]))
                measured.wall.append((pair[0][1], pair[1][1]))
    return measured


def _some(queryset: Any) -> Any:
    """The first rows, which cost as much each as the others."""
    return queryset if queryset.query.is_sliced else queryset[:MOST_ROWS]


def _repetitions(sides: Iterable[Any]) -> int:
    """How often to fetch a queryset within one measurement."""
    quickest = min(int(_seconds(queryset, 1)[1] * 1e9) for queryset in sides)
    return max(1, LEAST_NS // max(1, quickest))


def _pair(whole: Any, light: Any, times: int, first: int) -> list[tuple[float, float]]:
    """CPU and wall seconds a fetch of both, the one with index ``first`` before the other."""
    sides = [whole, light]
    found: dict[int, tuple[float, float]] = {}
    for index in (first, 1 - first):
        found[index] = _seconds(sides[index], times)
    return [found[0], found[1]]


def _seconds(queryset: Any, times: int) -> tuple[float, float]:
    """CPU and wall seconds of one fetch, its compilation and its rows' end included."""
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    for _ in range(times):
        list(queryset._chain())
    cpu, wall = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
    return cpu / times / 1e9, wall / times / 1e9


@contextmanager
def _collector_off() -> Iterator[None]:
    """Without collections, which fall on either side; whether it was on before is kept."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
