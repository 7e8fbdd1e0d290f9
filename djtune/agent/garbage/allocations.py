"""The traced pass: how many of the collector's objects each request holds as it goes.

The collector is off meanwhile and runs between requests alone. Nothing is timed below the hook.
"""

from __future__ import annotations

import gc
import platform
import sys
import sysconfig
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from .. import calls, probes
from ..session import Session, classify
from .outline import Outline
from .piling import Pile

Emit = Callable[[Any], None]
WARM_ROUNDS = 3
WARM_UNTIL, FOLLOWED_UNTIL, WEIGHED_UNTIL, PILED_UNTIL = 0.15, 0.5, 0.7, 0.85
"""Parts of the time that have passed when each kind of round makes room for the next."""
RARE, LONG, HOOK_SLOWS = 0.01, 0.25, 10.0
"""A journey with less than such a share of the weights is left out if, below the hook, which makes
it so many times slower, it would take such a part of the time."""
BALLAST = 5_000
"""Objects allocated before each request: frees of what is older would else go uncounted, for the
collector's counter does not fall below zero."""
NEAR_PEAK = 0.9
REPEATED = 5
OWN_OBJECTS = 3
"""What a curve itself consists of."""
FRAME = int(sys.version_info >= (3, 11))
"""Since 3.11 a frame becomes an object when a hook is called for it, and only then."""


class _Weight:
    __slots__ = ("link",)


