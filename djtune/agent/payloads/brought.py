"""What querysets brought in one request, as far as it was looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any

from .. import beginnings, callsites
from . import readers, rows
from .sizes import is_one_rows, size_of

LOOKED_AT = 25
"""The first rows of a queryset, which are watched; of the others the 32nd, 64th, 128th …"""
OF_A_PLACE = 100
"""Rows watched that one place brings in one request, by however many querysets."""
PASSED_ON: readers.Reading = ("app", (), ())
"""The reading of a value that is in the response, by nobody knows whom."""
FAILED = "it could not be watched"


class Column:
    """A column that was loaded."""

    __slots__ = ("bytes", "model", "needed", "seen")

    def __init__(self, model: str, needed: str = "") -> None:
        self.model = model
        self.needed = needed
        self.bytes = 0
        self.seen = 0

    def add(self, value: Any) -> None:
        """Count the size of a value."""
        self.bytes += size_of(value)
        self.seen += 1


class Relation:
    """A relation that was loaded ahead, and the queries that it took."""

    __slots__ = ("kind", "queries")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.queries = 0


class Brought:
    """What one queryset brought."""

    def __init__(self, request: RequestReads, queryset: Any, trail: callsites.Trail) -> None:
        self.request = request
        self.model: Any = queryset.model
        self.trail = trail
        self.begun = beginnings.of(queryset)
        self.kind = "instances"
        self.rows = 0
        self.watched = 0
        self.columns: dict[tuple[str, str], Column] = {}
        """By relation and name."""
        self.in_order: list[tuple[str, str]] = []
        """The columns of rows that are no instances."""
        self.relations: dict[tuple[str, str], Relation] = {}
        """By the relation of the rows that have it, and its attribute there."""
        self.readings: set[tuple[str, str, readers.Reading]] = set()
        """Relation, attribute, and who read it."""
        self.blind: set[str] = set()
        self.parent: tuple[Brought, str, str] | None = None
        """For whose rows these were prefetched: the fetch, the relation there, the attribute."""

    def note_read(self, row: rows.Row, name: str, value: Any, frame: FrameType) -> None:
        """A column or relation of one of its rows is read."""
        try:
            who = readers.reading(frame, self.request.serializers)
            reading = (row.relation, name, who)
            self.readings.add(reading)
            if who[0] == "app" and is_one_rows(value):
                self.request.values[id(value)] = (value, self, reading)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Something of the instrument's own has failed: reads may be missed."""
        self.note_blind(FAILED)
        self.request.note_failure(error)

    def note_blind(self, why: str) -> None:
        """Some of its rows may be read unseen from now on."""
        self.blind.add(why)


class RequestReads:
    """All that one request fetched."""

    def __init__(self, note_failure: Callable[[Exception], None]) -> None:
        self.brought: list[Brought] = []
        self.serializers: dict[int, Any] = {}
        """Kept until the request ends, so that ids stay theirs."""
        self.value_rows: dict[int, tuple[Any, Brought]] = {}
        """By id, rows of ``.values()``."""
        self.values: dict[int, tuple[Any, Brought, Any]] = {}
        """By id, values that were read, to be found in the response as they are."""
        self.note_failure = note_failure
        self._of_place: dict[Any, int] = {}

    def begin(self, queryset: Any, frame: FrameType | None) -> Brought:
        """A queryset is about to bring rows."""
        brought = Brought(self, queryset, callsites.trail(frame))
        if (prefetch := PREFETCH.get()) is not None:
            brought.parent = prefetch[1:]
        self.brought.append(brought)
        return brought

    def take(self, brought: Brought, note: Callable[[Any], None], row: Any) -> None:
        """A row has come; ``note`` it if it is among the first, and now and then one later."""
        brought.rows += 1
        number = brought.rows
        if number > LOOKED_AT and number & (number - 1):
            return
        key = (brought.model, brought.trail)
        if self._of_place.get(key, 0) >= OF_A_PLACE:
            return
        brought.watched += 1
        self._of_place[key] = self._of_place.get(key, 0) + 1
        try:
            note(row)
        except Exception as error:
            brought.fail(error)


PREFETCH: ContextVar[tuple[Relation, Brought, str, str] | None] = ContextVar(
    "djtune_prefetch", default=None
)
"""The prefetch that is being made, the fetch that it is for, the relation and attribute there."""
