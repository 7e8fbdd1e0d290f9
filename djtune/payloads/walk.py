"""Where the bytes of a JSON document are, path by path, exactly.

Every member of an object is charged its key, the colon, one comma and its value, every element of
an array one comma and its value. What is left to a container are its two brackets less the comma
that its last entry does not have: one byte, or two if it is empty. So the bytes of a node are
those of its children and its own, and the root has the whole document.

The document is turned into columns, a path at a time: all values of a path are encoded at once,
which costs about as much as parsing.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import chain, repeat
from typing import Any, NoReturn

import msgspec

from djtune.payloads.paths import ANY, EACH, Path

encode = msgspec.json.encode
"""A document as compact UTF-8 JSON: the one encoder of all sizes."""

KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
MAP_KEYS = 8
"""Keys from which an object is a map if its values are objects of one make, or lists of such."""
SCALAR_MAP_KEYS = 16
"""The same where the values are of one type, and the keys change from object to object."""
MOST_KEYS = 400
"""Keys of one path beyond which they are data, whatever their values are."""
DEEPEST = 200
"""Levels of a document that is still walked."""
_TOO_DEEP = f"nested deeper than {DEEPEST} levels"
_NAME_OF_ONE = re.compile(r"[^@\s]+@[^@\s]+|[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4,12}){4}")
"""An e-mail address, a hash, a UUID: one such key is enough."""
_FIGURE = re.compile(r"[+\d][\d .:/T-]*[\dZ]|\d")
"""A number, a date, a time, a telephone number."""


class NotJsonError(ValueError):
    """A body is not JSON that a browser could read, or that anybody could look through."""


class Node(msgspec.Struct):
    """All values at one path of a document."""

    count: int = 0
    parents: int = 0
    """Objects or arrays that could have held it; 1 for the root."""
    bytes: int = 0
    """With key, colon, comma and everything below."""
    own: int = 0
    """Without what is below."""
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    """``null``, ``boolean``, ``number``, ``string``, ``array``, ``object`` → values."""
    empty: int = 0
    """Empty strings, arrays and objects."""
    column: Sequence[Any] | None = None
    """The values in order, where all of them are scalars; in memory alone."""
    holders: Sequence[int] | None = None
    """Which of the parent's values holds each; none where the n-th holds the n-th."""


class Walk(msgspec.Struct):
    """A document, path by path."""

    compact: int
    """Bytes of the document without any white space, in UTF-8."""
    nodes: dict[Path, Node]
    """In the order of the document: parents before their children."""


class _Part(msgspec.Struct):
    """Values on their way to be a node."""

    values: Sequence[Any]
    holders: list[int] | None
    overhead: int = 0
    """Keys, colons and commas."""


