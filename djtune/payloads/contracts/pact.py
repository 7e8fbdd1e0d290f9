"""Pact files (specification 1 to 4): the fields that a consumer's tests expect.

A pact may name more than its consumer reads, where a whole sample was pasted into a test.
"""

import re
from collections.abc import Iterator
from typing import Any

from djtune.payloads.clients import Contract
from djtune.payloads.paths import ANY, EACH, Path

_SEGMENT = re.compile(r"\.([^.\[\]]+)|\['([^']*)'\]|\[(\*|\d+)\]")
_MAP_MATCHERS = {"values", "eachKey", "eachValue"}


def contracts(file: str, document: dict[str, Any]) -> list[Contract]:
    """Return one contract for each request whose response in JSON the consumer expects."""
    who = document.get("consumer", {}).get("name") or file
    found: dict[tuple[str, str], set[Path]] = {}
    for interaction in document["interactions"]:
        request, response = interaction.get("request"), interaction.get("response")
        if not request or not response or response.get("status", 200) >= 400:
            continue  # a message, or an error's body
        body = _body(response)
        if isinstance(body, (dict, list)):
            key = request.get("method", "GET").upper(), request.get("path", "/")
            maps = _maps(response.get("matchingRules") or {})
            found.setdefault(key, set()).update(_leaves(body, maps))
    return [
        Contract("pact", who, method, path, sorted(fields))
        for (method, path), fields in found.items()
    ]


def _body(response: dict[str, Any]) -> Any:
    """The expected body: version 4 has it within, with its type."""
    body = response.get("body")
    if isinstance(body, dict) and "content" in body and body.keys() & {"contentType", "encoded"}:
        return body["content"]
    return body


def _leaves(value: Any, maps: set[Path], path: Path = ()) -> Iterator[Path]:
    value = _example(value)
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _leaves(below, maps, (*path, ANY if path in maps else key))
    elif isinstance(value, list) and value:
        for below in value:
            yield from _leaves(below, maps, (*path, EACH))
    elif path:
        yield path


def _example(value: Any) -> Any:
    """What stands within a matcher of the first version (``Pact::SomethingLike`` …)."""
    while isinstance(value, dict) and "json_class" in value:
        kind, inner = value["json_class"], value.get("contents")
        if kind == "Pact::Term":
            return value["data"]["generate"]
        value = [inner] if kind == "Pact::ArrayLike" else inner
    return value


def _maps(rules: dict[str, Any]) -> set[Path]:
    """Where keys are data, as matchers for keys or values say.

    A rule for ``$.shows[*].*`` says nothing of the kind: libraries write it for every array.
    """
    body = rules.get("body")
    found = set()
    for text, rule in (body if isinstance(body, dict) else rules).items():
        matchers = rule.get("matchers", [rule]) if isinstance(rule, dict) else []
        if any(matcher.get("match") in _MAP_MATCHERS for matcher in matchers):
            found.add(_path(text.removeprefix("$.body").removeprefix("$")))
    return found


def _path(text: str) -> Path:
    """``.users['a b'][0]`` as a path; ``*`` is any key."""
    segments = []
    for match in _SEGMENT.finditer(text):
        key = match[1] or match[2] or ""
        segments.append(EACH if match[3] else ANY if key == "*" else key)
    return tuple(segments)
