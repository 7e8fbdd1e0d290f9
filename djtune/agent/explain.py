"""Asks the database how it would answer a statement, without answering it.

Runs after a replayed request, on its thread and inside its transaction, so that rows which the
request wrote are there. Everything happens in a savepoint that is always rolled back: a plan that
cannot be had changes nothing, and PostgreSQL's settings of the savepoint end with it. The statement
itself is never run (no ``ANALYZE``). No parameter leaves: nodes name tables, columns and indexes.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db import Error, connections, transaction

from .plan_nodes import Node, postgresql_nodes, sqlite_nodes
from .repeats import sql_pattern
from .tables import Catalogue, columns_of, describe_model, models_in

SECONDS = 2.0
"""How long PostgreSQL may think about a plan, and count."""
PLANNED = ("sqlite", "postgresql")
_READS = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_AUTOMATIC = re.compile(r"sqlite_autoindex_(.+)_\d+")
_CATALOGUE = Catalogue()


def explain(alias: str, sql: str, params: Any) -> dict[str, Any] | None:
    """The plan of one statement as plain data; ``None`` for what is not a single SELECT.

    ``vendor``; ``sql``, the template with its literals masked; ``nodes`` (see
    :mod:`.plan_nodes`), each search with ``rows_per_key``; ``tables``: table → its model, fields,
    indexes and ``rows``; ``open_patterns``: which ``%s`` hold a LIKE pattern that begins with a
    wildcard; ``reason``: why there is no plan, empty if there is one.
    """
    if not isinstance(sql, str) or not _READS.match(sql):
        return None
    connection = connections[alias]
    answer: dict[str, Any] = {
        "vendor": connection.vendor,
        "sql": sql_pattern(sql),
        "nodes": [],
        "tables": {},
        "open_patterns": _open_patterns(params),
        "reason": "",
    }
    if connection.vendor not in PLANNED:
        return answer | {"reason": f"plans of {connection.vendor} are not read"}
    # After a semicolon something else might stand, and it would be run.
    if ";" in sql.rstrip().rstrip(";"):
        return answer | {"reason": "it may be several statements"}
    try:
        with _undone(connection):
            answer["nodes"] = _nodes(connection, sql, params)
            answer["tables"] = _tables(connection, sql, answer["nodes"])
    except (Error, TypeError, ValueError) as error:
        # The text of most holds values of the statement.
        return answer | {"nodes": [], "tables": {}, "reason": f"no plan: {type(error).__name__}"}
    return answer


def _open_patterns(params: Any) -> list[int]:
    """Numbers of the parameters that are patterns open at the front; nothing else of them."""
    if not isinstance(params, (list, tuple)):
        return []
    return [n for n, each in enumerate(params) if isinstance(each, str) and each[:1] in ("%", "_")]


@contextlib.contextmanager
def _undone(connection: Any) -> Iterator[None]:
    """A savepoint that is rolled back, read-only and short where the database has that.

    The app's own execute wrappers see nothing of it.
    """
    wrappers, connection.execute_wrappers = connection.execute_wrappers, []
    try:
        with transaction.atomic(using=connection.alias):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
                    cursor.execute("SET LOCAL transaction_read_only = on")
            yield
            transaction.set_rollback(True, using=connection.alias)
    finally:
        connection.execute_wrappers = wrappers


def _nodes(connection: Any, sql: str, params: Any) -> list[Node]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            return list(sqlite_nodes(row[3] for row in cursor.fetchall()))
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    if isinstance(plan, str):
        plan = json.loads(plan)
    columns = {table: columns_of(model) for table, model in models_in(sql).items()}
    return postgresql_nodes(plan[0]["Plan"], columns)


def _tables(connection: Any, sql: str, nodes: Sequence[Node]) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    for table, model in models_in(sql).items():
        rows, how = _CATALOGUE.rows(connection, model)
        known = {"indexes": _CATALOGUE.indexes(connection, model), "rows": rows, "rows_are": how}
        tables[table] = describe_model(model) | known
    for node in nodes:
        if node["operation"] == "search":
            node["rows_per_key"] = _rows_per_key(connection, node, tables)
    return tables


def _rows_per_key(connection: Any, node: Node, tables: dict[str, Any]) -> float | None:
    """How many rows the index leads to, per value searched for; ``None`` if that is not known."""
    if node["index"] == "primary key":
        return 1.0
    known = _table_of(node["index"], tables)
    equal = [column for column in node["searched"] if column not in node["ranged"]]
    if known is None or not equal:
        return None
    if any(each["unique"] and set(each["columns"]) <= set(equal) for each in known["indexes"]):
        return 1.0
    model = apps.get_model(known["model"])
    return _CATALOGUE.rows_per_key(connection, model, node["index"], equal)


def _table_of(index: str, tables: dict[str, Any]) -> dict[str, Any] | None:
    # SQLite names the index of a UNIQUE after the table, and tells Django nothing of it.
    automatic = _AUTOMATIC.fullmatch(index)
    for table, known in tables.items():
        named = any(index == each["name"] for each in known["indexes"])
        if named or (automatic and automatic[1] == table):
            return dict(known)
    return None


def forget() -> None:
    """Ask the database again what its tables are like: their indexes were changed."""
    _CATALOGUE.clear()
