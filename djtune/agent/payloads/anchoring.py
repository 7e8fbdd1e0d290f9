"""Where in the response the output of each serializer is, told by the identity of its objects."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from ..exchange import Exchange
from .outputs import OUTPUTS, Outputs, decoded

Path = tuple[str, ...]
EACH = "[]"
NODES = 1_000_000
"""Objects and arrays of a response that are looked at."""
LOST = 3
"""Outputs of one serializer that are looked for by what they hold, not by their identity."""
PATHS = 20
"""Places of one serializer that are told."""
_CONTAINERS = (dict, list, tuple)


@dataclass
class Anchors:
    """Where in one response things were found."""

    serializers: dict[int, dict[Path, set[str]]] = field(default_factory=dict)
    """Id of the serializer, or of its class, → path of its output → keys that it has there."""
    objects: dict[int, set[Path]] = field(default_factory=dict)
    """Id of an object or value that was looked for → its paths, as the body spells them."""
    spellings: dict[Path, Path] = field(default_factory=dict)
    """Path in the data → path in the body, where they differ."""

    def outputs(self, serializer: int) -> Iterator[tuple[Path, set[str]]]:
        """Where a serializer's output is, and the keys that it has there."""
        yield from self.serializers.get(serializer, {}).items()

    def fields(self, serializer: int, name: str) -> list[Path]:
        """The paths of a serializer's field in the body."""
        paths = [(*path, name) for path, keys in self.outputs(serializer) if name in keys]
        return [self.spellings.get(path, path) for path in paths]


def find(outputs: Outputs, exchange: Exchange, others: Container[int] = ()) -> Anchors:
    """Find the serializers' outputs in a response, and ``others`` by their ids."""
    body = decoded(exchange)
    document, as_it_is = outputs.document(body)
    anchors = Anchors(spellings={} if as_it_is else _spellings(document, body))
    known = {id(made): key for key, (_, all_made) in outputs.made.items() for made in all_made}
    alike: dict[Path, list[dict[str, Any]]] = {}
    met: set[int] = set()
    for path, node in _found(document, others):
        if id(node) in others:
            paths = anchors.objects.setdefault(id(node), set())
            if len(paths) < PATHS:
                paths.add(anchors.spellings.get(path, path))
        if not isinstance(node, dict):
            continue
        key = known.get(id(node)) or id(getattr(node, "serializer", None))
        if key in outputs.made:
            met.add(id(node))
            _anchor(anchors, outputs.made[key][0], path, node)
        elif len(alike.setdefault(path, [])) < OUTPUTS:
            alike[path].append(node)
    for serializer, made in outputs.made.values():
        lost = [output for output in made if id(output) not in met]
        _find_alike(anchors, serializer, lost[:LOST], alike)
    return anchors


def _anchor(anchors: Anchors, serializer: Any, path: Path, node: dict[str, Any]) -> None:
    for key in (id(serializer), id(type(serializer))):
        paths = anchors.serializers.setdefault(key, {})
        if path in paths or len(paths) < PATHS:
            paths.setdefault(path, set()).update(map(str, node))


def _find_alike(
    anchors: Anchors, serializer: Any, lost: list[Any], alike: dict[Path, list[dict[str, Any]]]
) -> None:
    """Anchor what was copied on its way: objects that share most keys, and their values."""
    for path, nodes in alike.items():
        for node in nodes:
            if any(_alike(output, node) for output in lost):
                _anchor(anchors, serializer, path, node)


def _alike(output: dict[str, Any], node: dict[str, Any]) -> bool:
    common = output.keys() & node.keys()
    if not common or 2 * len(common) < len(output):
        return False
    return all(output[name] == node[name] for name in common)


def _found(document: Any, others: Container[int]) -> Iterator[tuple[Path, Any]]:
    """Each object of a response, and each of ``others``, with its path; nothing lazy is asked."""
    waiting: list[tuple[Path, Any]] = [((), document)]
    seen = 0
    while waiting and seen < NODES:
        path, node = waiting.pop()
        seen += 1
        is_object = isinstance(node, dict)
        if is_object or id(node) in others:
            yield path, node
        below = node.items() if is_object else _elements(node)
        waiting += [
            ((*path, str(key)), value)
            for key, value in below
            if id(value) in others or isinstance(value, _CONTAINERS)
        ]


def _elements(node: Any) -> Iterable[tuple[str, Any]]:
    return zip(repeat(EACH), node) if isinstance(node, (list, tuple)) else ()


def _spellings(document: Any, body: bytes) -> dict[Path, Path]:
    """Paths that the body spells otherwise than the data does: camel case, numbers as keys.

    Objects with other keys than the body's are matched in order, if they have as many.
    """
    try:
        waiting: list[tuple[Path, Any, Path, Any]] = [((), document, (), json.loads(body))]
    except ValueError:
        return {}
    found: dict[Path, Path] = {}
    while waiting:
        path, node, spelling, sent = waiting.pop()
        if path != spelling:
            found[path] = spelling
        if isinstance(node, dict) and isinstance(sent, dict):
            names = [str(key) for key in node]
            others = names if sent.keys() == set(names) else list(sent)
            if len(names) == len(others):
                for name, value, other in zip(names, node.values(), others, strict=True):
                    waiting.append(((*path, name), value, (*spelling, other), sent[other]))
        elif isinstance(node, (list, tuple)) and isinstance(sent, list):
            rows = zip(node[:OUTPUTS], sent[:OUTPUTS], strict=False)
            waiting += [((*path, EACH), value, (*spelling, EACH), other) for value, other in rows]
    return found
