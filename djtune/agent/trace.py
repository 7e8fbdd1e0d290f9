"""Chosen requests as timelines: a clock that remembers its slices, and what was done in each.

Only this pass uses it; the timing pass keeps the plain :class:`Clock`, which sums and forgets.
Texts are masked before they are handed on: no parameter, key or literal leaves the agent.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from threading import get_ident
from time import perf_counter_ns
from typing import Any

from .clock import (
    CACHE,
    CURRENT,
    LONG_PAUSE_NS,
    SQL_EXECUTE,
    TEMPLATE,
    WAITING,
    Clock,
)
from .fingerprints import fingerprint
from .probes.cache import OTHERS
from .probes.patches import Patches, Wrapper
from .repeats import key_pattern
from .statements import text_of

MOST_EVENTS = 10_000
"""Slices, hops and pauses that are kept of one request and all that runs beside it."""
LONGEST_TEXT = 500
KEYS_NAMED = 3
NO_SLOT = -1
OPEN = -1


class TracedClock(Clock):
    """A clock that keeps every slice between the same two clock reads that its sums rest on.

    A slice's figures stand in columns of plain numbers: an object for each would bring forward
    the garbage collections that the trace is to show.
    """

    __slots__ = (
        "_expected",
        "_left",
        "_open",
        "_since",
        "_threads",
        "aliases",
        "begins",
        "cut",
        "ended",
        "ends",
        "hits",
        "hops_to",
        "labels",
        "last",
        "misses",
        "off",
        "parent",
        "pauses",
        "phases",
        "sums",
        "threads",
        "tracks",
    )

    root: TracedClock
    parent: TracedClock

    def beside(self, phase: int) -> TracedClock:
        """A clock for a child, which remembers whose it is."""
        child = TracedClock(self, phase)
        child.parent = self
        return child

    def start(self) -> None:
        """Begin here and now, in this thread; whatever was kept before is forgotten."""
        super().start()
        if self.root is self:
            self.tracks: list[TracedClock] = []
            """The request itself, then what ran beside it in the order in which it began."""
            self.cut = 0
            """Events that were not kept."""
            self._left = MOST_EVENTS
            self._threads: dict[int, int] = {}
        self.root.tracks.append(self)
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.phases: list[int] = []
        self.threads: list[int] = []
        self.labels: dict[int, Any] = {}
        """Slot of a slice → what it is about, still to be masked."""
        self.aliases: dict[int, str] = {}
        self.hits: Counter[int] = Counter()
        self.misses: Counter[int] = Counter()
        self.hops_to: list[tuple[int, int]] = []
        """When the clock went on in another thread, and in which."""
        self.off: list[tuple[int, int, int, int]] = []
        """When it was found, the phase, ns off the processor, those that the machine took."""
        self.pauses: list[tuple[int, int, int]] = []
        """Begin, ns and generation of garbage collections."""
        self.ended = 0
        self.sums: list[int] = []
        """The totals as they were at the end."""
        self.last = NO_SLOT
        self._open: list[int] = []
        self._expected: tuple[int, Any, str] | None = None
        self._begin(self.mark, self.stack[-1])

    def expect(self, phase: int, label: Any, alias: str = "") -> None:
        """Say what the next slice is about, if it will be one of ``phase``."""
        self._expected = (phase, label, alias)

    def enter(self, phase: int) -> None:
        """Begin a slice of ``phase`` inside the current one."""
        Clock.enter(self, phase)
        self._begin(self.mark, phase)

    def leave(self) -> int:
        """End the current slice."""
        spent = Clock.leave(self)
        self._end()
        return spent

    def leave_sql(self, alias: str) -> None:
        """End the current slice, one of SQL."""
        Clock.leave_sql(self, alias)
        self._end()

    def end_slice(self) -> None:
        """Charge the time that has passed; for the eye the slice goes on."""
        phase = self.stack[-1]
        Clock.leave(self)
        self.stack.append(phase)
        self._since = self.mark

    def take_thread(self) -> None:
        """Go on in the thread that calls; a long pause before it is a slice of its own."""
        before = self.mark
        Clock.take_thread(self)
        if self.mark - before > LONG_PAUSE_NS:
            self._begin(self._since, WAITING)
            self._end()
        self._since = self.mark
        self._note_thread()

    def resume(self, waited: bool) -> None:
        """Run again, perhaps in another thread."""
        Clock.resume(self, waited)
        if waited:
            self._note_thread()

    def collected(self, nanoseconds: int, generation: int) -> None:
        """Keep a garbage collection that has just ended."""
        Clock.collected(self, nanoseconds, generation)
        if self._has_room():
            self.pauses.append((perf_counter_ns() - nanoseconds, nanoseconds, generation))

    def stop(self) -> int:
        """End every slice; what comes later is not kept."""
        wall = Clock.stop(self)
        while self._open:
            self._end()
        self.ended = self.mark
        self.sums = list(self.totals)
        return wall

    def _begin(self, at: int, phase: int) -> None:
        self._since = at  # unlike the mark, this is not moved by collections
        expected, self._expected = self._expected, None
        if not self._has_room():
            self._open.append(NO_SLOT)
            return
        slot = len(self.begins)
        self._open.append(slot)
        self.begins.append(at)
        self.ends.append(OPEN)
        self.phases.append(phase)
        self.threads.append(self._thread())
        if expected is not None and expected[0] == phase:
            self.labels[slot] = expected[1]
            if expected[2]:
                self.aliases[slot] = expected[2]

    def _end(self) -> None:
        if not self._open:  # the request was stopped before
            return
        self._since = self.mark
        self.last = self._open.pop()
        if self.last != NO_SLOT:
            self.ends[self.last] = self.mark

    def _has_room(self) -> bool:
        """Whether one event more may be kept; it counts as kept, or as cut."""
        root = self.root
        if self.ended:
            return False
        root._left -= 1
        root.cut += root._left < 0
        return root._left >= 0

    def _thread(self) -> int:
        """The number of the thread that calls, from 1 in the order of appearance."""
        known = self.root._threads
        return known.setdefault(get_ident(), len(known) + 1)

    def _note_thread(self) -> None:
        thread = self._thread()
        before = self.hops_to[-1][1] if self.hops_to else next(iter(self.threads), thread)
        if thread != before and self._has_room():
            self.hops_to.append((self.mark, thread))

    def _check(self, phase: int, spent: int) -> None:
        off, machine = self.off_cpu, self.machine
        Clock._check(self, phase, spent)
        self._note_off(phase, off, machine)

    def _set_apart_queueing(self, phase: int, spent: int) -> None:
        off, machine = self.off_cpu, self.machine
        Clock._set_apart_queueing(self, phase, spent)
        self._note_off(phase, off, machine)

    def _note_off(self, phase: int, off: int, machine: int) -> None:
        idle = self.off_cpu - off
        if idle > 0 and not self.ended:
            self.off.append((self.mark, phase, idle, self.machine - machine))

    def rows(self) -> list[dict[str, Any]]:
        """The request's tracks as plain data, times in ns since it began."""
        numbers = {id(track): number for number, track in enumerate(self.tracks)}
        return [
            {"parent": numbers[id(track.parent)] if number else None, **track._rows(self.started)}
            for number, track in enumerate(self.tracks)
        ]

    def _rows(self, origin: int) -> dict[str, Any]:
        # A child may outlive its request: what it has not ended yet ends here.
        slots = range(len(self.ends))
        last = self.ended or self.mark
        return {
            "slices": [
                [
                    self.begins[slot] - origin,
                    _end(self.ends[slot], last) - origin,
                    self.phases[slot],
                    self.threads[slot],
                    _text(self.labels.get(slot), self.aliases.get(slot)),
                    self.aliases.get(slot, ""),
                    self.hits[slot],
                    self.misses[slot],
                ]
                for slot in slots
            ],
            "hops": [[at - origin, thread] for at, thread in self.hops_to],
            "off": [[at - origin, *rest] for at, *rest in self.off],
            "pauses": [[at - origin, *rest] for at, *rest in self.pauses],
            "totals": self.sums or self.totals,
        }


