"""Adds up what requests read, and says it as plain data without a value of the user's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from .. import callsites
from . import fields, summaries
from .anchoring import Anchors, Path
from .attribution import Attribution, Reader
from .brought import Brought, RequestReads
from .outputs import Outputs

NOT_SENT = "its rows are dictionaries that the response does not hold"


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
        who = Attribution(reads, found, self.place)
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

    def _add_readings(
        self, of_brought: dict[int, FetchTally], brought: Brought, who: Attribution
    ) -> None:
        fetch = of_brought[id(brought)]
        relations = _relations(of_brought, brought)
        for relation, name, reading in brought.readings:
            readers = set(who.readers(brought, (relation, name, reading)))
            if (column := fetch.columns.get((relation, name))) is not None:
                column.readers |= readers
                if reading[:2] == ("django", "prefetch"):
                    column.needed = column.needed or "prefetch"
            elif (loaded := relations.get((relation, name))) is not None:
                loaded.readers |= {each for each in readers if each[0] != "django"}
        for key in brought.in_order:
            fetch.columns[key].readers |= who.passed_on(brought, key)

    def _add_value_rows(
        self, of_brought: dict[int, FetchTally], reads: RequestReads, found: Anchors
    ) -> None:
        """Rows of ``.values()`` that are in the response as they are: each column is a field."""
        for number, (row, brought) in reads.value_rows.items():
            fetch = of_brought.get(id(brought))
            if fetch is None:
                continue
            paths = found.objects.get(number, set())
            for key, name in zip(brought.in_order, row, strict=False):
                fetch.columns[key].readers |= {("field", (*path, name), "") for path in paths}
            if not paths:
                fetch.blind.add(NOT_SENT)

    def summary(self) -> dict[str, Any]:
        """All of it, in the shape of ``ReadsSeen``."""
        return {
            "fetches": [
                summaries.fetch_entry(step, number, fetch)
                for step, found in sorted(self.fetches.items())
                for number, fetch in enumerate(found.values())
            ],
            "fields": [
                {"step": step, **entry} for (step, _, _), entry in sorted(self.fields.items())
            ],
            "unanchored": sorted(self.made - self.anchored),
        }


def _relations(
    of_brought: dict[int, FetchTally], brought: Brought
) -> dict[tuple[str, str], RelationTally]:
    """The tallies of a queryset's relations, which belong to the queryset that asked for them."""
    found = {}
    for key, loaded in brought.relations.items():
        owner, path = _owner(brought, *key)
        fetch = of_brought.get(id(owner)) or of_brought[id(brought)]
        tally = found[key] = fetch.relations.setdefault(path, RelationTally(loaded.kind))
        tally.queries += loaded.queries
    return found


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
