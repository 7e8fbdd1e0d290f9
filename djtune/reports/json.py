"""A command's result as JSON, and the JSON Schema of it."""

from typing import Any

import msgspec
from msgspec import Struct

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REQUIRED = ("schema_version", "complete")


def render_json(result: Struct, *, indent: int = 2) -> str:
    """The result as JSON, one value a line; ``indent=0`` puts it all on one.

    Keys stand in the order of the Struct's fields, those of mappings are sorted, so that equal
    results are equal text. NaN and infinities, which JSON has not, are ``null``. Raises
    ``TypeError`` for a result without ``schema_version`` and ``complete``.
    """
    _check(type(result))
    encoded = msgspec.json.encode(result, order="deterministic")
    return msgspec.json.format(encoded, indent=indent or -1).decode() + "\n"


def schema(result_type: type[Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a command's result.

    Raises ``TypeError`` for a result without ``schema_version`` and ``complete``.
    """
    _check(result_type)
    described = msgspec.json.schema(result_type)
    return {"$schema": DIALECT, "title": result_type.__name__, **described}


def _check(result_type: type[Struct]) -> None:
    names = {info.encode_name for info in msgspec.structs.fields(result_type)}
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise TypeError(f"{result_type.__name__} has no {' and no '.join(missing)}")