def _end(end: int, last: int) -> int:
    return last if end == OPEN else min(end, last)


class Tracer:
    """The recorder of details whose requests are followed by traced clocks."""

    clock_class = TracedClock

    def start_step(self, step: int) -> None:
        """A request is about to be made."""

    def note_query(self, alias: str, sql: Any, params: Any) -> None:  # noqa: ARG002
        """A query is about to be made; its parameters are not even looked at."""
        clock = CURRENT.get()
        if isinstance(clock, TracedClock):
            clock.expect(SQL_EXECUTE, text_of(sql), alias)

    def note_cache_get(self, key: Any, hit: bool) -> None:  # noqa: ARG002
        """A cached value was asked for in the slice that has just ended."""
        clock = CURRENT.get()
        if isinstance(clock, TracedClock) and clock.last != NO_SLOT:
            (clock.hits if hit else clock.misses)[clock.last] += 1


class _Call:
    """A call of a cache: its name, and the keys that it was given."""

    __slots__ = ("keys", "name")

    def __init__(self, name: str, keys: Iterable[Any]) -> None:
        self.name = name
        self.keys = list(keys)

    def __str__(self) -> str:
        patterns = Counter(key_pattern(key) for key in self.keys)
        named = [f"{n} × {key}" if n > 1 else key for key, n in patterns.most_common(KEYS_NAMED)]
        more = ["…"] if len(patterns) > KEYS_NAMED else []
        return " ".join([self.name, ", ".join([*named, *more])]).rstrip()


