"""Adds up what requests read, and says it as plain data without a value of the user's."""

from __future__ import annotations

import linecache
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import callsites
from . import fields
from .anchoring import Anchors, Path
from .fetches import Brought, RequestReads
from .outputs import Outputs
from .readers import Reading

Reader = tuple[str, Path, str]
"""Kind, path of the response field, and place."""


@dataclass
class ColumnTally:
    """A column, over all responses."""

    model: str
    needed: str
    readers: set[Reader] = field(default_factory=set)
    bytes: int = 0
    seen: int = 0


@dataclass
class RelationTally:
    """A relation that was loaded ahead, over all responses."""

    kind: str
    readers: set[Reader] = field(default_factory=set)
    queries: int = 0


@dataclass
class FetchTally:
    """One queryset's place, over all responses."""

    model: str
    place: str
    begun: str
    kind: str
    responses: int = 0
    rows: int = 0
    watched: int = 0
    columns: dict[tuple[str, str], ColumnTally] = field(default_factory=dict)
    relations: dict[str, RelationTally] = field(default_factory=dict)
    blind: set[str] = field(default_factory=set)


class Tally:
    """What all requests read, by step."""

    def __init__(self) -> None:
        self.fetches: dict[int, dict[tuple[str, ...], FetchTally]] = defaultdict(dict)
        self.fields: dict[tuple[int, Path, str], dict[str, Any]] = {}
        self.made: set[str] = set()
        self.anchored: set[str] = set()
        self._places: dict[callsites.Trail, str] = {}

    def add(self, step: int, reads: RequestReads, outputs: Outputs, found: Anchors) -> None:
        """Add one request."""
        self._add_fields(step, outputs, found)
        told: set[int] = set()
        of_brought: dict[int, FetchTally] = {}
        for brought in reads.brought:
            fetch = self._fetch(step, brought)
            if fetch is None:
                continue
            of_brought[id(brought)] = fetch
            fetch.responses += id(fetch) not in told
            told.add(id(fetch))
            fetch.rows += brought.rows
            fetch.watched += brought.watched
            fetch.blind |= brought.blind
            _add_columns(fetch, brought)
        who = _Who(self, reads, found)
        for brought in reads.brought:
            if id(brought) in of_brought:
                self._add_readings(of_brought, brought, who)
        self._add_value_rows(of_brought, reads, found)

    def _fetch(self, step: int, brought: Brought) -> FetchTally | None:
        """The tally of a queryset's place; None for those that are none of the app's."""
        place, begun = self.place(brought.trail), self.place(brought.begun)
        if not place and not begun:
            return None
        model = brought.model._meta.label
        key = (model, place, begun, brought.kind)
        return self.fetches[step].setdefault(key, FetchTally(*key))

    def place(self, trail: callsites.Trail) -> str:
        """File and line of a trail's innermost place that is the app's own."""
        known = self._places.get(trail)
        if known is None:
            places = callsites.resolved(trail)
            own = [place["where"] for place in places if place["kind"] != "package"]
            known = self._places[trail] = own[0] if own else ""
        return known

    def _add_fields(self, step: int, outputs: Outputs, found: Anchors) -> None:
        for key, (serializer, _) in outputs.made.items():
            name = fields.dotted(serializer)
            self.made.add(name)
            if key in found.serializers:
                self.anchored.add(name)
            for each in fields.described(serializer, found):
                self.fields.setdefault((step, each["path"], name), each)

    def _add_readings(self, of_brought: dict[int, FetchTally], brought: Brought, who: _Who) -> None:
        fetch = of_brought[id(brought)]
        for (relation, name), loaded in brought.relations.items():
            owner, path = _owner(brought, relation, name)
            tally = of_brought.get(id(owner), fetch).relations
            each = tally.setdefault(path, RelationTally(loaded.kind))
            each.queries += loaded.queries
        for relation, name, reading in brought.readings:
            readers = set(who.read(brought, (relation, name, reading)))
            column = fetch.columns.get((relation, name))
            if column is not None:
                column.readers |= readers
                if reading[:2] == ("django", "prefetch") and not column.needed:
                    column.needed = "prefetch"
            elif (relation, name) in brought.relations:
                owner, path = _owner(brought, relation, name)
                tally = of_brought.get(id(owner), fetch).relations
                tally[path].readers |= {each for each in readers if each[0] != "django"}

    def _add_value_rows(
        self, of_brought: dict[int, FetchTally], reads: RequestReads, found: Anchors
    ) -> None:
        """Rows of ``.values()`` that are in the response as they are: each column is a field."""
        for key, (row, brought) in reads.value_rows.items():
            fetch = of_brought.get(id(brought))
            if fetch is None:
                continue
            paths = found.objects.get(key, set())
            for column, name in zip(fetch.columns.values(), row, strict=False):
                column.readers |= {("field", (*path, name), "") for path in paths}
            if not paths:
                fetch.blind.add("its rows are dictionaries that the response does not hold")

    def summary(self) -> dict[str, Any]:
        """All of it, in the shape of ``ReadsSeen``."""
        return {
            "fetches": [
                _fetch_entry(step, number, fetch)
                for step, found in sorted(self.fetches.items())
                for number, fetch in enumerate(found.values())
            ],
            "fields": [
                {"step": step, **entry} for (step, _, _), entry in sorted(self.fields.items())
            ],
            "unanchored": sorted(self.made - self.anchored),
        }


