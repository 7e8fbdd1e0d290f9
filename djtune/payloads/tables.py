"""The tables of a document: what repeats in it, as rows with columns that are aligned."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from djtune.payloads.paths import ANY, EACH, Path
from djtune.payloads.walk import Node, Walk

MISSING, FULL, EMPTY_ARRAY, EMPTY_OBJECT = object(), object(), object(), object()
MARKS: dict[object, int] = {MISSING: 0, FULL: 1, EMPTY_ARRAY: 2, EMPTY_OBJECT: 3}
"""What stands in a column for what is no scalar, numbered. ``FULL``: arrays and objects of which
not all are empty."""


class Rows(Struct):
    """A table of one document."""

    count: int
    parents: Sequence[int]
    """The number of the array or map that each row is in."""
    columns: dict[Path, Sequence[Any]] = field(default_factory=dict)
    """By the whole path."""
    above: dict[Path, list[Any]] = field(default_factory=dict)
    """Columns of the table that these rows hang in, repeated for each row."""


def tables_of(seen: Walk) -> dict[Path, Rows]:
    """The tables of a document, by the path of their rows."""
    tables: dict[Path, Rows] = {}
    for path, node in seen.nodes.items():
        is_row = table_of(path) == path
        if is_row:
            holders = node.holders if node.holders is not None else range(node.count)
            tables[path] = Rows(node.count, holders)
        if not is_row or node.kinds.keys() != {"object"}:
            rows = tables[table_of(path)]
            rows.columns[path] = _column(seen, path, node, rows.count)
    for path, rows in tables.items():
        if path:
            rows.above = _above(seen, path, tables)
    return tables


def table_of(path: Path) -> Path:
    """The path of the rows that ``path`` is a column of."""
    while path and path[-1] not in (EACH, ANY):
        path = path[:-1]
    return path


def _above(seen: Walk, path: Path, tables: dict[Path, Rows]) -> dict[Path, list[Any]]:
    outer = table_of(path[:-1])
    places = _places(seen, path, outer)
    return {
        name: [column[place] for place in places]
        for name, column in tables[outer].columns.items()
        if seen.nodes[name].column is not None
    }


def _column(seen: Walk, path: Path, node: Node, count: int) -> Sequence[Any]:
    values = node.column if node.column is not None else [_mark(node)] * node.count
    places = _places(seen, path, table_of(path))
    if len(values) == count and places == range(count):
        return values
    column = [MISSING] * count
    for place, value in zip(places, values, strict=True):
        column[place] = value
    return column


def _mark(node: Node) -> object:
    if node.empty == node.count and len(node.kinds) == 1:
        return EMPTY_ARRAY if "array" in node.kinds else EMPTY_OBJECT
    return FULL


def _places(seen: Walk, path: Path, table: Path) -> Sequence[int]:
    """For each value at ``path``, the number of its row."""
    places: Sequence[int] = range(seen.nodes[path].count)
    while len(path) > len(table):
        holders = seen.nodes[path].holders
        if holders is not None:
            places = holders if isinstance(places, range) else [holders[each] for each in places]
        path = path[:-1]
    return places
