"""What querysets bring in one request: their rows, columns and relations, and who reads them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from types import FrameType
from typing import Any
from uuid import UUID

from .. import beginnings, callsites
from ..clock import CURRENT
from ..probes.patches import Patches
from . import readers, rows

LOOKED_AT = 25
"""The first rows of a queryset, which are watched; of the others the 32nd, 64th, 128th …"""
OF_A_PLACE = 100
"""Rows watched that one place brings in one request, by however many querysets."""
DEPTH = 5
"""How far ``select_related()`` without names goes, as in Django."""
SMALL = 1024
"""Python keeps one object of each small number."""
_OF_ONE_ROW = (float, list, dict, Decimal, date, datetime, UUID)
VALUES = "its rows are no instances"
FAILED = "it could not be watched"


class Column:
    """A column that was loaded."""

    __slots__ = ("bytes", "model", "needed", "seen")

    def __init__(self, model: str, needed: str = "") -> None:
        self.model = model
        self.needed = needed
        self.bytes = 0
        self.seen = 0

    def add(self, value: Any) -> None:
        """Count the size of a value."""
        self.bytes += size_of(value)
        self.seen += 1


class Relation:
    """A relation that was loaded ahead, and the queries that it took."""

    __slots__ = ("kind", "queries")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.queries = 0


class Brought:
    """What one queryset brought."""

    def __init__(self, request: RequestReads, queryset: Any, trail: callsites.Trail) -> None:
        self.request = request
        self.model: Any = queryset.model
        self.trail = trail
        self.begun = beginnings.of(queryset)
        self.kind = "instances"
        self.rows = 0
        self.watched = 0
        self.columns: dict[tuple[str, str], Column] = {}
        """By relation and name."""
        self.relations: dict[tuple[str, str], Relation] = {}
        """By the relation of the rows that have it, and its attribute there."""
        self.readings: set[tuple[str, str, readers.Reading]] = set()
        """Relation, attribute, and who read it."""
        self.blind: set[str] = set()
        self.parent: tuple[Brought, str, str] | None = None
        """For whose rows these were prefetched: the fetch, the relation there, the attribute."""

    def note_read(self, row: rows.Row, name: str, value: Any, frame: FrameType) -> None:
        """A column or relation of one of its rows is read."""
        try:
            who = readers.reading(frame, self.request.serializers)
            reading = (row.relation, name, who)
            self.readings.add(reading)
            if who[0] == "app" and is_one_rows(value):
                self.request.values[id(value)] = (value, self, reading)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Something of the instrument's own has failed: reads may be missed."""
        self.note_blind(FAILED)
        self.request.note_failure(error)

    def note_blind(self, why: str) -> None:
        """Some of its rows may be read unseen from now on."""
        self.blind.add(why)


class RequestReads:
    """All that one request fetched."""

    def __init__(self, note_failure: Callable[[Exception], None]) -> None:
        self.brought: list[Brought] = []
        self.serializers: dict[int, Any] = {}
        """Kept until the request ends, so that ids stay theirs."""
        self.value_rows: dict[int, tuple[Any, Brought]] = {}
        """By id, rows of ``.values()``."""
        self.values: dict[int, tuple[Any, Brought, Any]] = {}
        """By id, values that were read, to be found in the response as they are."""
        self.note_failure = note_failure
        self._of_place: dict[Any, int] = {}

    def begin(self, queryset: Any, frame: FrameType | None) -> Brought:
        """A queryset is about to bring rows."""
        brought = Brought(self, queryset, callsites.trail(frame))
        if (prefetch := _PREFETCH.get()) is not None:
            brought.parent = prefetch[1:]
        self.brought.append(brought)
        return brought

    def take(self, brought: Brought, note: Callable[[Any], None], row: Any) -> None:
        """A row has come; ``note`` it if it is among the first, and now and then one later."""
        brought.rows += 1
        number = brought.rows
        if number > LOOKED_AT and number & (number - 1):
            return
        key = (brought.model, brought.trail)
        if self._of_place.get(key, 0) >= OF_A_PLACE:
            return
        brought.watched += 1
        self._of_place[key] = self._of_place.get(key, 0) + 1
        try:
            note(row)
        except Exception as error:
            brought.fail(error)


_PREFETCH: ContextVar[tuple[Relation, Brought, str, str] | None] = ContextVar(
    "djtune_prefetch", default=None
)
"""The prefetch that is being made, the fetch that it is for, the relation and attribute there."""


def note_query() -> None:
    """A query is about to be made: count it for the prefetch that it is part of."""
    if (prefetch := _PREFETCH.get()) is not None:
        prefetch[0].queries += 1


def install(patches: Patches) -> None:
    """Have querysets' rows watched, in requests whose recorder has ``reads``."""
    from django.db.models import query

    for name in ("ModelIterable", "RawModelIterable"):
        patches.wrap(getattr(query, name), "__iter__", _passing(_instances))
    for name in ("ValuesIterable", "ValuesListIterable", "FlatValuesListIterable"):
        patches.wrap(getattr(query, name), "__iter__", _passing(_values))
    patches.wrap(query, "prefetch_one_level", _prefetching)


Note = Callable[[Any], None]


