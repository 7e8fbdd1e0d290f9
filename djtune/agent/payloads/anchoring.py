"""Where in the response the output of each serializer is, told by the identity of its objects."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..clock import CURRENT
from ..exchange import Exchange
from ..probes.patches import Patches

Path = tuple[str, ...]
EACH = "[]"
OUTPUTS = 25
"""Outputs of one serializer that are kept to be found again."""
NODES = 300_000
"""Objects and arrays of a response that are looked at."""
PATHS = 20
"""Places of one serializer that are told."""
_LIBRARIES = ("orjson", "ujson", "simplejson", "rapidjson", "msgspec.json")


@dataclass
class Outputs:
    """What serializers made in one request, and what was turned into bytes."""

    made: dict[int, tuple[Any, list[Any]]] = field(default_factory=dict)
    """Id of the serializer → itself, and its first outputs."""
    documents: list[tuple[Any, Any]] = field(default_factory=list)
    """What was dumped, and the text or bytes of it."""

    def note(self, serializer: Any, output: Any) -> None:
        """A serializer has made an object."""
        _, outputs = self.made.setdefault(id(serializer), (serializer, []))
        if len(outputs) < OUTPUTS:
            outputs.append(output)

    def document(self, exchange: Exchange) -> Any:
        """The data that became the body; None where it is not known."""
        body = exchange.body
        if exchange.header("Content-Encoding") == "gzip":
            body = zlib.decompress(body, wbits=zlib.MAX_WBITS | 16)
        for data, output in reversed(self.documents):
            if (output.encode() if isinstance(output, str) else output) == body:
                return data
        return None


@dataclass
class Anchors:
    """Where in one response things were found."""

    serializers: dict[int, dict[Path, set[str]]] = field(default_factory=dict)
    """Id of the serializer → path of its output → keys that it has there."""
    rows: dict[int, set[Path]] = field(default_factory=dict)
    """Id of a row of ``.values()`` → its paths."""


def find(document: Any, outputs: Outputs, value_rows: dict[int, Any]) -> Anchors:
    """Find the serializers' outputs and the rows of ``.values()`` in a response's data."""
    anchors = Anchors()
    known = {id(made): key for key, (_, all_made) in outputs.made.items() for made in all_made}
    objects: dict[Path, list[dict[str, Any]]] = {}
    for path, node in _objects(document):
        if id(node) in value_rows:
            anchors.rows.setdefault(id(node), set()).add(path)
        key = known.get(id(node)) or id(getattr(node, "serializer", None))
        if key in outputs.made:
            _anchor(anchors, key, path, node)
        alike = objects.setdefault(path, [])
        if len(alike) < OUTPUTS:
            alike.append(node)
    for key, (_, made) in outputs.made.items():
        if key not in anchors.serializers:
            _find_alike(anchors, key, made[:3], objects)
    return anchors


def _anchor(anchors: Anchors, key: int, path: Path, node: dict[str, Any]) -> None:
    paths = anchors.serializers.setdefault(key, {})
    if path in paths or len(paths) < PATHS:
        paths.setdefault(path, set()).update(node)


def _find_alike(
    anchors: Anchors, key: int, made: list[Any], objects: dict[Path, list[dict[str, Any]]]
) -> None:
    """Anchor what was copied on its way: objects that share most keys, and their values."""
    for path, nodes in objects.items():
        for node in nodes:
            if any(_alike(output, node) for output in made):
                _anchor(anchors, key, path, node)


def _alike(output: dict[str, Any], node: dict[str, Any]) -> bool:
    common = output.keys() & node.keys()
    if not common or 2 * len(common) < len(output):
        return False
    return all(output[name] == node[name] for name in common)


def _objects(document: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object of a response, and its path; nothing lazy is looked into."""
    nodes: list[tuple[Path, Any]] = [((), document)] if document is not None else []
    seen = 0
    while nodes and seen < NODES:
        path, node = nodes.pop()
        seen += 1
        if isinstance(node, dict):
            yield path, node
            below = [((*path, str(key)), value) for key, value in node.items()]
        else:
            below = [((*path, EACH), value) for value in node]
        nodes += [each for each in reversed(below) if isinstance(each[1], (dict, list, tuple))]


def install(patches: Patches) -> None:
    """Note what serializers make and what is dumped, in requests whose recorder has ``outputs``."""
    patches.wrap(json, "dumps", _dumping)
    for name in _LIBRARIES:
        if name in sys.modules:
            patches.wrap(sys.modules[name], "dumps", _dumping)
            patches.wrap(sys.modules[name], "encode", _dumping)
    if "rest_framework.response" in sys.modules:
        response = sys.modules["rest_framework.response"].Response
        rendered = vars(response)["rendered_content"].fget
        patches.replace(response, "rendered_content", property(_rendering(rendered)))
    for serializer in serializer_classes():
        patches.wrap(serializer, "to_representation", _making)
    if "adrf.serializers" in sys.modules:
        serializer = sys.modules["adrf.serializers"].Serializer
        patches.wrap(serializer, "ato_representation", _making_async)


def serializer_classes() -> list[Any]:
    """REST framework's serializer, if the app has imported it."""
    module = sys.modules.get("rest_framework.serializers")
    return [] if module is None else [module.Serializer]


def _current() -> Outputs | None:
    return getattr(getattr(CURRENT.get(), "detail", None), "outputs", None)


def _dumping(dump: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*args: Any, **options: Any) -> Any:
        output = dump(*args, **options)
        outputs = _current()
        if outputs is not None and args and isinstance(args[0], (dict, list, tuple)):
            outputs.documents.append((args[0], output))
        return output

    return noted


def _rendering(render: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A renderer may dump by a function that it imported by name."""

    def noted(self: Any) -> Any:
        output = render(self)
        outputs = _current()
        if outputs is not None and isinstance(self.data, (dict, list, tuple)):
            outputs.documents.append((self.data, output))
        return output

    return noted


def _making(make: Callable[..., Any]) -> Callable[..., Any]:
    def noted(self: Any, instance: Any) -> Any:
        output = make(self, instance)
        outputs = _current()
        if outputs is not None and isinstance(output, dict):
            outputs.note(self, output)
        return output

    return noted


def _making_async(make: Callable[..., Any]) -> Callable[..., Any]:
    async def noted(self: Any, instance: Any) -> Any:
        output = await make(self, instance)
        outputs = _current()
        if outputs is not None and isinstance(output, dict):
            outputs.note(self, output)
        return output

    return noted
