"""What was added up, as plain data without a value of the user's: the shape of ``ReadsSeen``."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .attribution import Reader
    from .tally import ColumnTally, FetchTally


def fetch_entry(step: int, number: int, fetch: FetchTally) -> dict[str, Any]:
    """One queryset's place."""
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