def trace_allocations(emit: Emit, skip: list[int], rounds: int, seconds: float) -> dict[str, Any]:
    """Make each journey ``rounds`` times below a hook that follows the collector's counter.

    Returns the fields of ``djtune.garbage.recording.Recording`` that one process can know, but
    for the journeys. ``seconds`` are kept but for a first round of each kind; ``left_out`` are
    the steps of rare journeys that would take most of them.
    """
    tracer = _Tracer(calls.current(), set(skip), seconds)
    enabled = gc.isenabled()
    gc.disable()
    try:
        traced = tracer.trace(emit, rounds)
    finally:
        gc.collect()
        if enabled:
            gc.enable()
    return {
        "python": platform.python_version(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "thresholds": gc.get_threshold(),
        "enabled": enabled,
        **traced,
    }


class _Tracer:
    def __init__(self, session: Session, skip: set[int], seconds: float) -> None:
        self._session = session
        self._skip = skip
        self._made = 0
        self._begun = time.monotonic()
        self._seconds = seconds
        self._took: dict[int, float] = {}
        """Journey → seconds that it took the last time."""

    def _spent(self, share: float) -> bool:
        """Whether so much of the time has passed."""
        return time.monotonic() - self._begun > share * self._seconds

    def trace(self, emit: Emit, rounds: int) -> dict[str, Any]:
        gc.collect()
        loaded = len(gc.get_objects())
        for number in range(WARM_ROUNDS):
            if number and self._spent(WARM_UNTIL):
                break
            for _ in self._round():
                gc.collect(1)
        left_out = self._leave_out()
        probes.install()
        gc.collect()
        tracked = len(gc.get_objects())
        heap: dict[str, float] = {
            "tracked": tracked,
            "loaded": loaded,
            "frozen": gc.get_freeze_count(),
        }
        timed = [[0, 0, 0, _quickest(0)], [2, tracked, 0, _quickest(2)]]
        self._made = 0
        curves = self._curves(self._rounds(emit, rounds))
        shares = self._shares(curves, timed)
        pile = Pile(self._round)
        heap.update(pile.grow(lambda: self._spent(PILED_UNTIL)))
        heap["reuse"] = pile.reuse(lambda: self._spent(1.0))
        gc.collect()
        kept = len(gc.get_objects()) - tracked - OWN_OBJECTS * len(curves)
        _complete(curves, shares, pile.allocated, kept / self._made)
        return {"heap": heap, "curves": curves, "timed": timed, "left_out": left_out}

    def _leave_out(self) -> list[int]:
        """Skip rare journeys that would take most of the time, and return their steps."""
        journeys = self._session.workload["journeys"]
        total = sum(journey.get("weight", 1.0) for journey in journeys)
        found: list[int] = []
        for journey, seconds in self._took.items():
            rare = journeys[journey].get("weight", 1.0) < RARE * total
            if rare and seconds * HOOK_SLOWS > LONG * self._seconds:
                draws = calls.draw(self._session, journey, self._skip)
                found += [draw.plan.index for draw in draws]
        self._skip |= set(found)
        return found

    def _round(self) -> Iterator[Any]:
        """Every journey's requests, as they are made."""
        for journey in range(len(self._session.workload["journeys"])):
            begun = time.monotonic()
            draws = calls.draw(self._session, journey, self._skip)
            self._made += len(draws)
            for made in calls.follow(self._session, draws):
                gc.disable()  # the app may have switched the collector on
                yield made
            self._took[journey] = time.monotonic() - begun

    def _rounds(self, emit: Emit, rounds: int) -> Iterator[Any]:
        for number in range(rounds):
            if number and self._spent(FOLLOWED_UNTIL):
                return
            yield from self._round()
            emit({"round": number})

    def _curves(self, requests: Iterator[Any]) -> list[dict[str, Any]]:
        """Each request followed to its end and collected after.

        What an exchange holds is freed while the next one is made, here as in a trial: the first
        request has none before it and is left out.
        """
        curves: list[dict[str, Any]] = []
        made = next(requests, None)
        gc.collect(1)
        while made is not None:
            ballast = [_Weight() for _ in range(BALLAST)]
            base = _count()
            outline = Outline(base)
            with hooked(outline.note):
                made = next(requests, None)
            outline.end(_count())
            points, jumps = [point - base for point in outline.points], outline.jumps
            del ballast, outline
            garbage = gc.collect(1)
            if made is not None and _is_ok(made):
                step = made[0].plan.index
                curves.append({"step": step, "points": points, "jumps": jumps, "garbage": garbage})
        return curves

    def _shares(
        self, curves: list[dict[str, Any]], timed: list[list[int]]
    ) -> dict[int, tuple[float, float]]:
        """Step → tracked objects per net allocation near its peak, before and after a look.

        What the looks take, which find no garbage, goes into ``timed``. Journeys that there is no
        time for are left out, the longest first.
        """
        peaks: dict[int, list[int]] = defaultdict(list)
        for curve in curves:
            peaks[curve["step"]].append(max(curve["points"]))
        found: dict[int, tuple[float, float]] = {}
        for journey in sorted(self._took, key=self._took.__getitem__):
            if self._spent(WEIGHED_UNTIL - self._took[journey] / self._seconds):
                break
            draws = calls.draw(self._session, journey, self._skip)
            requests = calls.follow(self._session, draws)
            for draw in draws:
                gc.collect(1)
                sampler = _Sampler(min(peaks[draw.plan.index], default=0) * NEAR_PEAK)
                with hooked(sampler.note):
                    next(requests, None)
                if sampler.shares:
                    found[draw.plan.index] = sampler.shares
                    timed.append([0, sampler.visited, 0, sampler.nanoseconds])
        return found


class _Sampler:
    """Looks once, near the peak, at how many of the objects allocated are tracked."""

    def __init__(self, level: float) -> None:
        self.shares: tuple[float, float] | None = None
        self.visited = self.nanoseconds = 0
        self._before = len(gc.get_objects(0)) + len(gc.get_objects(1))
        self._base = _count()
        self._level = self._base + max(level, 1)

    def note(self, count: int) -> None:
        if count < self._level or self.shares:
            return
        net = count - self._base
        self.visited = len(gc.get_objects(0))
        older = len(gc.get_objects(1))
        self.nanoseconds = _collect(0)
        left = len(gc.get_objects(1)) - self._before
        self.shares = ((self.visited + older - self._before) / net, left / net)


def _complete(
    curves: list[dict[str, Any]],
    shares: dict[int, tuple[float, float]],
    piled: dict[int, list[int]],
    kept: float,
) -> None:
    """Add to each curve what is known of its step."""
    left: dict[int, list[int]] = defaultdict(list)
    for curve in curves:
        left[curve["step"]].append(curve["points"][-1])
    for curve in curves:
        step = curve["step"]
        curve["kept"] = kept
        curve["visited"], curve["surviving"] = shares.get(step, (1.0, 1.0))
        curve["reused"] = (
            max(0, int(median(piled[step]) - median(left[step]))) if piled[step] else 0
        )


def _is_ok(made: Any) -> bool:
    _, request, exchange = made
    return request is not None and classify(exchange, request) == "ok"


def _count() -> int:
    return gc.get_count()[0]


def _collect(generation: int) -> int:
    """Collect, and return the thread CPU time that it took."""
    begun = time.thread_time_ns()
    gc.collect(generation)
    return time.thread_time_ns() - begun


def _quickest(generation: int) -> int:
    """What a collection takes that finds nothing, at least."""
    return min(_collect(generation) for _ in range(REPEATED))


@contextmanager
def hooked(note: Callable[[int], None]) -> Iterator[None]:
    """Hand the counter to ``note`` at every call and return, in threads begun inside too."""
    get_count = gc.get_count
    depth = 0

    def hook(frame: Any, event: str, arg: Any) -> None:  # noqa: ARG001
        nonlocal depth
        if event == "call":
            depth += FRAME
        note(get_count()[0] - depth)
        if event == "return":
            depth -= FRAME

    threading.setprofile(hook)
    sys.setprofile(hook)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
