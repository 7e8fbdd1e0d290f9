"""What a document would lose without one of its fields: an estimate, from some of its rows.

Leaving every field out of a large document in turn costs seconds of compression. Here it is left
out of a few runs of rows that follow each other, which are long enough for a codec to find its
repetitions, and what that saves is scaled by the field's bytes in the document to those in the
sample. Losses cannot be added up: fields that repeat each other hide each other. And a loss may be
negative, as the rest may compress worse without the field.
"""

from collections.abc import Collection, Iterable
from itertools import chain, count
from typing import Any

from msgspec import Struct

from djtune.payloads.codecs import installed
from djtune.payloads.paths import ANY, EACH, Path
from djtune.payloads.removal import without
from djtune.payloads.walk import Walk, encode, maps_of, walk

ROWS = 180
"""Enough for an error of about 2 % of the sum of all losses; see docs/methods/payload-bytes.md."""
RUNS = 4
"""Runs of rows, so that they come from all over the document."""
LARGE_ARRAYS = 4
"""Arrays of one document that are thinned."""
WORTHWHILE = 0.2
"""Part of a document that thinning an array must save."""
HIDDEN = 1.2
"""Fields hide each other if they save this many times as much together as one by one."""
HIDDEN_BYTES = 50


class Loss(Struct, frozen=True):
    """Bytes that a document is smaller without one field."""

    raw: int
    """As the walk charges them."""
    compressed: dict[str, float]
    """Codec → bytes; negative where the rest compresses worse."""
    exact: bool
    """Whether the whole document was compressed without it, and not a sample."""


class Hiding(Struct, frozen=True):
    """Fields that are dear only together."""

    paths: list[Path]
    alone: float
    """Sum of what each saves by itself."""
    together: float
    """What all of them save."""


class _Sample:
    """A document's thinned rows, and what they lose without some fields."""

    def __init__(self, document: Any, paths: Iterable[Path], rows: int, codecs: Collection[str]):
        maps = {path[:at] for path in paths for at, segment in enumerate(path) if segment == ANY}
        self.full = walk(document, maps)
        self.document = thinned(document, rows)
        self.exact = self.document is document
        self.seen = walk(self.document, maps | maps_of(self.full))
        self.codecs = {name: code for name, code in installed().items() if name in codecs}
        self.sizes = self._sizes(self.document)

    def _sizes(self, document: Any) -> dict[str, int]:
        body = encode(document)
        return {name: len(compress(body)) for name, compress in self.codecs.items()}

    def lost(self, paths: Collection[Path]) -> dict[str, float]:
        """What all of ``paths`` together save of the document, by codec."""
        whole, here = _charged(self.full, paths), _charged(self.seen, paths)
        if not here:
            return {name: size * whole / self.seen.compact for name, size in self.sizes.items()}
        lighter = self._sizes(without(self.document, paths))
        return {name: (self.sizes[name] - lighter[name]) * whole / here for name in lighter}


def leave_one_out(
    document: Any,
    paths: Iterable[Path],
    rows: int = ROWS,
    codecs: Collection[str] = ("gzip",),
) -> dict[Path, Loss]:
    """What ``document`` is smaller without each of ``paths`` alone, by the codecs installed.

    A field that is in none of the rows sampled is taken to compress as the rows do as a whole.
    """
    wanted = list(paths)
    sample = _Sample(document, wanted, rows, codecs)
    return {
        path: Loss(sample.full.nodes[path].bytes, sample.lost([path]), sample.exact)
        for path in wanted
        if path in sample.full.nodes
    }


def hiding(
    document: Any, groups: Iterable[Collection[Path]], rows: int = ROWS, codec: str = "gzip"
) -> list[Hiding]:
    """Those of ``groups`` that save clearly more together than one by one, the dearest first.

    Groups are fields that repeat each other: :func:`djtune.payloads.values.related` finds them.
    """
    wanted = [list(group) for group in groups]
    sample = _Sample(document, chain.from_iterable(wanted), rows, [codec])
    found = []
    for group in wanted:
        alone = sum(max(sample.lost([path])[codec], 0.0) for path in group)
        together = sample.lost(group)[codec]
        if together >= HIDDEN * alone and together - alone >= HIDDEN_BYTES:
            found.append(Hiding(sorted(group), alone, together))
    return sorted(found, key=lambda each: -each.together)


def thinned(document: Any, rows: int = ROWS) -> Any:
    """``document`` with about ``rows`` elements of its large arrays, in runs from all over them.

    Elements that hold arrays of which nothing is kept are gone too. The document itself where it
    has no more rows than that.
    """
    for _ in range(LARGE_ARRAYS):
        seen = walk(document)
        path = _largest(seen, rows)
        if path is None:
            break
        document = _Thinner(seen.nodes[path].count, rows).less(document, path)
    return document


def _largest(seen: Walk, rows: int) -> Path | None:
    """The elements of which there are too many, if without most the document is much smaller."""
    spared = {
        path: node.bytes * (1 - rows / node.count)
        for path, node in seen.nodes.items()
        if path and path[-1] == EACH and node.count > rows
    }
    best = max(spared, key=spared.__getitem__, default=None)
    return best if best and spared[best] >= WORTHWHILE * seen.compact else None


class _Thinner:
    """Keeps some of an array's elements, counted through the document in its order."""

    def __init__(self, elements: int, rows: int):
        length = max(rows // RUNS, 1)
        starts = [(elements - length) * run // (RUNS - 1) for run in range(RUNS)]
        self._kept = {number for start in starts for number in range(start, start + length)}
        self._number = count()

    def less(self, value: Any, path: Path) -> Any:
        segment, rest = path[0], path[1:]
        if segment == EACH and type(value) is list:
            return self._elements(value, rest)
        if segment == ANY and type(value) is dict and rest:
            return {key: self.less(child, rest) for key, child in value.items()}
        if type(value) is dict and segment in value and rest:
            return value | {segment: self.less(value[segment], rest)}
        return value

    def _elements(self, elements: list[Any], rest: Path) -> list[Any]:
        if not rest:
            return [element for element in elements if next(self._number) in self._kept]
        made = [(element, self.less(element, rest)) for element in elements]
        return [lighter for element, lighter in made if lighter is element or _holds(lighter, rest)]


def _holds(value: Any, path: Path) -> bool:
    """Whether there is anything at ``path``."""
    below = list(_at(value, path[0]))
    return any(_holds(child, path[1:]) for child in below) if path[1:] else bool(below)


def _at(value: Any, segment: str) -> Iterable[Any]:
    if type(value) is list:
        return value if segment == EACH else []
    if type(value) is not dict:
        return []
    return value.values() if segment == ANY else [value[segment]] if segment in value else []


def _charged(seen: Walk, paths: Collection[Path]) -> int:
    return sum(seen.nodes[path].bytes for path in paths if path in seen.nodes)