class _Who:
    """Turns readings of one request into readers."""

    def __init__(self, tally: Tally, reads: RequestReads, found: Anchors) -> None:
        self._tally = tally
        self._serializers = reads.serializers
        self._anchors = found
        self._sent: dict[tuple[int, Any], set[Path]] = defaultdict(set)
        """What was read and is in the response as it is → its paths."""
        for key, (_, brought, reading) in reads.values.items():
            self._sent[id(brought), reading] |= found.objects.get(key, set())

    def read(self, brought: Brought, reading: tuple[str, str, Reading]) -> Iterator[Reader]:
        kind, at_work, trail = reading[2]
        if kind == "django":
            yield "django", (), ""
            return
        place = self._tally.place(trail)
        if at_work and not place:
            place = self._declared(*at_work[0])
        paths = self._fields(at_work) or self._sent.get((id(brought), reading), set())
        for path in paths:
            yield "field", path, place
        if not paths:
            yield ("template" if trail and trail[0][0] == "template" else "app"), (), place

    def _fields(self, at_work: tuple[tuple[int, str], ...]) -> list[Path]:
        """The paths of the innermost field at work that is in the response."""
        for key, name in at_work:
            if paths := self._anchors.fields(key, name):
                return paths
        return []

    def _declared(self, key: int, name: str) -> str:
        return fields.place_of(self._serializers[key], name)


def _owner(brought: Brought, relation: str, name: str) -> tuple[Brought, str]:
    """The queryset that asked for a relation ahead, and the relation's path from there."""
    path = f"{relation}__{name}" if relation else name
    while brought.parent is not None:
        brought, relation, name = brought.parent
        path = "__".join(part for part in (relation, name, path) if part)
    return brought, path


def _add_columns(fetch: FetchTally, brought: Brought) -> None:
    for key, loaded in brought.columns.items():
        column = fetch.columns.get(key)
        if column is None:
            column = fetch.columns[key] = ColumnTally(loaded.model, loaded.needed)
        column.bytes += loaded.bytes
        column.seen += loaded.seen


def _fetch_entry(step: int, number: int, fetch: FetchTally) -> dict[str, Any]:
    return {
        "step": step,
        "number": number,
        "model": fetch.model,
        "place": fetch.place or fetch.begun,
        "begun": fetch.begun,
        "code": _line(fetch.begun or fetch.place),
        "kind": fetch.kind,
        "responses": fetch.responses,
        "rows": fetch.rows / fetch.responses,
        "watched": fetch.watched,
        "columns": [_column_entry(*key, column) for key, column in fetch.columns.items()],
        "relations": [
            {
                "name": name,
                "kind": relation.kind,
                "readers": _readers(relation.readers),
                "queries": relation.queries / fetch.responses,
            }
            for name, relation in fetch.relations.items()
        ],
        "blind": "; ".join(sorted(fetch.blind)),
    }


def _column_entry(relation: str, name: str, column: ColumnTally) -> dict[str, Any]:
    return {
        "name": name,
        "relation": relation,
        "model": column.model,
        "readers": _readers(column.readers),
        "needed": column.needed,
        "bytes": column.bytes / column.seen if column.seen else 0.0,
    }


def _readers(readers: set[Reader]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "path": list(path), "place": place} for kind, path, place in sorted(readers)
    ]


def _line(place: str) -> str:
    """The source at ``file:line``."""
    file, _, line = place.rpartition(":")
    return linecache.getline(file, int(line)).strip() if file and line.isdigit() else ""
