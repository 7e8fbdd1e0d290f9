"""Splits a request's wall time into exclusive phases.

One :class:`Clock` follows a request through the threads and tasks that serve it in turn; entering
a phase charges the slice that has passed to the phase left. Children that run beside the request
(``gather``, threads of the app's own) get clocks of their own, which are added up apart.

Slices off the CPU outside of I/O phases are waiting (a sleep, a lock, an upstream) or the machine's
(time on the run queue). Reading the thread's CPU clock costs several times a wall clock read, and
asking the scheduler far more, so only slices long enough to hide a wait are checked; shorter ones
count as run.
"""

from __future__ import annotations

from contextvars import ContextVar
from threading import get_ident
from time import perf_counter_ns, thread_time_ns
from typing import Any

from .scheduler import queue_delay

PHASES = (
    "python",
    "middleware",
    "view",
    "sql_execute",
    "sql_fetch",
    "orm",
    "cache",
    "template",
    "serialization",
    "gc",
    "waiting",
)
(
    PYTHON,
    MIDDLEWARE,
    VIEW,
    SQL_EXECUTE,
    SQL_FETCH,
    ORM,
    CACHE,
    TEMPLATE,
    SERIALIZATION,
    GC,
    WAITING,
) = range(len(PHASES))

_IO = frozenset((SQL_EXECUTE, SQL_FETCH, CACHE, WAITING))
_LONG_IO_NS = 20_000
_LONG_NS = 200_000
_LONG_IDLE_NS = 100_000
LONG_PAUSE_NS = 1_000_000
_LONG = tuple(_LONG_IO_NS if phase in _IO else _LONG_NS for phase in range(len(PHASES)))


