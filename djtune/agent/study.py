"""The detail pass: which queries each step makes, from where, why, and how they grow.

Each request is made twice: once with a mark per query and nothing else, which prices the queries
by what passes between the marks, and once with stacks. A third time, on demand, every queryset
brings half of its rows: what is asked for each row is then asked half as often.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import beginnings, callsites, halving
from .clock import CURRENT
from .origins import Origin, origin_of, path_to
from .probes.patches import Patches
from .statements import digest_of, reads, text_of

MOST_QUERIES = 5000
"""Queries of one request that are kept."""


@dataclass(slots=True)
class Group:
    """One statement from one place."""

    number: int
    alias: str
    sql: str
    trail: callsites.Trail
    origin: Origin
    loaded_by: Fetch | None
    """What brought the object whose relation is followed."""
    path: str = ""
    """Where the object is in the rows that it came with."""
    params: Any = None
    """Of its first query, if it reads; they stay in this process."""
    begun: callsites.Trail = ()
    """Where the app began the queryset."""
    rows: int = 0
    """The most rows that it brought."""


@dataclass(slots=True)
class Fetch:
    """Rows that a queryset has brought, for as long as the request lasts."""

    group: Group | None
    rows: list[Any]
    nested: bool


@dataclass
class Served:
    """The queries of one request: (group, digest of the parameters) in order."""

    asked: list[tuple[Group, int]] = field(default_factory=list)


@dataclass
class StepStudy:
    """All that was seen of one step."""

    groups: dict[tuple[Any, ...], Group] = field(default_factory=dict)
    served: list[Served] = field(default_factory=list)
    costs: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Group → nanoseconds, over the priced requests."""
    priced: int = 0
    halves: list[tuple[Counter[int], Counter[int]]] = field(default_factory=list)
    """Queries by group, with all rows and with half of them."""
    users: set[Any] = field(default_factory=set)
    """Who asked; None is a visitor who is not signed in."""
    asked_for: set[int] = field(default_factory=set)
    """Digests of the paths and query strings."""


