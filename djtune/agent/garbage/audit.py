"""What each step of a workload leaves to the collector, counted and named.

The collector is held off while a request is served; what a collection then finds is what the
request left in cycles, or hanging from them. Probes are taken out, so that it is the app's alone.
"""

from __future__ import annotations

import gc
import math
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat, takewhile
from typing import Any

from .. import probes
from ..calls import current, draw
from ..player import Request
from ..session import Session, captured, classify
from ..templates import WorkloadError
from . import growth
from .cycles import links_of
from .graph import size_of
from .links import plain_name

Emit = Callable[[Any], None]
Ask = Callable[[Request, dict[str, str]], object]
WARM_ROUNDS = 3
"""Times that each journey is made before it counts: imports, caches and free lists settle."""
MOST_COLLECTIONS = 10


def audit_garbage(
    emit: Emit, skip: list[int], rounds: int, seconds: float = math.inf
) -> list[dict[str, Any]]:
    """Make each journey ``rounds`` times and say what each of its requests leaves as garbage.

    A step whose answers are not those that are expected has no rounds. In the first round that
    counts garbage is looked at closely. Requests are made once more to weigh it, and a few times
    to see what stays for good. After ``seconds`` no further round is begun but for one of each
    kind that counts, and no look at what stays is taken.
    """
    session = current()
    audit = Audit(session, set(skip), time.monotonic() + seconds)
    probes.remove()
    try:
        with collector_off():
            for number, ask in enumerate(audit.asked(rounds)):
                for journey in range(len(session.workload["journeys"])):
                    audit.follow(journey, ask)
                    emit({"journey": journey, "round": number})
    finally:
        probes.install()
    return [audit.rows[step] for step in sorted(audit.rows)]


@contextmanager
def collector_off() -> Iterator[None]:
    """Let no collection start by itself, as it was before afterwards."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Audit:
    """What has been counted so far, by step."""

    def __init__(self, session: Session, skip: set[int], deadline: float) -> None:
        self._session = session
        self._skip = skip
        self._deadline = deadline
        self.rows: dict[int, dict[str, Any]] = {}

    def asked(self, rounds: int) -> Iterator[Ask]:
        """Yield what is to be done with the requests, round by round."""
        yield self.warm_up
        yield from self._in_time(repeat(self.warm_up, WARM_ROUNDS - 1))
        yield self.weigh
        yield self.count
        yield from self._in_time(repeat(self.count, rounds - 1))
        yield from self._in_time([self.look_for_growth])

    def _in_time(self, rounds: Iterable[Ask]) -> Iterator[Ask]:
        return takewhile(lambda _: not self.is_over(), rounds)

    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._deadline

    def follow(self, journey: int, ask: Ask) -> None:
        """Have each request of a journey made by ``ask``."""
        answers: dict[str, str] = {}
        for step in draw(self._session, journey, self._skip):
            try:
                request = step.request(answers)
            except WorkloadError as error:
                self._session.failures[step.plan.index] = error.message
                continue
            self.rows.setdefault(request.step, {"step": request.step, "rounds": []})
            ask(request, answers)

    def warm_up(self, request: Request, answers: dict[str, str]) -> None:
        """Serve a request, and let no garbage pile up; the old heap is not looked at."""
        self.serve(request, answers)
        gc.collect(1)

    def serve(self, request: Request, answers: dict[str, str]) -> bool:
        """Serve a request and keep nothing of it but what later ones need; whether it was
        answered as expected.
        """
        gc.disable()  # a request before may have switched the collector on
        exchange = self._session.serve(request, timed=False)
        answers.update(captured(exchange, request.capture))
        return classify(exchange, request) == "ok"

    def weigh(self, request: Request, answers: dict[str, str]) -> None:
        """Serve equal requests without a collection, and see how much memory the last one keeps.

        The one before it replaces what the app keeps of its last request, which is no loss.
        """
        settle()
        with traced_memory():
            for _ in range(2):
                before, _ = tracemalloc.get_traced_memory()
                self.serve(request, answers)
                clear_free_lists()
            after, _ = tracemalloc.get_traced_memory()
        self.rows[request.step]["kept"] = max(0, after - before)

    def count(self, request: Request, answers: dict[str, str]) -> None:
        """Serve a request and count what it leaves."""
        settle()
        expected = self.serve(request, answers)
        garbage, uncollectable = left_behind()
        row = self.rows[request.step]
        if expected:
            if not row["rounds"]:
                row |= {"types": _types(garbage), **links_of(garbage)}
            size = sum(map(size_of, garbage))
            found = {"objects": len(garbage), "bytes": size, "uncollectable": uncollectable}
            row["rounds"].append(found)
        del garbage
        settle()

    def look_for_growth(self, request: Request, answers: dict[str, str]) -> None:
        """Serve a request again and again, and see what stays; not once the time is up."""
        row = self.rows[request.step]
        if self.serve(request, answers) and row["rounds"] and not self.is_over():
            row["growth"] = growth.find(lambda: self.serve(request, answers), settle)


@contextmanager
def traced_memory() -> Iterator[None]:
    """Have Python keep account of what is allocated, unless the app has it do so already."""
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        yield
    finally:
        if not traced:
            tracemalloc.stop()


def clear_free_lists() -> None:
    """Have Python give up the memory that it keeps for new objects, and leave garbage alone.

    A full collection does so; garbage is frozen meanwhile. Where the app has frozen objects of
    its own they have to stay so, and the lists as they are.
    """
    if not gc.get_freeze_count():
        gc.freeze()
        gc.collect()
        gc.unfreeze()


def settle() -> None:
    """Collect until there is nothing more to be found."""
    for _ in range(MOST_COLLECTIONS):
        if not gc.collect():
            return


def left_behind() -> tuple[list[Any], int]:
    """The objects that a collection would free now, alive, and how many it could not."""
    uncollectable: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            uncollectable.append(info["uncollectable"])

    before = gc.get_debug()
    kept, gc.garbage[:] = gc.garbage[:], []
    gc.callbacks.append(note)
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
    finally:
        gc.set_debug(before)
        gc.callbacks.remove(note)
        found, gc.garbage[:] = gc.garbage[:], kept
    return found, sum(uncollectable)


def _types(garbage: list[Any]) -> list[dict[str, Any]]:
    """Objects and bytes by type, the commonest first."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for each in garbage:
        name = plain_name(type(each))
        counts[name] += 1
        sizes[name] += size_of(each)
    return [
        {"name": name, "objects": count, "bytes": sizes[name]}
        for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]
