"""What follows from what: relations between the columns of a table, checked row by row.

A relation is supposed as soon as it could hold, and dropped by the first row in which it does not.
Values are looked at only while their response is; of them nothing is kept but the two points that
a straight line is drawn through, in memory.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations, permutations
from math import isclose
from typing import Any, Literal

from msgspec import Struct, field

from djtune.payloads.paths import Path
from djtune.payloads.tables import Rows

Kind = Literal["copy", "lowercase", "affine", "sum", "product", "substring"]
UNITS = (1, 60, 3600, 86_400, 1000, 60_000, 3_600_000)
"""In which durations between two moments are counted, in seconds or milliseconds."""
SHORTEST = 3
"""Letters from which it says something that a text is part of another."""
MOST_NUMBERS = 24
"""Columns of numbers among which sums and products are looked for."""
EXACT = 2**53
"""Beyond it, numbers are not the same in a browser, and not looked at."""
ROUNDING = 1e-15
"""Of doubles, to their size; moments with microseconds have no digits to spare."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


class Relation(Struct):
    """A relation that no row has contradicted."""

    kind: Kind
    path: Path
    """What follows."""
    sources: tuple[Path, ...]
    """From what."""
    rows: int = 0
    """That could have contradicted it."""
    factor: float | None = None
    point: tuple[float, float] | None = None

    def holds(self, values: Iterable[tuple[Any, ...]]) -> bool:
        """Whether no row contradicts it; ``values`` are of ``path`` and the sources."""
        check = _CHECKS[self.kind]
        for row in values:
            told = None if None in row else check(self, *row)
            if told is False:
                return False
            self.rows += told is not None
        return True


class Relations(Struct):
    """All relations of a table that still hold."""

    supposed: list[Relation] = field(default_factory=list)
    known: set[Path] = field(default_factory=set)
    """Columns for which relations were supposed."""

    def check(self, rows: Rows, new: Sequence[int]) -> None:
        """Suppose what columns could have to do with each other, and hold it against the rows."""
        views = _Views(rows, new)
        self.supposed += self._suppose(views)
        self.supposed = [each for each in self.supposed if each.holds(views.rows_of(each))]

    def _suppose(self, views: "_Views") -> Iterator[Relation]:
        fresh = {path for path in views.paths if path not in self.known and views.has_any(path)}
        ready = [path for path in views.paths if path in fresh or path in self.known]
        self.known |= fresh
        for kind, paths in _candidates(views, ready):
            if not fresh.isdisjoint(paths):
                yield Relation(kind, paths[0], paths[1:])
        for path in fresh:
            for other in views.above:
                yield Relation("copy", path, (other,))


class _Views:
    """Columns as texts and as numbers, of some rows."""

    def __init__(self, rows: Rows, new: Sequence[int]):
        self.paths = list(rows.columns)
        self.above = list(rows.above)
        self._columns: dict[Path, Sequence[Any]] = {**rows.above, **rows.columns}
        self._new = new
        self._made: dict[tuple[Path, Callable[[Any], Any]], list[Any]] = {}

    def column(self, path: Path, view: Callable[[Any], Any]) -> list[Any]:
        """A column as ``view`` sees it; none where it sees nothing."""
        made = self._made.get((path, view))
        if made is None:
            values = self._columns.get(path)
            made = [view(values[row]) for row in self._new] if values else [None] * len(self._new)
            self._made[path, view] = made
        return made

    def has_any(self, path: Path) -> bool:
        """Whether there is a text or a number."""
        return any(value is not None for value in self.column(path, _scalar))

    def of(self, paths: Iterable[Path], view: Callable[[Any], Any]) -> list[Path]:
        """The paths of which ``view`` sees something."""
        return [p for p in paths if any(value is not None for value in self.column(p, view))]

    def rows_of(self, relation: Relation) -> Iterator[tuple[Any, ...]]:
        """The values that a relation is about."""
        paths = (relation.path, *relation.sources)
        views = _SEEN_AS[relation.kind]
        return zip(*map(self.column, paths, views), strict=True)


def _candidates(views: _Views, ready: list[Path]) -> Iterator[tuple[Kind, tuple[Path, ...]]]:
    texts, parts = views.of(ready, _text), views.of(ready, _part)
    yield from (("lowercase", pair) for pair in permutations(texts, 2))
    yield from (("substring", (p, t)) for p in parts for t in texts if p != t)
    numbers = views.of(ready, _number)
    yield from (("affine", (y, x)) for x, y in combinations(numbers, 2))
    for result in numbers if len(numbers) <= MOST_NUMBERS else []:
        others = [path for path in numbers if path != result]
        yield from (("sum", (result, *pair)) for pair in permutations(others, 2))
        yield from (("product", (result, *pair)) for pair in combinations(others, 2))


def _scalar(value: Any) -> Any:
    return value if type(value) in (str, int, float) else None


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _part(value: Any) -> str | None:
    """What may be part of an address: not too short, or it is by chance."""
    if type(value) is int and 10**SHORTEST <= abs(value) <= EXACT:
        return str(value)
    return value if type(value) is str and len(value) >= SHORTEST else None


def _number(value: Any) -> float | None:
    """A number; of a moment, its seconds since 1970."""
    if type(value) is int or type(value) is float:
        return value if abs(value) <= EXACT else None
    if type(value) is not str or not _MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _copy(_: Relation, value: Any, source: Any) -> bool:
    return bool(value == source)


def _lowercase(_: Relation, lower: str, text: str) -> bool | None:
    return None if lower == text == text.lower() else lower == text.lower()


def _substring(_: Relation, part: str, text: str) -> bool:
    return part in text


def _affine(line: Relation, y: float, x: float) -> bool | None:
    if line.point is None:
        line.point = (x, y)
        return None
    dx, dy = x - line.point[0], y - line.point[1]
    if dx == 0 or dy == 0:
        return None if dx == dy else False
    if line.factor is None:
        line.factor = dy / dx
        return None
    rounding = ROUNDING * (abs(y) + abs(line.factor * x))
    return isclose(dy, line.factor * dx, rel_tol=1e-9, abs_tol=rounding)


def _sum(plus: Relation, total: float, start: float, more: float) -> bool | None:
    difference = total - start
    if start == 0 or more == 0:
        return False if start and difference else None
    if plus.factor is None:
        plus.factor = next((unit for unit in UNITS if isclose(difference, unit * more)), None)
        return None if plus.factor else False
    return isclose(difference, plus.factor * more)


def _product(_: Relation, product: float, one: float, other: float) -> bool | None:
    if one in (0, 1) or other in (0, 1):
        return None if product == one * other else False
    return isclose(product, one * other)


_CHECKS: dict[Kind, Callable[..., bool | None]] = {
    "copy": _copy,
    "lowercase": _lowercase,
    "affine": _affine,
    "sum": _sum,
    "product": _product,
    "substring": _substring,
}
_SEEN_AS: dict[Kind, tuple[Callable[[Any], Any], ...]] = {
    "copy": (_scalar, _scalar),
    "lowercase": (_text, _text),
    "affine": (_number, _number),
    "sum": (_number, _number, _number),
    "product": (_number, _number, _number),
    "substring": (_part, _text),
}
