"""What a request turned into bytes, and the objects that its serializers made on the way."""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..clock import CURRENT
from ..exchange import Exchange
from ..probes.patches import Patches

OUTPUTS = 25
"""Outputs of one serializer that are kept to be found again."""
LEVELS = 4
"""Levels of a document on which the outputs of serializers are looked for."""
_LIBRARIES = ("orjson", "ujson", "simplejson", "rapidjson", "msgspec.json")


@dataclass
class Outputs:
    """What serializers made in one request, and what was turned into bytes."""

    made: dict[int, tuple[Any, list[Any]]] = field(default_factory=dict)
    """Id of the serializer → itself, and its first outputs."""
    documents: list[tuple[Any, Any]] = field(default_factory=list)
    """What was dumped, and the text or bytes of it."""
    rendered: list[tuple[Any, Any]] = field(default_factory=list)
    """What was given to a renderer, which may change it, and the bytes of it."""

    def note(self, serializer: Any, output: Any) -> None:
        """A serializer has made an object."""
        _, outputs = self.made.setdefault(id(serializer), (serializer, []))
        if len(outputs) < OUTPUTS:
            outputs.append(output)

    def document(self, body: bytes) -> tuple[Any, bool]:
        """The data that became the body, and whether it was dumped as it is.

        ``None`` where it is not known. A renderer may wrap what it was given, or copy it key by
        key: what it dumped goes first if it holds what the serializers made.
        """
        dumped = [data for data, output in self.documents if _same(output, body)]
        given = [data for data, output in self.rendered if _same(output, body)]
        wrapped = [data for data in dumped if self._holds_made(data)]
        found = (wrapped or given or dumped or [None])[-1]
        return found, any(data is found for data in dumped)

    def _holds_made(self, data: Any) -> bool:
        ids = {id(output) for _, outputs in self.made.values() for output in outputs}
        level = [data]
        for _ in range(LEVELS):
            if any(id(each) in ids or _maker(each) in self.made for each in level):
                return True
            level = [below for each in level for below in _below(each)]
        return False


def _maker(data: Any) -> int:
    return id(getattr(data, "serializer", None))


def _below(data: Any) -> Iterable[Any]:
    if isinstance(data, dict):
        return data.values()
    return data if isinstance(data, (list, tuple)) else ()


def _same(output: Any, body: bytes) -> bool:
    return bool((output.encode() if isinstance(output, str) else output) == body)


def decoded(exchange: Exchange) -> bytes:
    """The body as it was before gzip."""
    if exchange.header("Content-Encoding") == "gzip":
        return zlib.decompress(exchange.body, wbits=zlib.MAX_WBITS | 16)
    return exchange.body


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
    """A renderer may change the keys first, or dump by a function that it imported by name."""

    def noted(self: Any) -> Any:
        output = render(self)
        outputs = _current()
        if outputs is not None and isinstance(self.data, (dict, list, tuple)):
            outputs.rendered.append((self.data, output))
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
