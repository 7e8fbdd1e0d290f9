"""Response fields: which serializer makes each, and where that is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..callsites import declared_at
from ..classes import definition_of
from ..views import shortened


def described(serializer: Any, path: tuple[str, ...], keys: set[str]) -> Iterator[dict[str, Any]]:
    """The fields of a serializer whose output is at ``path`` and has ``keys``."""
    kind = type(serializer)
    found = definition_of(kind)
    for name, field in serializer.fields.items():
        if name in keys and not field.write_only:
            yield {
                "path": [*path, name],
                "serializer": dotted(serializer),
                "name": name,
                "file": shortened(found.file) if found else "",
                "line": found.line if found else 0,
                "declared": _declared(kind, name, field),
            }


def _declared(serializer: type, name: str, field: Any) -> str:
    if any(base.__name__ == "SerializerMethodField" for base in type(field).__mro__):
        return "method"
    return "attribute" if name in getattr(serializer, "_declared_fields", ()) else "meta"


def dotted(serializer: Any) -> str:
    """The dotted path of a serializer's class."""
    return f"{type(serializer).__module__}.{type(serializer).__qualname__}"


def place_of(serializer: Any, name: str) -> str:
    """File and line at which a field is declared, or listed."""
    return declared_at(type(serializer), name)
