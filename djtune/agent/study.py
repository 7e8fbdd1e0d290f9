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
from itertools import islice
from typing import Any

from . import callsites, halving
from .clock import CURRENT, ORM, SQL_EXECUTE, SQL_FETCH
from .explain import explain
from .fingerprints import fingerprint
from .origins import Origin, origin_of, path_to
from .probes.patches import Patches
from .statements import digest_of, reads, text_of

MOST_QUERIES = 5000
"""Queries of one request that are kept."""
MOST_ITERATED = 10_000
"""Rows of an ``.iterator()`` or a cursor that are held at once to be halved."""
CHUNK_SIZE = 2000
"""Rows that Django fetches at once for an ``.iterator()`` which does not say."""


class Prices:
    """A mark at every query; what passes in SQL and ORM until the next one is the query's cost."""

    def __init__(self) -> None:
        self.marks: list[tuple[Any, int]] = []

    def start_step(self, _step: int) -> None:
        """Begin a request."""
        self.marks.clear()

    def note_query(self, _alias: str, _sql: Any, _params: Any) -> None:
        """Mark the beginning of a query."""
        clock = CURRENT.get()
        if clock is not None:
            self.marks.append((clock, _database_ns(clock)))

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Nothing of caches is priced."""

    def costs(self) -> list[int]:
        """Nanoseconds of SQL and ORM for each query, in order."""
        costs = [0] * len(self.marks)
        later: dict[int, int] = {}
        for number in range(len(self.marks) - 1, -1, -1):
            clock, mark = self.marks[number]
            costs[number] = later.get(id(clock), _database_ns(clock)) - mark
            later[id(clock)] = mark
        return costs


def _database_ns(clock: Any) -> int:
    totals = clock.totals
    return int(totals[SQL_EXECUTE] + totals[SQL_FETCH] + totals[ORM])


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
                group.begun = queryset.__dict__.get("_djtune_begun", ())
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
                    fetch.group.begun = vars(queryset).get("_djtune_begun", ())
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

    patches = Patches()

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

    patches.wrap(QuerySet, "_fetch_all", noting)
    patches.wrap(RawQuerySet, "_fetch_all", noting)
    patches.wrap(QuerySet, "_iterator", passing)
    try:
        yield
    finally:
        patches.undo()


@contextmanager
def halved_rows(recorder: Recorder) -> Iterator[None]:
    """Let every queryset, and every cursor of the app's own, bring half of its rows; and know
    where the app began the querysets.
    """
    from django.db.backends.utils import CursorWrapper
    from django.db.models.manager import BaseManager
    from django.db.models.query import QuerySet, RawQuerySet, prefetch_related_objects

    patches = Patches()

    def halving_fetch(fetch_all: Callable[[Any], None]) -> Callable[[Any], None]:
        def halved(self: Any) -> None:
            asked = self._result_cache is None and CURRENT.get() is not None
            if asked and not halving.WHOLE.get():
                raw = isinstance(self, RawQuerySet)
                self._result_cache = _half(self.iterator() if raw else self._iterable_class(self))
            fetch_all(self)

        return halved

    def halving_rows(rows_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def halved(self: Any) -> Any:
            if CURRENT.get() is None or not callsites.is_app(sys._getframe(1)):
                return rows_of(self)
            if rows_of.__name__ == "fetchall":
                return _half(rows_of(self))
            return iter(_half(islice(rows_of(self), MOST_ITERATED)))

        return halved

    def placing(make: Callable[..., Any]) -> Callable[..., Any]:
        def placed(self: Any, *args: Any, **kwargs: Any) -> Any:
            made = make(self, *args, **kwargs)
            if CURRENT.get() is not None and isinstance(made, (QuerySet, RawQuerySet)):
                begun = vars(self).get("_djtune_begun")
                of = self if isinstance(self, QuerySet) else None
                made.__dict__["_djtune_begun"] = begun or callsites.nearest(
                    sys._getframe(1), but=(QuerySet, BaseManager), queryset=of
                )
            return made

        return placed

    def halving_iterator(iterate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def halved(self: Any, chunked: bool, chunk_size: int | None) -> Iterator[Any]:
            if CURRENT.get() is None:
                yield from iterate(self, chunked, chunk_size)
                return
            # By the server's cursor where there is one: without, all rows would come at once.
            found = self._iterable_class(self, chunked, chunk_size or CHUNK_SIZE)
            rows = iter(_half(islice(found, MOST_ITERATED)))
            lookups = self._prefetch_related_lookups
            while chunk := list(islice(rows, chunk_size)):
                if lookups and chunk_size is not None:
                    prefetch_related_objects(chunk, *lookups)
                yield from chunk

        return halved

    halving.install(patches)
    patches.wrap(QuerySet, "_iterator", halving_iterator)
    patches.wrap(QuerySet, "_fetch_all", halving_fetch)
    patches.wrap(RawQuerySet, "_fetch_all", halving_fetch)
    patches.wrap(CursorWrapper, "fetchall", halving_rows)
    patches.wrap(CursorWrapper, "__iter__", halving_rows)
    patches.wrap(QuerySet, "_clone", placing)
    patches.wrap(QuerySet, "raw", placing)
    patches.wrap(BaseManager, "get_queryset", placing)
    recorder.beginnings = True
    try:
        with noting_rows(recorder):
            yield
    finally:
        recorder.beginnings = False
        patches.undo()


def _half(rows: Any) -> list[Any]:
    kept = list(rows)
    return kept[: (len(kept) + 1) // 2]


def summary(step: int, study: StepStudy, explained: int = 0) -> dict[str, Any]:
    """What was seen of a step, as plain data without a value of the user's.

    The plans of its ``explained`` dearest queries are asked for, in the transaction that is open.
    """
    merged = _Merged(study)
    merged.explain_dearest(explained)
    return {
        "step": step,
        "requests": len(study.served),
        "priced": study.priced,
        "halved": len(study.halves),
        "users": len(study.users),
        "anonymous": study.users <= {None},
        "asked_for": len(study.asked_for),
        "groups": merged.groups(),
        "duplicates": merged.duplicates(),
    }


class _Merged:
    """The groups of a step by fingerprint and resolved place.

    Two instructions of one line, and statements that differ in the length of a list, are one.
    """

    def __init__(self, study: StepStudy) -> None:
        self._study = study
        self._index: dict[int, int] = {}
        """Group number → index of its merged group."""
        self._members: list[list[Group]] = []
        self._plans: dict[int, Any] = {}
        self._places: list[list[dict[str, str]]] = []
        known: dict[tuple[Any, ...], int] = {}
        for group in study.groups.values():
            places = callsites.resolved(group.trail)
            pattern = _pattern(group)
            key = (group.alias, pattern, tuple((p["where"], p["what"]) for p in places))
            index = known.setdefault(key, len(known))
            if index == len(self._members):
                self._members.append([])
                self._places.append(places)
            self._members[index].append(group)
            self._index[group.number] = index
        self._asked = [
            [(self._index[group.number], digest) for group, digest in served.asked]
            for served in study.served
        ]

    def explain_dearest(self, most: int) -> None:
        """Ask for the plans of the groups that cost most, each by its first statement."""
        order = sorted(range(len(self._members)), key=lambda index: -self._cost(index))
        for index in order[:most]:
            first = self._members[index][0]
            self._plans[index] = explain(first.alias, first.sql, first.params)

    def _cost(self, index: int) -> int:
        return sum(self._study.costs.get(group.number, 0) for group in self._members[index])

    def groups(self) -> list[dict[str, Any]]:
        """Each merged group; ``loaded_by`` is an index into this list."""
        return [self._entry(index) for index in range(len(self._members))]

    def _entry(self, index: int) -> dict[str, Any]:
        members = self._members[index]
        first = members[0]
        digests = [[d for i, d in asked if i == index] for asked in self._asked]
        numbers = {group.number for group in members}
        return {
            "alias": first.alias,
            "pattern": _pattern(first),
            "reads": reads(first.sql),
            "places": self._places[index],
            "counts": [len(each) for each in digests],
            "distinct": [len(set(each)) for each in digests],
            "constant": len({digest for each in digests for digest in each}) == 1,
            "cost_ns": self._cost(index) / self._study.priced if self._study.priced else None,
            "plan": self._plans.get(index),
            "rows": max(group.rows for group in members),
            "halves": [
                [sum(part[n] for n in numbers) for part in (full, half)]
                for full, half in self._study.halves
            ],
            "origin": self._origin(first),
            "begun": callsites.resolved(
                next((group.begun for group in members if group.begun), ())
            ),
        }

    def _origin(self, group: Group) -> dict[str, Any]:
        origin, loader = group.origin, group.loaded_by
        if origin.kind == "prefetch" and loader is not None and loader.group is group:
            loader = None
        by = self._index.get(loader.group.number) if loader and loader.group else None
        model = origin.model
        return {
            "kind": origin.kind,
            "relation": origin.relation,
            "method": origin.method,
            "narrowed": origin.narrowed,
            "prefetched": origin.prefetched,
            "model": model._meta.label if model is not None else "",
            "path": group.path,
            "loaded_by": by,
        }

    def duplicates(self) -> list[dict[str, Any]]:
        """Queries asked again within a request with equal parameters: the groups that share
        them, and how often a request asks beyond the first time, on average over the requests.
        """
        again: Counter[tuple[int, ...]] = Counter()
        seen: Counter[tuple[int, ...]] = Counter()
        for asked in self._asked:
            by_value: dict[tuple[Any, ...], list[int]] = defaultdict(list)
            for index, digest in asked:
                first = self._members[index][0]
                if reads(first.sql):
                    by_value[(first.alias, _pattern(first), digest)].append(index)
            times: Counter[tuple[int, ...]] = Counter()
            for indexes in by_value.values():
                if len(indexes) > 1:
                    times[tuple(sorted(set(indexes)))] += len(indexes) - 1
            again.update(times)
            seen.update(times.keys())
        total = len(self._asked)
        return [
            {"groups": list(groups), "times": again[groups] / total, "requests": seen[groups]}
            for groups in again
        ]


def _pattern(group: Group) -> str:
    from django.db import connections

    return fingerprint(group.sql, mysql=connections[group.alias].vendor == "mysql")
