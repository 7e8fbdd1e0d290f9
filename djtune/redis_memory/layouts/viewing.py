"""A view's objects as entries: what its JSON responses would be as cached objects."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from djtune.errors import DjtuneError
from djtune.redis_memory.layouts.entries import Entries, Entry
from djtune.redis_memory.layouts.reading import LIMIT, MOST_ALL
from djtune.workloads.choosing import steps_of
from djtune.workloads.survey import Question, Survey, surveyed

ROUNDS = 40
EACH = 60
KEY_LENGTH = 32
"""Bytes of a key as Django's cache would make one: ``:1:``, a name, an id."""


def entries_of_view(question: Question, seconds: float = 20.0, limit: int = LIMIT) -> Entries:
    """Ask the routes of ``question.patterns`` for responses, and take the objects in them.

    A list of objects, alone or as the one list of a page, is taken apart; any other object is one
    entry. Raises :class:`DjtuneError` where nothing answers with JSON.
    """
    seen = Survey()
    bodies: list[bytes] = []

    def take(part: dict[str, Any]) -> None:
        if body := part.get("body"):
            bodies.append(base64.b64decode(body))

    with surveyed(question, seen) as worker:
        asked = {"rounds": ROUNDS, "seconds": seconds, "each": EACH}
        worker.call("sample_payloads", skip=sorted(seen.skip), on_part=take, **asked)
    found = distinct(bodies, limit)
    routes = sorted({f"{method} {route}" for method, route in steps_of(seen.workload)})
    if not found:
        raise DjtuneError(
            f"no response of {', '.join(routes)} is a JSON object or a list of them",
            hint="--from-view takes a route that answers with JSON",
        )
    rows = [Entry(KEY_LENGTH, value) for value in found]
    note = (
        f"The {len(rows):,} distinct objects come from {len(bodies):,} responses; keys of "
        f"{KEY_LENGTH} B are assumed."
    )
    return Entries(", ".join(routes), "a view's objects", rows, [note])


def distinct(bodies: Sequence[bytes], limit: int = LIMIT) -> list[dict[str, Any]]:
    """The distinct objects in JSON documents, at most ``limit``."""
    found: dict[str, dict[str, Any]] = {}
    size = 0
    for body in bodies:
        for each in objects(_document(body)):
            text = json.dumps(each, sort_keys=True)
            if len(found) >= limit or size > MOST_ALL:
                return list(found.values())
            if text not in found:
                found[text] = each
                size += len(text)
    return list(found.values())


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def objects(document: Any) -> list[dict[str, Any]]:
    """The objects of one document: the elements of its list, or itself."""
    if isinstance(document, list):
        return [each for each in document if isinstance(each, dict) and each]
    if not isinstance(document, dict) or not document:
        return []
    lists = [
        value
        for value in document.values()
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    ]
    rest = [value for value in document.values() if isinstance(value, dict)]
    # A page has one list of objects beside counts and links.
    return objects(lists[0]) if len(lists) == 1 and not rest else [document]