class Clock:
    """The phases and counters of one request, or of one child running beside it."""

    __slots__ = (
        "cache_hits",
        "cache_misses",
        "checked",
        "collections",
        "cpu_mark",
        "detail",
        "handed",
        "hops",
        "machine",
        "mark",
        "off_cpu",
        "parallel",
        "queries",
        "root",
        "sql_ns",
        "stack",
        "started",
        "thread",
        "totals",
    )

    def __init__(
        self, parent: Clock | None = None, phase: int = PYTHON, detail: Any = None
    ) -> None:
        self.root: Clock = parent.root if parent is not None else self
        self.detail: Any = parent.detail if parent is not None else detail
        self.totals = [0] * len(PHASES)
        self.stack: list[int] = [phase]
        self.off_cpu = 0
        self.machine = 0
        self.handed = 0
        if parent is None:
            self.parallel = [0] * len(PHASES)
            self.queries: dict[str, int] = {}
            self.sql_ns: dict[str, int] = {}
            self.cache_hits = self.cache_misses = 0
            self.collections = [0, 0, 0]
            self.hops = 0
        self.start()

    def beside(self, phase: int) -> Clock:
        """A clock of the same kind for a child that begins here and now, in ``phase``."""
        return type(self)(self, phase)

    def start(self) -> None:
        """Begin here and now, in this thread."""
        self.thread = get_ident()
        self.cpu_mark = thread_time_ns()
        self.started = self.mark = self.checked = perf_counter_ns()

    def enter(self, phase: int) -> None:
        """Charge the slice that has passed to the phase left, and start ``phase``."""
        now = perf_counter_ns()
        stack = self.stack
        top = stack[-1]
        spent = now - self.mark
        self.mark = now
        self.totals[top] += spent
        if spent > _LONG[top]:
            self._check(top, spent)
        stack.append(phase)

    def leave(self) -> int:
        """End the current phase; return its last slice in ns."""
        now = perf_counter_ns()
        top = self.stack.pop()
        spent = now - self.mark
        self.mark = now
        self.totals[top] += spent
        if spent > _LONG[top]:
            self._check(top, spent)
        return spent

    def leave_sql(self, alias: str) -> None:
        """End a phase of SQL; its last slice counts for the alias too.

        Written out, as a call of :meth:`leave` would be a tenth of the whole cost of a query.
        """
        now = perf_counter_ns()
        top = self.stack.pop()
        spent = now - self.mark
        self.mark = now
        self.totals[top] += spent
        if spent > _LONG[top]:
            self._check(top, spent)
        times = self.root.sql_ns
        times[alias] = times.get(alias, 0) + spent

    def _check(self, phase: int, spent: int) -> None:
        """Find how much of a long slice was off the CPU, and start a new CPU slice."""
        if get_ident() != self.thread:
            self._start_cpu_slice()
            return
        cpu = thread_time_ns()
        # Slices tile time, and the short ones before this one count as run.
        run_before = self.mark - spent - self.checked
        used = cpu - self.cpu_mark - run_before
        self.cpu_mark = cpu
        self.checked = self.mark
        if phase not in _IO:
            idle = spent - max(used, 0)
            if idle > 0:
                self.totals[phase] -= idle
                self.off_cpu += idle
                if idle > _LONG_IDLE_NS:
                    self.machine += min(queue_delay(), idle)

    def _start_cpu_slice(self) -> None:
        self.thread = get_ident()
        self.cpu_mark = thread_time_ns()
        self.checked = self.mark

    def take_thread(self) -> None:
        """Go on in the thread that calls: a hop is charged to the phase that made it.

        A long one was waiting for the thread, which was busy.
        """
        now = perf_counter_ns()
        spent = now - self.mark
        self.mark = now
        phase = WAITING if spent > LONG_PAUSE_NS else self.stack[-1]
        self.totals[phase] += spent
        self._start_cpu_slice()
        self._set_apart_queueing(phase, spent)

    def _set_apart_queueing(self, phase: int, spent: int) -> None:
        """Take out of a pause what this thread spent ready to run, before it went on."""
        if spent > LONG_PAUSE_NS:
            queued = min(queue_delay(), spent)
            self.totals[phase] -= queued
            self.off_cpu += queued
            self.machine += queued

    def end_slice(self) -> None:
        """Charge the slice that has passed without changing the phase."""
        phase = self.stack[-1]
        self.leave()
        self.stack.append(phase)

    def suspend(self, coroutine: Any = None) -> bool:  # noqa: ARG002 (for clocks that look at it)
        """A task stops running: wait, unless a thread goes on in its place.

        What is awaited inside a phase of I/O belongs to that phase.
        """
        if self.handed:
            return False
        phase = self.stack[-1]
        self.enter(phase if phase in _IO else WAITING)
        return True

    def resume(self, waited: bool) -> None:
        """A task runs again."""
        if waited:
            phase = self.stack[-1]
            spent = self.leave()
            self._start_cpu_slice()
            self._set_apart_queueing(phase, spent)
        else:
            self.take_thread()

    def collected(self, nanoseconds: int, generation: int) -> None:
        """Move a garbage collection out of the slice that it interrupted."""
        self.totals[GC] += nanoseconds
        self.mark += nanoseconds
        self.root.collections[generation] += 1

    def count_query(self, alias: str) -> None:
        """Count one query on a database alias."""
        queries = self.root.queries
        queries[alias] = queries.get(alias, 0) + 1

    def stop(self) -> int:
        """End the last slice; return the wall time in ns. A child adds itself to its request."""
        self.end_slice()
        if self.root is not self:
            parallel = self.root.parallel
            for phase, total in enumerate(self.totals):
                parallel[phase] += total
            parallel[WAITING] += self.off_cpu - self.machine
        return self.mark - self.started


def new_clock(detail: Any = None) -> Clock:
    """A request's clock, of the kind that its recorder of details asks for."""
    kind: type[Clock] = getattr(detail, "clock_class", Clock)
    return kind(detail=detail)


CURRENT: ContextVar[Clock | None] = ContextVar("djtune_clock", default=None)
"""The clock of the request (or child) being served here; None outside of timed requests."""
