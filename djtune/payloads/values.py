"""What the values of many responses say about a field: constant, empty, or following from another.

A field that repeats another is redundant, not unused: it may be the one that clients read. And that
*n* different rows had no other value bounds the rate of others, with 95 % confidence, only by about
``3/n`` (the rule of three: ``1 - 0.05 ** (1/n)``). Rows of a single parent say less still, as what
belongs to the parent is the same in all of them: constants need several.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from math import isclose
from typing import Literal

from msgspec import Struct

from djtune.payloads.observed import Column, Observed, Table
from djtune.payloads.paths import ANY, Path, text_of
from djtune.payloads.relations import Relation
from djtune.payloads.tables import EMPTY_ARRAY, EMPTY_OBJECT, FULL, MARKS

Kind = Literal[
    "null",
    "empty",
    "always_empty_list",
    "constant",
    "duplicate",
    "copy",
    "lowercase",
    "affine",
    "sum",
    "product",
    "substring",
    "bijection",
]
FEWEST_ROWS = 20
"""Different rows from which anything is said."""
FEWEST_PARENTS = 2
FEWEST_OTHERS = 5
"""Rows beside those with the most frequent value; with fewer a coincidence is likely."""
MOST_DISTINCT = 0.9
"""Part of the rows with a value of their own, from which every other column follows."""


class ValueFact(Struct, frozen=True):
    """Something that held in every row seen."""

    path: Path
    kind: Kind
    rows: int
    """Different rows that could have contradicted it."""
    parents: int
    """Arrays, in requests for different things, that the rows came from."""
    samples: int
    """Responses that had the field."""
    bound: float
    """Part of rows that may be otherwise at most, with 95 % confidence."""
    detail: str
    """In words, without values, except for null, true, false and empty."""
    other: Path | None = None
    """What it follows from."""
    third: Path | None = None
    """What it follows from as well."""


def facts(observed: Observed) -> list[ValueFact]:
    """What the values seen so far say, sorted by path; for each pair the most specific relation."""
    found: list[ValueFact] = []
    for path, table in observed.tables.items():
        found += _of_table(observed, path, table)
    found = [fact for fact in found if not _is_stale(fact, observed.maps)]
    return sorted(found, key=lambda fact: (fact.path, fact.kind))


def related(found: Collection[ValueFact], among: Collection[Path] = ()) -> list[list[Path]]:
    """Groups of fields that repeat each other in some way, which a codec may notice as well.

    With ``among``, of these fields alone.
    """
    wanted = set(among)
    groups: dict[Path, set[Path]] = {}
    for fact in found:
        pair = {path for path in (fact.path, fact.other) if path is not None}
        if len(pair) == 2 and (not among or pair <= wanted) and fact.kind not in _ARITHMETIC:
            joined = pair.union(*(groups.get(path, set()) for path in pair))
            groups.update(dict.fromkeys(joined, joined))
    return [list(group) for group in sorted({tuple(sorted(group)) for group in groups.values()})]


def _is_stale(fact: ValueFact, maps: Collection[Path]) -> bool:
    """Whether it names a key of what later turned out to be a map: such a key is data."""
    paths = [path for path in (fact.path, fact.other, fact.third) if path is not None]
    return any(
        path[:at] in maps and segment != ANY for path in paths for at, segment in enumerate(path)
    )


class _Said(Struct):
    """A table that is being looked through."""

    path: Path
    table: Table
    telling: dict[Path, Column]
    """Columns with enough different values for a coincidence to be unlikely."""

    def fact(self, path: Path, kind: Kind, rows: int, detail: str, *others: Path) -> ValueFact:
        """What held in ``rows`` rows."""
        rows = min(rows, self.table.rows)
        parents, samples = len(self.table.parents), self.table.columns[path].samples
        other, third = [*others, None, None][:2]
        bound = bound_of(rows)
        return ValueFact(path, kind, rows, parents, samples, bound, detail, other, third)

    def name(self, path: Path) -> str:
        """A column as it is called within the row; one from above by its whole path."""
        return text_of(path[len(self.path) :] if path in self.table.columns else path)


def _of_table(observed: Observed, path: Path, table: Table) -> Iterator[ValueFact]:
    telling = {path: column for path, column in table.columns.items() if _tells(column)}
    said = _Said(path, table, telling)
    yield from _constants(said, observed)
    pairs: set[frozenset[Path | None]] = set()
    settled: set[Path] = set()
    for fact in [*_duplicates(said), *_relations(said), *_bijections(said)]:
        pair = frozenset((fact.path, fact.other))
        if pair in pairs or (fact.kind in _ARITHMETIC and fact.path in settled):
            continue
        pairs.add(pair)
        if fact.kind != "substring":
            settled.add(fact.path)
        yield fact


def bound_of(rows: int) -> float:
    """The part of rows that may be otherwise though ``rows`` were not, with 95 % confidence.

    The exact form of the rule of three (Hanley and Lippman-Hand 1983).
    """
    return 1 - 0.05 ** (1 / rows) if rows else 1.0


def _constants(said: _Said, observed: Observed) -> Iterator[ValueFact]:
    if len(said.table.parents) < FEWEST_PARENTS:
        return
    for path, column in said.table.columns.items():
        if len(column.seen) == 1 and column.present >= FEWEST_ROWS:
            [value] = column.seen
            if value != MARKS[FULL]:
                kind, detail = _always(observed, value)
                yield said.fact(path, kind, column.present, detail)


def _always(observed: Observed, value: int) -> tuple[Kind, str]:
    if value == MARKS[EMPTY_ARRAY]:
        return "always_empty_list", "always an empty list"
    if value == MARKS[EMPTY_OBJECT]:
        return "empty", "always an empty object"
    name = observed.named(value)
    if name == "empty":
        return "empty", "always an empty text"
    return "null" if name == "null" else "constant", f"always {name or 'the same value'}"


def _tells(column: Column) -> bool:
    """Whether a coincidence in this column would be unlikely."""
    counts = Counter(column.digests)
    absent = counts.pop(0, 0)
    if not counts or len(column.digests) - absent < FEWEST_ROWS:
        return False
    marked = any(counts[mark] for mark in MARKS.values())
    return not marked and counts.total() - max(counts.values()) >= FEWEST_OTHERS


def _duplicates(said: _Said) -> Iterator[ValueFact]:
    first: dict[bytes, Path] = {}
    for path, column in said.telling.items():
        same = first.setdefault(column.digests.tobytes(), path)
        if same != path:
            detail = f"always the same as {said.name(same)}"
            yield said.fact(path, "duplicate", column.present, detail, same)


def _bijections(said: _Said) -> Iterator[ValueFact]:
    first: dict[tuple[int, ...], Path] = {}
    for path, column in said.telling.items():
        order: dict[int, int] = {}
        pattern = tuple(order.setdefault(digest, len(order)) for digest in column.digests)
        same = (
            path if _tells_rows_apart(said, column, len(order)) else first.setdefault(pattern, path)
        )
        if same != path:
            detail = f"another name for each value of {said.name(same)}"
            yield said.fact(path, "bijection", column.present, detail, same)


def _tells_rows_apart(said: _Said, column: Column, distinct: int) -> bool:
    """Whether everything else would follow from it: another value in every row or document."""
    things = len(said.table.parents) if not said.path else said.table.rows
    return column.spread >= MOST_DISTINCT or distinct >= MOST_DISTINCT * things


_ARITHMETIC = ("sum", "product")
"""Where moments are given in several ways there are many sums; one a field says it."""
_ORDER = ("lowercase", "copy", "affine", "sum", "product", "substring")


def _relations(said: _Said) -> Iterator[ValueFact]:
    columns = said.table.columns
    for relation in sorted(said.table.relations.supposed, key=lambda each: _ORDER.index(each.kind)):
        varying = all(len(columns[path].seen) > 1 for path in relation.sources if path in columns)
        if relation.rows >= FEWEST_ROWS and relation.path in said.telling and varying:
            detail = _worded(relation, *map(said.name, relation.sources))
            yield said.fact(relation.path, relation.kind, relation.rows, detail, *relation.sources)


def _worded(relation: Relation, one: str, other: str = "") -> str:
    if relation.kind == "sum":
        factor = f"{relation.factor:,.0f} × " if relation.factor != 1 else ""
        return f"{one} + {factor}{other}"
    return {
        "copy": f"always the same as {one} above it",
        "lowercase": f"{one} in small letters",
        "affine": f"{one}, {_moved(relation.factor)} alike in all rows",
        "product": f"{one} × {other}",
        "substring": f"always part of {one}",
    }[relation.kind]


def _moved(factor: float | None) -> str:
    return "shifted" if factor and isclose(factor, 1, rel_tol=1e-6) else "scaled"