class Recorder:
    """Notes each query of a request with its place; takes microseconds a query."""

    places = True
    """Threads that a request starts are to know from where."""

    def __init__(self) -> None:
        self.steps: dict[int, StepStudy] = defaultdict(StepStudy)
        self._study = StepStudy()
        self.served = Served()
        self._fetches: list[Fetch] = []
        self._fetching: list[Fetch] = []
        self.beginnings = False
        """Whether to note where querysets are begun: dear, so in the third pass alone."""

    def start_step(self, step: int) -> None:
        """Begin a request."""
        self._study = self.steps[step]
        self.served = Served()
        for fetch in self._fetches:
            fetch.rows = []  # its group knows it for longer
        self._fetches = []
        self._fetching = []

    def note_query(self, alias: str, sql: Any, params: Any) -> None:
        """A query is about to be made."""
        if len(self.served.asked) >= MOST_QUERIES:
            return
        frame = sys._getframe(3)
        trail = callsites.trail(frame)
        key = (alias, text_of(sql), trail)
        group = self._study.groups.get(key)
        if group is None:
            group = self._new_group(key, frame, params)
        self.served.asked.append((group, digest_of(params)))

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Caches have a probe of their own."""

    def _new_group(self, key: tuple[Any, ...], frame: Any, params: Any) -> Group:
        alias, sql, trail = key
        try:
            origin = origin_of(frame)
            loaded_by, path = self._loader_of(origin)
        except Exception:
            # What an app does with managers and descriptors is not known; its request goes on.
            origin, loaded_by, path = Origin("queryset"), None, ""
        number = len(self._study.groups)
        kept = params if reads(sql) else None  # what is written may be large
        group = Group(number, alias, sql, trail, origin, loaded_by, path, kept)
        origin.instance = None
        self._study.groups[key] = group
        return group

    def _loader_of(self, origin: Origin) -> tuple[Fetch | None, str]:
        if origin.kind == "prefetch" and len(self._fetching) > 1:
            return self._fetching[-2], ""  # the last one is that of the prefetched rows
        if origin.owners:
            return self._last_of(origin.owners), ""
        if origin.instance is None:
            return None, ""
        for fetch in reversed(self._fetches):
            path = path_to(origin.instance, fetch.rows, fetch.nested)
            if path is not None:
                return fetch, path
        return None, ""

    def _last_of(self, models: tuple[type, ...]) -> Fetch | None:
        """The last fetch that brought objects of one of the models."""
        for fetch in reversed(self._fetches):
            if fetch.rows and isinstance(fetch.rows[0], models):
                return fetch
        return None

    def fetched(self, fetch_all: Callable[[Any], None], queryset: Any) -> None:
        """Evaluate a queryset, and remember its rows for as long as the request lasts."""
        first = len(self.served.asked)
        fetch = Fetch(None, [], bool(getattr(queryset.query, "select_related", False)))
        fetching = self._fetching  # that of this request, however long its threads go on
        fetching.append(fetch)
        try:
            fetch_all(queryset)
        finally:
            fetching.pop()
        fetch.rows = queryset._result_cache or []
        if len(self.served.asked) > first:
            group = fetch.group = self.served.asked[first][0]
            group.rows = max(group.rows, len(fetch.rows))
            if self.beginnings:
                group.begun = beginnings.of(queryset)
        self._fetches.append(fetch)

    def iterated(self, rows: Iterator[Any], queryset: Any) -> Iterator[Any]:
        """Pass on the rows of an ``.iterator()``, remembering the one that is at hand."""
        first = len(self.served.asked)
        fetch = Fetch(None, [], bool(queryset.query.select_related))
        self._fetches.append(fetch)
        seen = 0
        for row in rows:
            if fetch.group is None and len(self.served.asked) > first:
                fetch.group = self.served.asked[first][0]
                if self.beginnings:
                    fetch.group.begun = beginnings.of(queryset)
            fetch.rows = [row]
            seen += 1
            yield row
        if fetch.group is not None:
            fetch.group.rows = max(fetch.group.rows, seen)

    def finish(self, request: Any, ok: bool, costs: list[int] | None) -> None:
        """Keep a request; ``costs`` are those of the same request with marks alone."""
        if not ok:
            return
        self._study.users.add(request.user_pk)
        self._study.asked_for.add(hash((request.path, request.query)))
        self._study.served.append(self.served)
        if costs is not None and len(costs) == len(self.served.asked):
            self._study.priced += 1
            for (group, _), cost in zip(self.served.asked, costs, strict=True):
                self._study.costs[group.number] += cost

    def counted(self) -> Counter[int]:
        """How often each group was asked in the request just served."""
        return Counter(group.number for group, _ in self.served.asked)


@contextmanager
def noting_rows(recorder: Recorder) -> Iterator[None]:
    """Let ``recorder`` know which rows querysets bring."""
    from django.db.models.query import QuerySet, RawQuerySet

    def noting(fetch_all: Callable[[Any], None]) -> Callable[[Any], None]:
        def noted(self: Any) -> None:
            if self._result_cache is not None or CURRENT.get() is None:
                fetch_all(self)
            else:
                recorder.fetched(fetch_all, self)

        return noted

    def passing(iterate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def passed(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
            rows = iterate(self, *args, **kwargs)
            return rows if CURRENT.get() is None else recorder.iterated(rows, self)

        return passed

    with Patches() as patches:
        patches.wrap(QuerySet, "_fetch_all", noting)
        patches.wrap(RawQuerySet, "_fetch_all", noting)
        patches.wrap(QuerySet, "_iterator", passing)
        yield


@contextmanager
def halved_rows(recorder: Recorder) -> Iterator[None]:
    """Let every queryset, and every cursor of the app's own, bring half of its rows; and know
    where the app began the querysets.
    """
    recorder.beginnings = True
    try:
        with Patches() as patches:
            halving.install(patches)
            beginnings.install(patches)
            with noting_rows(recorder):
                yield
    finally:
        recorder.beginnings = False
