"""Replays the workload for a sampler outside: each route below its marker, without any probe."""

from __future__ import annotations

import ctypes
import math
import sys
import sysconfig
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import calls, markers, probes
from .marks import marker_name
from .session import Session

Emit = Callable[[Any], None]

TOLD_EVERY = 0.5
"""Seconds between signs of life."""
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
_PR_SET_PTRACER = 0x59616D61
_PR_SET_PTRACER_ANY = -1


def prepare_marked(emit: Emit, skip: list[int]) -> dict[str, Any]:
    """Make each journey once, unmarked, and let this process be sampled.

    Returns where the interpreter's own modules, the libraries, Django and the app are.
    """
    session = calls.current()
    _let_trace()
    probes.remove()
    for journey in range(len(session.workload["journeys"])):
        _make(session, journey, set(skip))
        emit({"journey": journey})
    return _places()


def replay_marked(emit: Emit, skip: list[int], seconds: float) -> dict[str, Any]:
    """Make journeys for ``seconds``, each step below the marker of its route.

    The dearer journeys are made for longer, by the square root of what they cost: a graph needs
    samples, and one of a cheap route too. Returns marker → steps, and by step how often it was
    asked for and how many seconds that took.
    """
    session = calls.current()
    marks = _Marks(session)
    spent = _Spent(session, set(skip))
    deadline = time.monotonic() + seconds
    told = time.monotonic()
    probes.remove()
    try:
        with markers.followed():
            while (now := time.monotonic()) < deadline:
                journey = spent.next()
                before = spent.total
                for step, ns in _make(session, journey, set(skip), marks):
                    spent.add(step, ns)
                spent.made(journey, spent.total - before)
                if now - told > TOLD_EVERY:
                    emit({"seconds": now - told})
                    told = now
    finally:
        session.driver.mark(None)
        probes.install()
    return {"markers": marks.steps, "requests": spent.requests, "seconds": spent.seconds}


def _make(
    session: Session, journey: int, skip: Container[int], marks: _Marks | None = None
) -> list[tuple[int, int]]:
    """Make a journey; return each step with its wall time in nanoseconds."""
    steps = calls.draw(session, journey, skip)
    return [
        (step.plan.index, exchange.wall_ns)
        for step, request, exchange in calls.follow(session, steps, timed=False, detail=marks)
        if request is not None
    ]


class _Marks:
    """Hands the driver the marker of the step that is about to be served."""

    def __init__(self, session: Session) -> None:
        self._driver = session.driver
        self._markers: list[markers.Marker] = []
        self.steps: dict[str, list[int]] = {}
        made: dict[tuple[str, str], markers.Marker] = {}
        steps = [step for each in session.workload["journeys"] for step in each["steps"]]
        for number, step in enumerate(steps):
            key = (step.get("method", "GET"), step["route"])
            name = marker_name(*key)
            while key not in made and name in self.steps:
                name += "'"  # another route that differs only in what a name cannot have
            made.setdefault(key, markers.marker(name))
            self._markers.append(made[key])
            self.steps.setdefault(made[key].__name__, []).append(number)

    def start_step(self, step: int) -> None:
        """The next request is one of ``step``."""
        self._driver.mark(self._markers[step])


@dataclass
class _Journey:
    weight: float
    times: int = 0
    seconds: float = 0.0

    def priority(self) -> float:
        """The least goes next: time spent, by the root of what the journey costs the app."""
        if not self.times:
            return -1.0
        # A journey that could not be made takes no time in any figure, but must not go on for ever.
        seconds = max(self.seconds, 1e-3 * self.times)
        return seconds / math.sqrt(self.weight * seconds / self.times)


class _Spent:
    """The time that journeys and steps have taken so far."""

    def __init__(self, session: Session, skip: Container[int]) -> None:
        journeys = session.workload["journeys"]
        count = sum(len(journey["steps"]) for journey in journeys)
        self._journeys = [_Journey(journey.get("weight", 1.0)) for journey in journeys]
        self._made = [place for place in range(len(journeys)) if calls.draw(session, place, skip)]
        """Journeys that have a step left."""
        self.requests = [0] * count
        self.seconds = [0.0] * count
        self.total = 0.0

    def next(self) -> int:
        """The journey to make now."""
        return min(self._made, key=lambda place: self._journeys[place].priority())

    def add(self, step: int, ns: int) -> None:
        """A step was served."""
        self.requests[step] += 1
        self.seconds[step] += ns / 1e9
        self.total += ns / 1e9

    def made(self, journey: int, seconds: float) -> None:
        """A journey is over."""
        self._journeys[journey].times += 1
        self._journeys[journey].seconds += seconds


def _let_trace() -> None:
    """Let any process of this user's read this one's stacks, where Yama would not."""
    if _YAMA.exists():
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PTRACER, ctypes.c_ulong(_PR_SET_PTRACER_ANY), 0, 0, 0)


def _places() -> dict[str, list[str]]:
    import django

    paths = sysconfig.get_paths()
    return {
        "django": list(django.__path__),
        "libraries": sorted({paths["purelib"], paths["platlib"]}),
        "python": sorted({paths["stdlib"], paths["platstdlib"], sys.base_prefix + "/lib"}),
        "djtune": [markers.AGENT],
        "app": [str(Path.cwd())],
    }