def _passing(start: Callable[[Brought, Any], Note]) -> Callable[..., Any]:
    """Wrap the making of an iterator over rows; ``start`` says what to do with the first ones."""

    def wrapper(iterate: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def passed(self: Any) -> Any:
            reads = getattr(getattr(CURRENT.get(), "detail", None), "reads", None)
            found = iterate(self)
            if reads is None:
                return found
            try:
                brought = reads.begin(self.queryset, sys._getframe(1))
                note = start(brought, self.queryset.query)
            except Exception as error:
                reads.note_failure(error)
                return found
            return _noted(found, reads, brought, note)

        return passed

    return wrapper


def _noted(found: Any, reads: RequestReads, brought: Brought, note: Note) -> Iterator[Any]:
    for row in found:
        reads.take(brought, note, row)
        yield row


def _instances(brought: Brought, query: Any) -> Note:
    tree = getattr(query, "select_related", False)
    names = [*getattr(query, "annotation_select", ()), *getattr(query, "extra_select", ())]

    def note(instance: Any) -> None:
        for name in names:
            column = brought.columns.setdefault(("", name), Column("", "annotation"))
            column.add(rows.values_of(instance).get(name))
        _look_at(brought, instance, "", tree, DEPTH, names)

    return note


def _look_at(
    brought: Brought, instance: Any, relation: str, tree: Any, depth: int, others: list[str]
) -> None:
    """Note what an instance holds and brought along, and watch it."""
    meta = instance._meta
    held = rows.values_of(instance)
    ahead = list(_loaded_ahead(instance, tree)) if depth else []
    joined = {field.name for field, _, _ in ahead}
    for field in meta.concrete_fields:
        if field.attname in held:
            column = brought.columns.get((relation, field.attname))
            if column is None:
                column = Column(meta.label, _needed(field, meta, tree, joined))
                brought.columns[(relation, field.attname)] = column
            column.add(held[field.attname])
    rows.watch(instance, brought, relation, others)
    for field, related, below in ahead:
        brought.relations.setdefault((relation, field.cache_name), Relation("select"))
        if related is not None:
            path = f"{relation}__{field.name}" if relation else field.name
            _look_at(brought, related, path, below, depth - 1, [])


def _needed(field: Any, meta: Any, tree: Any, joined: set[str]) -> str:
    if field.primary_key or field in meta.pk_fields:
        return "primary key"
    named = isinstance(tree, dict) and field.name in tree
    return "select_related" if named or field.name in joined else ""


def _loaded_ahead(instance: Any, tree: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Each relation that ``select_related`` brought: its field, the row or None, what is below."""
    from django.core.exceptions import FieldDoesNotExist

    if isinstance(tree, dict):
        for name, below in tree.items():
            try:
                field = instance._meta.get_field(name)
            except FieldDoesNotExist:
                continue  # a filtered relation has a name of its own
            yield field, field.get_cached_value(instance, default=None), below
    elif tree:
        for field in instance._meta.concrete_fields:
            if field.is_relation and not field.null and field.is_cached(instance):
                yield field, field.get_cached_value(instance), tree


def _values(brought: Brought, query: Any) -> Note:
    brought.kind = "values"
    columns = [_value_column(brought, name) for name in _names_of_values(query)]

    def note(row: Any) -> None:
        if isinstance(row, dict):
            brought.request.value_rows[id(row)] = (row, brought)
            row = row.values()
        else:
            brought.note_blind(VALUES)
            row = row if isinstance(row, tuple) else (row,)
        for column, value in zip(columns, row, strict=False):
            column.add(value)

    return note


def _names_of_values(query: Any) -> list[str]:
    if getattr(query, "selected", None):
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def _value_column(brought: Brought, name: str) -> Column:
    """The column that ``genre__name`` of ``.values()`` stands for; an annotation where none."""
    from django.core.exceptions import FieldDoesNotExist

    model, *path = brought.model, *name.split("__")
    attname, field = "", None
    try:
        for part in path:
            field = (model if field is None else field.related_model)._meta.get_field(part)
        attname = getattr(field, "attname", "")
    except (FieldDoesNotExist, AttributeError):
        field = None
    if field is None or not attname:
        return brought.columns.setdefault(("", name), Column("", "annotation"))
    key = ("__".join(path[:-1]), attname)
    return brought.columns.setdefault(key, Column(field.model._meta.label))


def _prefetching(prefetch: Callable[..., Any]) -> Callable[..., Any]:
    def noted(instances: Any, prefetcher: Any, lookup: Any, level: int) -> Any:
        row = next(filter(None, map(rows.watched, instances[:LOOKED_AT])), None)
        if row is None:
            return prefetch(instances, prefetcher, lookup, level)
        token = _PREFETCH.set(_begin_prefetch(row, instances, lookup, level))
        try:
            return prefetch(instances, prefetcher, lookup, level)
        finally:
            _PREFETCH.reset(token)

    return noted


def _begin_prefetch(row: rows.Row, instances: Any, lookup: Any, level: int) -> Any:
    try:
        name, is_attribute = lookup.get_current_to_attr(level)
        for instance in instances if is_attribute else ():
            if rows.watched(instance) is not None:
                rows.watch(instance, row.brought, others=[name])
    except Exception as error:
        row.brought.request.note_failure(error)
        return None
    key = (row.relation, name)
    return row.brought.relations.setdefault(key, Relation("prefetch")), row.brought, *key


def is_one_rows(value: Any) -> bool:
    """Whether an equal value from another row would be another object."""
    kind = type(value)
    if kind is str:
        return len(value) > 1
    if kind is int:
        return bool(abs(value) > SMALL)
    return kind in _OF_ONE_ROW


def size_of(value: Any) -> int:
    """About how many bytes a value takes on its way from the database."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return len(value)
    if isinstance(value, (dict, list)):
        return len(json.dumps(value, default=str))
    if hasattr(value, "__len__"):
        return len(value)
    return 8
