"""Has the rows that querysets bring watched, and notes what they hold and bring along."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..clock import CURRENT
from ..probes.patches import Patches
from . import rows
from .brought import LOOKED_AT, PREFETCH, Brought, Column, Relation, RequestReads
from .value_rows import values

_MATCHED_BY = "_prefetch_related_val_"
"""Begins the names of what Django adds to a query to match rows by."""
DEPTH = 5
"""How far ``select_related()`` without names goes, as in Django."""


def note_query() -> None:
    """A query is about to be made: count it for the prefetch that it is part of."""
    if (prefetch := PREFETCH.get()) is not None:
        prefetch[0].queries += 1


def install(patches: Patches) -> None:
    """Have querysets' rows watched, in requests whose recorder has ``reads``."""
    from django.db.models import query

    for name in ("ModelIterable", "RawModelIterable"):
        patches.wrap(getattr(query, name), "__iter__", _passing(_instances))
    for name in ("ValuesIterable", "ValuesListIterable", "FlatValuesListIterable"):
        patches.wrap(getattr(query, name), "__iter__", _passing(values))
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
    added = [*getattr(query, "annotation_select", ()), *getattr(query, "extra_select", ())]
    names = [name for name in added if not name.startswith(_MATCHED_BY)]

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
    ahead = list(_loaded_ahead(instance, tree)) if depth or isinstance(tree, dict) else []
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


def _prefetching(prefetch: Callable[..., Any]) -> Callable[..., Any]:
    def noted(instances: Any, prefetcher: Any, lookup: Any, level: int) -> Any:
        row = next(filter(None, map(rows.watched, instances[:LOOKED_AT])), None)
        if row is None:
            return prefetch(instances, prefetcher, lookup, level)
        token = PREFETCH.set(_begin_prefetch(row, instances, lookup, level))
        try:
            return prefetch(instances, prefetcher, lookup, level)
        finally:
            PREFETCH.reset(token)

    return noted


def _begin_prefetch(row: rows.Row, instances: Any, lookup: Any, level: int) -> Any:
    try:
        name, is_attribute = lookup.get_current_to_attr(level)
        for instance in instances if is_attribute else ():
            if rows.watched(instance) is not None:
                rows.watch(instance, row.brought, others=[name])
    except Exception as error:
        row.brought.fail(error)
        return None
    key = (row.relation, name)
    return row.brought.relations.setdefault(key, Relation("prefetch")), row.brought, *key
