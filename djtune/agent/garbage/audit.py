"""What each step of a workload leaves to the collector, counted and named.

The collector is held off while a request is served; what a collection then finds is what the
request left in cycles, or hanging from them. Probes are taken out, so that it is the app's alone.
"""

from __future__ import annotations

import gc
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import probes
from ..calls import current, draw
from ..player import Request
from ..session import Session, captured, classify
from ..templates import WorkloadError
from . import growth
from .cycles import links_of
from .graph import held_alone, size_of
from .links import plain_name

Emit = Callable[[Any], None]
WARM_ROUNDS = 3
"""Times that each journey is made before it counts: imports, caches and free lists settle."""
MOST_COLLECTIONS = 10


def audit_garbage(
    emit: Emit, skip: list[int], rounds: int, seconds: float = math.inf
) -> list[dict[str, Any]]:
    """Make each journey ``rounds`` times and say what each of its requests leaves as garbage.

    A step whose answers are not those that are expected has no rounds. In the first round that
    counts garbage is looked at closely. After the last, requests are made a few times more to see
    what stays for good. After ``seconds`` no further round is begun, and no such look is taken.
    """
    session = current()
    audit = Audit(session, set(skip), time.monotonic() + seconds)
    probes.remove()
    try:
        with collector_off():
            for number in range(WARM_ROUNDS + rounds):
                if audit.is_over() and number > WARM_ROUNDS:
                    break
                for journey in range(len(session.workload["journeys"])):
                    audit.follow(journey, audit.warm_up if number < WARM_ROUNDS else audit.count)
                    emit({"journey": journey, "round": number})
            for journey in range(len(session.workload["journeys"])):
                audit.follow(journey, audit.look_for_growth)
                emit({"journey": journey, "round": WARM_ROUNDS + rounds})
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

    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._deadline

    def follow(self, journey: int, ask: Callable[[Request, dict[str, str]], object]) -> None:
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

    def warm_up(self, request: Request, answers: dict[str, str]) -> bool:
        """Serve a request and keep nothing of it but what later ones need; whether it was
        answered as expected.
        """
        exchange = self._session.serve(request, timed=False)
        answers.update(captured(exchange, request.capture))
        return classify(exchange, request) == "ok"

    def count(self, request: Request, answers: dict[str, str]) -> None:
        """Serve a request and count what it leaves."""
        settle()
        expected = self.warm_up(request, answers)
        garbage, uncollectable = left_behind()
        row = self.rows[request.step]
        if expected:
            if not row["rounds"]:
                row |= {"types": _types(garbage), "held": held_alone(garbage), **links_of(garbage)}
            size = sum(map(size_of, garbage))
            found = {"objects": len(garbage), "bytes": size, "uncollectable": uncollectable}
            row["rounds"].append(found)
        del garbage
        settle()

    def look_for_growth(self, request: Request, answers: dict[str, str]) -> None:
        """Serve a request again and again, and see what stays; not once the time is up."""
        row = self.rows[request.step]
        if self.warm_up(request, answers) and row["rounds"] and not self.is_over():
            row["growth"] = growth.find(lambda: self.warm_up(request, answers), settle)


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
