"""OpenAPI 3.0 and 3.1, and Swagger 2.0: what responses are declared to have."""

from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from djtune.payloads.clients import Contract
from djtune.payloads.paths import ANY, EACH, Path

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_MOST = 10_000
"""Paths of a response: schemas that all refer to each other have endless ones."""
_TOGETHER = ("allOf", "anyOf", "oneOf")


def contracts(file: str, document: dict[str, Any]) -> list[Contract]:
    """Return one contract for each operation with a response in JSON."""
    base = _base(document)
    found = []
    for path, operations in document.get("paths", {}).items():
        for method in _METHODS:
            fields: set[Path] = set()
            for schema in _schemas(document, operations.get(method) or {}):
                fields.update(_leaves(document, schema))
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


def _leaves(document: dict[str, Any], schema: Any) -> Iterator[Path]:
    """Yield paths without anything below them, the shortest first.

    A schema within itself is one, and so is all that comes when there are too many.
    """
    waiting: deque[tuple[Any, Path, frozenset[str]]] = deque([(schema, (), frozenset())])
    seen = 0
    while waiting:
        seen += 1
        schema, path, within = waiting.popleft()
        schema, names = _resolved(document, schema) if isinstance(schema, dict) else ({}, set())
        ends = names & within or seen + len(waiting) > _MOST
        inner = [] if ends else list(_inner(schema))
        within |= names
        waiting += [(below, (*path, *segment), within) for segment, below in inner]
        if not inner and path:
            yield path


def _inner(schema: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """What a schema is made of, each with what it adds to the path."""
    for key in _TOGETHER:
        for part in schema.get(key) or ():
            if part != {"type": "null"}:
                yield (), part
    for segment, below in _below(schema):
        yield (segment,), below


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
