"""The values of many responses, as digests: enough to tell equal from different, and no more.

Values are digested with BLAKE2b under a key that is drawn for each :class:`Observed` and never
leaves it. A *table* is what repeats: the elements of an array, the entries of a map, or the
document itself; its columns are the scalars in each, also those within objects. A row that was seen
before, in whatever response, is not counted again: one programme in twenty responses is one row.
"""

import os
from array import array
from collections.abc import Hashable, Sequence
from hashlib import blake2b
from itertools import repeat
from typing import Any

from msgspec import Struct, field

from djtune.payloads.paths import Path
from djtune.payloads.relations import Relations
from djtune.payloads.tables import MARKS, Rows, tables_of
from djtune.payloads.walk import Walk, encode, maps_of

MOST_ROWS = 5000
"""Different rows that are kept of a table, so that an endpoint needs a few megabytes."""

MANY_ROWS = 20
"""From which it shows whether a column has another value in every row."""


def _numbers() -> "array[int]":
    return array("Q")


class Column(Struct):
    """One path of a table."""

    digests: "array[int]" = field(default_factory=_numbers)
    """Of the rows kept; 0 where a row had none."""
    seen: set[int] = field(default_factory=set)
    """Some of the digests of all rows; more than one, and it varies."""
    present: int = 0
    """Different rows that had it."""
    samples: int = 0
    spread: float = 0.0
    """Different values in a response of many rows, for each row: near 1 it tells rows apart."""


class Table(Struct):
    """What was seen of a table in all responses."""

    columns: dict[Path, Column] = field(default_factory=dict)
    rows: int = 0
    """Different rows, those kept."""
    parents: set[Hashable] = field(default_factory=set)
    known: set[int] = field(default_factory=set)
    relations: Relations = field(default_factory=Relations)


class Observed:
    """Responses of one endpoint, as they come."""

    def __init__(self) -> None:
        self.tables: dict[Path, Table] = {}
        self.samples = 0
        self.maps: set[Path] = set()
        """Paths whose keys turned out to be data."""
        self._key = os.urandom(32)
        self._named = {
            self.digest(value): name
            for value, name in ((None, "null"), (False, "false"), (True, "true"), ("", "empty"))
        }

    def add(self, seen: Walk, context: Hashable = None) -> None:
        """Take a response in.

        ``context`` is what was asked for: the request's parameters, or its user where it has none.
        Rows of one array in responses with one context have one parent; without a context every
        response is another.
        """
        self.samples += 1
        self.maps |= maps_of(seen)
        for path, rows in tables_of(seen).items():
            table = self.tables.setdefault(path, Table())
            self._take(table, rows, self.samples if context is None else context)

    def named(self, digest: int) -> str:
        """What a value is called in reports: null, false, true or empty; other values have none."""
        return self._named.get(digest, "")

    def digest(self, value: Any) -> int:
        """What stands for a value; equal for equal ones, by this object alone."""
        if type(value) is float and value.is_integer():
            value = int(value)  # the same number to a browser
        digest = blake2b(encode(value), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "little") | len(MARKS)

    def _take(self, table: Table, rows: Rows, context: Hashable) -> None:
        digests = {path: self._digests(values) for path, values in rows.columns.items()}
        table.parents.update(zip(repeat(context), set(rows.parents)))
        new = _new_rows(table, digests, rows.count)
        kept = new[: max(MOST_ROWS - table.rows, 0)]
        for path, values in digests.items():
            column = table.columns.setdefault(path, Column())
            _extend(column, values, table.rows, kept)
            if rows.count >= MANY_ROWS:
                column.spread = max(column.spread, len(set(values)) / rows.count)
        table.rows += len(kept)
        for column in table.columns.values():
            column.digests.extend([0] * (table.rows - len(column.digests)))
        table.relations.check(rows, new)

    def _digests(self, values: Sequence[Any]) -> list[int]:
        kinds = set(map(type, values))
        if bool in kinds and len(kinds) > 1:  # True and 1 are equal
            return [MARKS[value] if _is_mark(value) else self.digest(value) for value in values]
        found = {
            value: MARKS[value] if _is_mark(value) else self.digest(value) for value in set(values)
        }
        return [found[value] for value in values]


def _is_mark(value: Any) -> bool:
    return type(value) is object


def _new_rows(table: Table, digests: dict[Path, list[int]], count: int) -> list[int]:
    """The rows that were not seen before; all of them once enough are kept."""
    if table.rows >= MOST_ROWS:
        return list(range(count))
    new = []
    every = zip(*(digests[path] for path in sorted(digests)), strict=True)
    for number, row in enumerate(every):
        known = hash(row)
        if known not in table.known:
            table.known.add(known)
            new.append(number)
    return new


def _extend(column: Column, digests: list[int], before: int, kept: list[int]) -> None:
    column.digests.extend([0] * (before - len(column.digests)))
    more = [digests[number] for number in kept]
    column.digests.extend(more)
    column.present += len(more) - more.count(0)
    column.samples += 1
    if len(column.seen) < 3:
        column.seen |= set(digests) - {0}
