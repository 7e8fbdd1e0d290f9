"""OpenAPI 3.0 and 3.1, and Swagger 2.0: what responses are declared to have."""

from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from djtune.payloads.clients import Contract
from djtune.payloads.paths import ANY, EACH, Path

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_DEEPEST = 12
"""Segments of a path that is still followed."""
_MOST = 10_000
"""Fields of an operation: schemas that all refer to each other have endless paths."""
_TOGETHER = ("allOf", "anyOf", "oneOf")


def contracts(file: str, document: dict[str, Any]) -> list[Contract]:
    """Return one contract for each operation with a response in JSON."""
    base = _base(document)
    found = []
    for path, operations in document.get("paths", {}).items():
        for method in _METHODS:
            fields: set[Path] = set()
            for schema in _schemas(document, operations.get(method) or {}):
                fields.update(islice(_leaves(document, schema), _MOST))
            if fields:
                found.append(Contract("openapi", file, method.upper(), base + path, sorted(fields)))
    return found


def _base(document: dict[str, Any]) -> str:
    """The path that all others begin with: of the first server, or Swagger's ``basePath``."""
    servers = document.get("servers") or [{}]
    address = str(document.get("basePath") or servers[0].get("url", ""))
    return urlsplit(address).path.rstrip("/")


def _schemas(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of what is answered where all went well."""
    for status, response in (operation.get("responses") or {}).items():
        if not str(status).startswith(("2", "default")):
            continue
        response, _ = _resolved(document, response)
        if "schema" in response:
            yield response["schema"]
        for mime, content in (response.get("content") or {}).items():
            if "json" in mime or mime == "*/*":
                yield content.get("schema") or {}


def _leaves(
    document: dict[str, Any], schema: Any, path: Path = (), within: tuple[str, ...] = ()
) -> Iterator[Path]:
    """Paths without anything below them; a schema within itself is one."""
    if not isinstance(schema, dict) or len(path) >= _DEEPEST:
        yield path
        return
    schema, names = _resolved(document, schema)
    if names & set(within):
        yield path
        return
    within = (*within, *names)
    below = list(_below(schema))
    parts = [part for key in _TOGETHER for part in schema.get(key) or ()]
    parts = [part for part in parts if part != {"type": "null"}]
    for part in parts:
        yield from _leaves(document, part, path, within)
    for segment, inner in below:
        yield from _leaves(document, inner, (*path, segment), within)
    if not below and not parts and path:
        yield path


def _below(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, inner in (schema.get("properties") or {}).items():
        if not (isinstance(inner, dict) and inner.get("writeOnly")):
            yield name, inner
    if isinstance(schema.get("items"), dict):
        yield EACH, schema["items"]
    if isinstance(schema.get("additionalProperties"), dict):
        yield ANY, schema["additionalProperties"]


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """What a ``$ref`` within the document stands for, and the names on the way."""
    names: set[str] = set()
    while isinstance(reference := schema.get("$ref"), str) and reference not in names:
        names.add(reference)
        target: Any = document
        for key in reference.removeprefix("#/").split("/"):
            target = target.get(key.replace("~1", "/").replace("~0", "~"), {})
        schema = target
    return schema, names