def parse(body: bytes) -> Any:
    """The document in ``body``, a byte order mark aside; raises :class:`NotJsonError`."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotJsonError(_reason(body, str(error))) from None


def walk(document: Any, maps: Collection[Path] = ()) -> Walk:
    """Charge every byte of ``document`` to a path.

    An object whose keys are data is a map, and its keys are one segment, :data:`ANY`; ``maps`` are
    paths that are known to be such from other documents. Raises :class:`NotJsonError` beyond
    :data:`DEEPEST` levels.
    """
    known = frozenset(maps)
    nodes: dict[Path, Node] = {}
    todo: list[tuple[Path, int, _Part]] = [((), 1, _Part([document], None))]
    while todo:
        path, parents, part = todo.pop()
        if len(path) > DEEPEST:
            raise NotJsonError(_TOO_DEEP)
        node, children = _visit(part, path in known)
        node.parents = parents
        nodes[path] = node
        for segment, child in reversed(children.items()):
            holding = node.kinds.get("array" if segment == EACH else "object", 0)
            todo.append(((*path, segment), holding, child))
    for path in reversed(nodes):
        if path:
            nodes[path[:-1]].bytes += nodes[path].bytes
    return Walk(compact=nodes[()].bytes, nodes=nodes)


def maps_of(seen: Walk) -> set[Path]:
    """The paths of ``seen`` whose keys are data."""
    return {path[:-1] for path in seen.nodes if path and path[-1] == ANY}


def _visit(part: _Part, is_map: bool) -> tuple[Node, dict[str, _Part]]:
    """A node, with its own bytes alone, and the values below it."""
    types = _types(part.values)
    node = Node(count=len(part.values), own=part.overhead, holders=part.holders)
    for kind, count in types.items():
        node.kinds[KINDS[kind]] = node.kinds.get(KINDS[kind], 0) + count
    children: dict[str, _Part] = {}
    if dict in types:
        objects, at = _only(dict, part.values, len(types))
        _charge_brackets(node, objects)
        _open_objects(objects, at, is_map, children)
    if list in types:
        arrays, at = _only(list, part.values, len(types))
        _charge_brackets(node, arrays)
        _open_arrays(arrays, at, children)
    scalars = part.values
    if dict in types or list in types:
        scalars = [
            value for value in scalars if type(value) is not dict and type(value) is not list
        ]
    else:
        node.column = scalars
    if scalars:
        node.own += len(encode(scalars)) - len(scalars) - 1
    if str in types:
        node.empty += scalars.count("")
    node.bytes = node.own
    return node, children


def _types(values: Sequence[Any]) -> dict[type, int]:
    """How many values of each type; most columns have one, and then nothing is counted."""
    types = set(map(type, values))
    return {types.pop(): len(values)} if len(types) == 1 else Counter(map(type, values))


def _only(kind: type, values: Sequence[Any], kinds: int) -> tuple[Sequence[Any], list[int] | None]:
    """The values of one type, and where they are; none where all are of it."""
    if kinds == 1:
        return values, None
    at = [number for number, value in enumerate(values) if type(value) is kind]
    return [values[number] for number in at], at


def _charge_brackets(node: Node, containers: Sequence[Any]) -> None:
    full = sum(map(bool, containers))
    node.empty += len(containers) - full
    node.own += 2 * len(containers) - full


def _open_arrays(arrays: Sequence[list[Any]], at: list[int] | None, into: dict[str, _Part]) -> None:
    values = list(chain.from_iterable(arrays))
    if values:
        numbers = range(len(arrays)) if at is None else at
        holders = chain.from_iterable(map(repeat, numbers, map(len, arrays)))
        _add(into, EACH, values, list(holders), len(values))


def _open_objects(
    objects: Sequence[dict[str, Any]], at: list[int] | None, is_map: bool, into: dict[str, _Part]
) -> None:
    shapes = _by_shape(objects)
    if is_map or _looks_like_map(objects, shapes):
        _open_maps(objects, at, into)
        return
    for shape, numbers in shapes.items():
        alike = objects if len(shapes) == 1 else [objects[number] for number in numbers]
        holders = _positions(numbers, at) if len(shapes) > 1 or at is not None else None
        for key, values in zip(shape, zip(*map(dict.values, alike), strict=True), strict=True):
            _add(into, key, values, holders, len(values) * (len(encode(key)) + 2))


def _open_maps(
    objects: Sequence[dict[str, Any]], at: list[int] | None, into: dict[str, _Part]
) -> None:
    values = list(chain.from_iterable(map(dict.values, objects)))
    keys = list(chain.from_iterable(objects))
    if values:
        numbers = range(len(objects)) if at is None else at
        holders = list(chain.from_iterable(map(repeat, numbers, map(len, objects))))
        _add(into, ANY, values, holders, len(encode(keys)) - 1 + len(keys))


def _add(
    into: dict[str, _Part],
    segment: str,
    values: Sequence[Any],
    holders: list[int] | None,
    overhead: int,
) -> None:
    """Join values to those which came to the same path otherwise."""
    part = into.get(segment)
    if part is None:
        into[segment] = _Part(values, holders, overhead)
        return
    mine = part.holders if part.holders is not None else range(len(part.values))
    theirs = holders if holders is not None else range(len(values))
    into[segment] = _Part([*part.values, *values], [*mine, *theirs], part.overhead + overhead)


def _by_shape(objects: Sequence[dict[str, Any]]) -> dict[tuple[str, ...], Sequence[int]]:
    """The objects' numbers by their keys in order."""
    first = tuple(objects[0])
    if all(map(first.__eq__, map(tuple, objects))):
        return {first: range(len(objects))}
    shapes: dict[tuple[str, ...], list[int]] = {}
    for number, shape in enumerate(map(tuple, objects)):
        shapes.setdefault(shape, []).append(number)
    return dict(shapes)


def _positions(numbers: Sequence[int], at: list[int] | None) -> list[int]:
    return list(numbers) if at is None else [at[number] for number in numbers]


def _looks_like_map(
    objects: Sequence[dict[str, Any]], shapes: dict[tuple[str, ...], Sequence[int]]
) -> bool:
    """Whether keys are data: by their look, by their number, or by values that are all alike."""
    keys = set(chain.from_iterable(shapes))
    if len(keys) > MOST_KEYS or ANY in keys or any(map(_NAME_OF_ONE.fullmatch, keys)):
        return True
    if 2 * sum(map(bool, map(_FIGURE.fullmatch, keys))) > len(keys):
        return True
    if len(keys) < MAP_KEYS or len(_types_below(objects[:1])) > 1:
        return False
    types = _types_below(objects)
    if types in ({dict}, {list}):
        makes = set(map(_make, filter(None, chain.from_iterable(map(dict.values, objects)))))
        if len(makes) == 1 and None not in makes:
            return True
    changing = 2 * sum(map(len, objects)) <= len(objects) * len(keys)
    return len(types) == 1 and changing and len(keys) >= SCALAR_MAP_KEYS


def _make(value: Any) -> frozenset[str] | None:
    """The keys of an object, or of an array's first; none of scalars."""
    first = value[0] if type(value) is list else value
    return frozenset(first) if type(first) is dict else None


def _types_below(objects: Sequence[dict[str, Any]]) -> set[type]:
    return set(map(type, chain.from_iterable(map(dict.values, objects)))) - {type(None)}


def _reason(body: bytes, error: str) -> str:
    """Why ``body`` could not be read, where Python's own parser is more generous."""

    def refuse(constant: str) -> NoReturn:
        raise NotJsonError(f"holds {constant}, which is not JSON: browsers cannot read it")

    try:
        json.loads(body, parse_constant=refuse)
    except NotJsonError as found:
        return str(found)
    except (ValueError, RecursionError):
        return f"not JSON: {error}"
    return "holds half a surrogate pair or a number out of range, which no UTF-8 JSON can hold"
