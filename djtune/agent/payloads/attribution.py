"""Turns readings of one request, which know objects, into readers, which are plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from .. import callsites
from . import fields
from .anchoring import Anchors, Path
from .brought import PASSED_ON, Brought, RequestReads
from .readers import Reading

Reader = tuple[str, Path, str]
"""Kind, path of the response field, and place."""


class Attribution:
    """Who read what in one request."""

    def __init__(
        self, reads: RequestReads, found: Anchors, place_of: Callable[[callsites.Trail], str]
    ) -> None:
        self._place_of = place_of
        self._serializers = reads.serializers
        self._anchors = found
        self._sent: dict[tuple[int, Any], set[Path]] = defaultdict(set)
        """What was read and is in the response as it is → its paths."""
        for key, (_, brought, reading) in reads.values.items():
            self._sent[id(brought), reading] |= found.objects.get(key, set())

    def readers(self, brought: Brought, reading: tuple[str, str, Reading]) -> Iterator[Reader]:
        """Who a reading of a relation and attribute stands for."""
        kind, at_work, trail = reading[2]
        if kind == "django":
            yield "django", (), ""
            return
        place = self._place_of(trail)
        if at_work and not place:
            place = self._declared(*at_work[0])
        paths = self._fields(at_work) or self._sent.get((id(brought), reading), set())
        for path in paths:
            yield "field", path, place
        if not paths:
            yield ("template" if trail and trail[0][0] == "template" else "app"), (), place

    def passed_on(self, brought: Brought, key: tuple[str, str]) -> set[Reader]:
        """The fields that hold a column's values, of rows that are no instances."""
        sent = self._sent.get((id(brought), (*key, PASSED_ON)), set())
        return {("field", path, "") for path in sent}

    def _fields(self, at_work: tuple[tuple[int, str], ...]) -> list[Path]:
        """The paths of the innermost field at work that is in the response."""
        for key, name in at_work:
            if paths := self._anchors.fields(key, name):
                return paths
        return []

    def _declared(self, key: int, name: str) -> str:
        return fields.place_of(self._serializers[key], name)
