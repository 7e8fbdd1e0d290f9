"""Where a request waits: off the processor, outside of SQL and cache.

A thread beside the request looks every millisecond whether its thread has used the processor, and
if not, where it stands. A coroutine that is suspended tells where by itself. What is found are
places and their parts of the waiting; how long a request waits is the timing pass's to say.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from . import callsites
from .clock import CACHE, SQL_EXECUTE, SQL_FETCH, Clock

TICK_SECONDS = 0.001
BUSY_PART = 0.2
"""A thread that used less of a tick on the processor was waiting."""
LEAST_NS = 2_000_000
"""Shorter pauses are the machine's as likely as the app's."""
_TIMED_ELSEWHERE = (SQL_EXECUTE, SQL_FETCH, CACHE)


class WaitingClock(Clock):
    """A request's clock that says when it starts to wait for what a coroutine awaits."""

    __slots__ = ()

    def start(self) -> None:
        """Begin here and now, in this thread."""
        super().start()
        if self.root is self and isinstance(self.detail, Waits):
            self.detail.clock = self

    def suspend(self, coroutine: Any = None) -> bool:
        """A task stops running."""
        waited = super().suspend(coroutine)
        if waited and self.root is self:
            self.detail.note_suspended(coroutine)
        return waited

    def resume(self, waited: bool) -> None:
        """A task runs again."""
        super().resume(waited)
        if waited and self.root is self:
            self.detail.note_resumed()


@dataclass
class StepWaits:
    """The waits of one step's requests, in the order in which they came."""

    requests: list[list[tuple[callsites.Trail, int]]] = field(default_factory=list)


class Waits:
    """Notes where requests wait."""

    places = True
    """Threads that a request starts are to know from where."""
    clock_class = WaitingClock

    def __init__(self) -> None:
        self.clock: Clock | None = None
        """Of the request that is being served, or was last."""
        self.steps: dict[int, StepWaits] = defaultdict(StepWaits)
        self._found: list[tuple[callsites.Trail, int]] = []
        self._step = -1
        self._since = 0
        self._suspended: callsites.Trail = ()

    def start_step(self, step: int) -> None:
        """Begin a request."""
        self._step = step
        self._found = []

    def note_query(self, _alias: str, _sql: Any, _params: Any) -> None:
        """Queries have a recorder of their own."""

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Caches have a probe of their own."""

    def note_suspended(self, coroutine: Any) -> None:
        """A coroutine of the request has stopped running; it will say when it goes on."""
        self._since = time.perf_counter_ns()
        self._suspended = coroutine_trail(coroutine)

    def note_resumed(self) -> None:
        """The coroutine that stopped last goes on."""
        waited = time.perf_counter_ns() - self._since
        if waited >= LEAST_NS and self._suspended:
            self._note(self._suspended, waited)

    def note_idle(self, frame: FrameType, nanoseconds: int) -> None:
        """The request's thread has stood at ``frame`` for so long."""
        if trail := callsites.trail(frame):
            self._note(trail, nanoseconds)

    def _note(self, trail: callsites.Trail, nanoseconds: int) -> None:
        if self._found and self._found[-1][0] == trail:
            nanoseconds += self._found.pop()[1]
        self._found.append((trail, nanoseconds))

    def finish(self, ok: bool) -> None:
        """Keep the waits of the request that has been served."""
        if ok:
            kept = [wait for wait in self._found if wait[1] >= LEAST_NS]
            self.steps[self._step].requests.append(kept)


@contextmanager
def watched(waits: Waits) -> Iterator[None]:
    """Look at the thread that serves a request, and note where it waits, while the block lasts.

    Where the system does not tell how long another thread has run (macOS), only coroutines tell.
    """
    if not hasattr(time, "pthread_getcpuclockid"):
        yield
        return
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(waits, ended), name="djtune-waits", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(waits: Waits, ended: threading.Event) -> None:
    thread, cpu, wall = 0, 0, 0
    while not ended.wait(TICK_SECONDS):
        clock = waits.clock
        now = clock.thread if clock is not None else 0
        # The clock of a thread that has ended is not to be asked for: that may crash the process.
        frame = sys._current_frames().get(now)
        if clock is None or frame is None or _is_timed_elsewhere(clock):
            thread, frame = 0, None
            continue
        cpu_now, wall_now = _cpu_of(now), time.perf_counter_ns()
        if now == thread and cpu_now - cpu < BUSY_PART * (wall_now - wall) and _serves(frame):
            waits.note_idle(frame, wall_now - wall)
        frame = None  # what the app has let go of must not live on, to end in this thread
        thread, cpu, wall = now, cpu_now, wall_now


def _is_timed_elsewhere(clock: Clock) -> bool:
    # Between two phases the stack may be empty for a moment.
    return any(phase in _TIMED_ELSEWHERE for phase in clock.stack[-1:])


def _cpu_of(thread: int) -> int:
    """Nanoseconds on the processor of a thread; 0 for one that has ended."""
    try:
        return time.clock_gettime_ns(time.pthread_getcpuclockid(thread))
    except OSError:
        return 0


def _serves(frame: FrameType | None) -> bool:
    """Whether a request is being served under ``frame``, and no event loop waits in it."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.endswith("/selectors.py"):
            return False
        if code.co_filename.endswith(_DRIVERS):
            return True
        frame = frame.f_back
    return False


_DRIVERS = ("/agent/wsgi.py", "/agent/probes/tasks.py")


def coroutine_trail(coroutine: Any) -> callsites.Trail:
    """The app's places in a chain of awaiting coroutines, innermost first."""
    found: list[Any] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None and callsites.is_app(frame):
            found.append((id(frame.f_code), frame.f_lasti))
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return tuple(reversed(found))


def summary(found: StepWaits) -> list[dict[str, Any]]:
    """Each place with its mean waiting, in the order in which a request comes to them.

    Places that fewer than half of the requests waited at are left out.
    """
    totals: dict[tuple[tuple[str, str], ...], int] = defaultdict(int)
    seen: dict[tuple[tuple[str, str], ...], int] = defaultdict(int)
    places: dict[tuple[tuple[str, str], ...], list[dict[str, str]]] = {}
    for request in found.requests:
        once = set()
        for trail, waited in request:
            resolved = callsites.resolved(trail)
            key = tuple((place["where"], place["what"]) for place in resolved)
            places.setdefault(key, resolved)
            totals[key] += waited
            once.add(key)
        for key in once:
            seen[key] += 1
    requests = len(found.requests)
    return [
        {"places": places[key], "ns": totals[key] / requests, "requests": seen[key]}
        for key in places
        if places[key] and 2 * seen[key] > requests
    ]
