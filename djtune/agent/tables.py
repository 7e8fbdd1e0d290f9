"""The models behind a statement's tables: fields, indexes, where they stand, how many rows."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import UniqueConstraint

from .classes import definition_of
from .views import is_installed, shortened

MOST_COUNTED = 100_000
"""Rows beyond which a table is not counted; it then has "at least" as many."""
_PLAIN_INDEX_KINDS = ("", "idx", "btree")

_IDENTIFIERS = re.compile(r'"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|\b([^\W\d]\w*)')

Model = type[models.Model]


def models_in(sql: str) -> dict[str, Model]:
    """Table → model for each of the project's tables that the statement names."""
    named = {next(filter(None, match.groups())) for match in _IDENTIFIERS.finditer(sql)}
    return {table: model for table, model in _by_table().items() if table in named}


@functools.cache
def _by_table() -> dict[str, Model]:
    found: dict[str, Model] = {}
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:
            found.setdefault(_unquoted(model._meta.db_table), model)
    return found


def _unquoted(table: str) -> str:
    return table.strip('"').rpartition('"."')[2]


def columns_of(model: Model) -> list[str]:
    """The columns of the model's own table."""
    return [str(field.column) for field in model._meta.local_concrete_fields]


@functools.cache
def describe_model(model: Model) -> dict[str, Any]:
    """What the source says: where the model and its fields are written, and its columns."""
    found = definition_of(model)
    lines = found.names if found else {}
    return {
        "model": model._meta.label,
        "file": shortened(found.file) if found else "",
        "line": found.line if found else 0,
        "obstacle": _obstacle(model),
        "fields": {
            field.column: {
                "name": field.name,
                "line": lines.get(field.name, 0),  # 0 where a base or Django makes it
                "boolean": isinstance(field, models.BooleanField),
            }
            for field in model._meta.local_concrete_fields
        },
    }


def _obstacle(model: Model) -> str:
    """Why ``Meta.indexes`` of the model is no place to add to; empty if it is one."""
    if model._meta.auto_created:
        return "Django makes this table itself, for a many-to-many field"
    if not model._meta.managed:
        return "the model is unmanaged"
    found = definition_of(model)
    return "the model is a package's" if found and is_installed(found.file) else ""


def declared_indexes(model: Model) -> Iterator[dict[str, Any]]:
    """B-tree indexes that the model asks for, of all rows and of columns alone."""
    meta: Any = model._meta
    column = {field.name: field.column for field in meta.local_concrete_fields}
    for field in meta.local_concrete_fields:
        if field.unique or field.db_index:
            yield _index([(field.column, False)], unique=field.unique)
    for names in meta.unique_together:
        if all(name in column for name in names):
            yield _index([(column[name], False) for name in names], unique=True)
    for index in meta.indexes:
        kind = type(index).__name__
        plain = kind in ("Index", "BTreeIndex") and index.condition is None
        orders = [(column.get(name, ""), bool(order)) for name, order in index.fields_orders]
        if plain and orders and all(name for name, _ in orders):
            yield _index(orders, unique=False)
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint) and constraint.condition is None:
            orders = [(column.get(name, ""), False) for name in constraint.fields]
            if orders and all(name for name, _ in orders):
                yield _index(orders, unique=True)


def _index(columns: list[tuple[str, bool]], *, unique: bool, name: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "columns": [column for column, _ in columns],
        "descending": [descending for _, descending in columns],
        "unique": unique,
        "in_database": bool(name),
    }


def _real_indexes(connection: Any, model: Model) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, model._meta.db_table)
    meta = model._meta
    partial = {each.name for each in [*meta.indexes, *meta.constraints] if _is_partial(each)}
    for name, each in constraints.items():
        columns = each["columns"] or []
        if name in partial:
            continue
        serves = each["index"] or each["unique"] or each["primary_key"]
        plain = (each.get("type") or "") in _PLAIN_INDEX_KINDS
        if serves and plain and columns and all(columns):
            orders = each.get("orders") or ["ASC"] * len(columns)
            pairs = [(c, o == "DESC") for c, o in zip(columns, orders, strict=False)]
            yield _index(pairs, unique=each["unique"] or each["primary_key"], name=name)


def _is_partial(index: Any) -> bool:
    """Of some rows alone; introspection does not tell."""
    return getattr(index, "condition", None) is not None


