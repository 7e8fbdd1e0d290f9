"""Response fields: which serializer makes each, and where that is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..callsites import declared_at
from ..classes import definition_of
from ..views import shortened
from .anchoring import Anchors


def described(serializer: Any, anchors: Anchors) -> Iterator[dict[str, Any]]:
    """The fields of a serializer that are in a response."""
    kind = type(serializer)
    found = definition_of(kind)
    for name, field in serializer.fields.items():
        for path in [] if field.write_only else anchors.fields(id(serializer), name):
            yield {
                "path": path,
                "serializer": dotted(serializer),
                "name": name,
                "file": shortened(found.file) if found else "",
                "line": found.line if found else 0,
                "declared": _declared(kind, name, field),
                "writable": _is_writable(field),
                "siblings": list(serializer.fields),
            }


def _is_writable(field: Any) -> bool:
    """Whether a field also takes input: neither it nor what holds it is read only."""
    while field is not None and not field.read_only:
        field = field.parent
    return field is None


def _declared(serializer: type, name: str, field: Any) -> str:
    if any(base.__name__ == "SerializerMethodField" for base in type(field).__mro__):
        return "method"
    return "attribute" if name in getattr(serializer, "_declared_fields", ()) else "meta"


def dotted(serializer: Any) -> str:
    """The dotted path of a serializer's class."""
    return f"{type(serializer).__module__}.{type(serializer).__qualname__}"


def place_of(serializer: Any, name: str) -> str:
    """File and line at which a field of a serializer, or of its class, is declared or listed."""
    kind = serializer if isinstance(serializer, type) else type(serializer)
    return declared_at(kind, name)