def _text(label: Any, alias: str | None) -> str:
    """What a slice is about, masked; SQL where it has the alias of a database."""
    if label is None:
        return ""
    text = _masked_sql(label, alias) if alias is not None else str(label)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _masked_sql(sql: str, alias: str) -> str:
    return fingerprint(sql, mysql=_vendor(alias) == "mysql")


def _vendor(alias: str) -> str:
    from django.db import connections

    return connections[alias].vendor


def install_labels(patches: Patches) -> None:
    """Let calls of caches and templates say what they are about, around the probes' wrappers."""
    from django.conf import settings
    from django.core.cache import caches
    from django.template.base import Template

    for backend in {type(caches[alias]) for alias in settings.CACHES}:
        for name in ("get", "get_many", *OTHERS):
            patches.wrap(backend, name, _expecting(CACHE, _cache_call(name)))
    patches.wrap(Template, "render", _expecting(TEMPLATE, _template_name))
    if "jinja2.environment" in sys.modules:
        template = sys.modules["jinja2.environment"].Template
        patches.wrap(template, "render", _expecting(TEMPLATE, _template_name))
    for module in ("redis.client", "redis.asyncio.client"):
        if module in sys.modules:
            redis = sys.modules[module].Redis
            patches.wrap(redis, "execute_command", _expecting(CACHE, _redis_command))


def _expecting(phase: int, describe: Callable[..., Any]) -> Wrapper:
    """A wrapper that says what the slice is about that the call is going to begin."""

    def wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
        def told(*args: Any, **kwargs: Any) -> Any:
            clock = CURRENT.get()
            if isinstance(clock, TracedClock) and clock.stack[-1] != phase:
                clock.expect(phase, describe(*args, **kwargs))
            return function(*args, **kwargs)

        return told

    return wrapper


def _cache_call(name: str) -> Callable[..., _Call]:
    def describe(_cache: Any, *args: Any, **kwargs: Any) -> _Call:
        given = next(iter((*args, *kwargs.values())), None)
        if isinstance(given, (list, tuple, set, frozenset, Mapping)):
            return _Call(name, given)
        return _Call(name, [given] if isinstance(given, str) else [])

    return describe


def _redis_command(_client: Any, *args: Any, **_: Any) -> _Call:
    name, *rest = args or ("",)
    return _Call(str(name).split(" ")[0], rest[:1])


def _template_name(template: Any, *_: Any, **__: Any) -> str:
    return str(getattr(template, "name", None) or "")