class Catalogue:
    """What databases tell of their tables: asked once, for it changes little in a run."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, Model], tuple[int, str]] = {}
        self._indexes: dict[tuple[str, Model], list[dict[str, Any]]] = {}
        self._per_key: dict[tuple[str, Model, tuple[str, ...]], float | None] = {}

    def rows(self, connection: Any, model: Model) -> tuple[int, str]:
        """How many rows, and how that is known: ``statistics``, ``counted`` or ``at least``."""
        key = (connection.alias, model)
        if key not in self._rows:
            self._rows[key] = _estimated(connection, model) or _counted(connection, model)
        return self._rows[key]

    def indexes(self, connection: Any, model: Model) -> list[dict[str, Any]]:
        """The indexes that the database has, and those that the model declares in vain."""
        key = (connection.alias, model)
        if key not in self._indexes:
            found = list(_real_indexes(connection, model))
            there = {tuple(each["columns"]) for each in found}
            declared = declared_indexes(model)
            missing = [each for each in declared if tuple(each["columns"]) not in there]
            self._indexes[key] = found + missing
        return self._indexes[key]

    def rows_per_key(
        self, connection: Any, model: Model, index: str, columns: list[str]
    ) -> float | None:
        """Rows that share the same values of the index's first columns, on average over the values.

        ``None`` where the table is too large to look at and the database has no statistics.
        """
        key = (connection.alias, model, tuple(columns))
        if key not in self._per_key:
            rows, _ = self.rows(connection, model)
            known = _rows_per_analysed_key(connection, model, index, columns, rows)
            self._per_key[key] = known or _rows_per_key(connection, model, columns, rows)
        return self._per_key[key]

    def clear(self) -> None:
        """Forget all of it: tables were changed."""
        for known in (self._rows, self._indexes, self._per_key):
            known.clear()


def _estimated(connection: Any, model: Model) -> tuple[int, str] | None:
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        sql = "SELECT reltuples FROM pg_class WHERE oid = to_regclass(%s)"
        found = _one(connection, sql, [connection.ops.quote_name(table)])
    else:
        if not _is_analysed(connection):
            return None
        stat = _one(connection, "SELECT stat FROM sqlite_stat1 WHERE tbl = %s", [table])
        found = int(str(stat).split()[0]) if stat else None
    # PostgreSQL says -1 (before 14: 0) of a table that was never analysed.
    return (round(found), "statistics") if found and found > 0 else None


def _counted(connection: Any, model: Model) -> tuple[int, str]:
    name = connection.ops.quote_name(model._meta.db_table)
    some = f"SELECT 1 FROM {name} LIMIT {MOST_COUNTED + 1}"
    count = int(_one(connection, f"SELECT COUNT(*) FROM ({some}) AS counted"))
    return (count, "counted") if count <= MOST_COUNTED else (MOST_COUNTED, "at least")


def _rows_per_analysed_key(
    connection: Any, model: Model, index: str, columns: list[str], rows: int
) -> float | None:
    """What the database's own statistics say; ``None`` without them."""
    if connection.vendor == "sqlite":
        if not _is_analysed(connection):
            return None
        stat = _one(connection, "SELECT stat FROM sqlite_stat1 WHERE idx = %s", [index])
        # Rows of the index, then rows per key of its first column, of its first two …
        words = str(stat or "").split()
        return float(words[len(columns)]) if len(words) > len(columns) else None
    sql = (
        "SELECT n_distinct FROM pg_stats WHERE schemaname = ANY (current_schemas(false))"
        " AND tablename = %s AND attname = %s"
    )
    distinct = _one(connection, sql, [model._meta.db_table, columns[0]])
    if not distinct or len(columns) > 1:
        return None
    # Negative: minus the distinct values as a part of the rows.
    return max(1.0, float(rows / distinct if distinct > 0 else -1 / distinct))


def _rows_per_key(connection: Any, model: Model, columns: list[str], rows: int) -> float | None:
    if not rows:
        return 0.0
    if rows > MOST_COUNTED:
        return None
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    keys = f"SELECT DISTINCT {names} FROM {connection.ops.quote_name(model._meta.db_table)}"
    count = int(_one(connection, f"SELECT COUNT(*) FROM ({keys}) AS keys"))
    return rows / count if count else None


def _is_analysed(connection: Any) -> bool:
    found = _one(connection, "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")
    return found is not None


def _one(connection: Any, sql: str, params: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row = cursor.fetchone()
    return row[0] if row else None
