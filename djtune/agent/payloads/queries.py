"""Querysets kept as they were about to be fetched, to be asked again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from .. import beginnings, callsites
from ..clock import CURRENT
from ..probes.patches import Patches
from .columns import makes_values

MOST_KEPT = 5
"""Querysets kept of one fetch: as different requests brought them."""


@dataclass
class Wanted:
    """One fetch that is looked for."""

    step: int
    model: str
    place: str
    begun: str = ""
    kind: str = ""
    kept: list[Any] = field(default_factory=list)
    """Querysets with nothing fetched."""
    linking: set[str] = field(default_factory=set)
    """Columns by which a prefetch tells whose its rows are."""

    @property
    def enough(self) -> bool:
        """Whether no more querysets are needed."""
        return len(self.kept) >= MOST_KEPT


class Keeper:
    """Keeps the querysets that are wanted, as requests fetch them."""

    def __init__(self, wanted: list[Wanted]) -> None:
        self._wanted = wanted
        self._step = -1

    def start_step(self, step: int) -> None:
        """Begin a request."""
        self._step = step

    def note_query(self, _alias: str, _sql: Any, _params: Any) -> None:
        """Queries are known by their querysets."""

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Nothing of caches is kept."""

    def steps(self) -> Container[int]:
        """The steps of which something is still wanted."""
        return {wanted.step for wanted in self._wanted if not wanted.enough}

    def about_to_fetch(self, queryset: Any, frame: FrameType) -> None:
        """Keep a queryset if it is the one that is wanted of this place."""
        label = queryset.model._meta.label
        of_model = [w for w in self._wanted if (w.step, w.model) == (self._step, label)]
        if not of_model or all(wanted.enough for wanted in of_model):
            return
        wanted = _match(of_model, queryset, frame)
        if wanted is not None and not wanted.enough:
            wanted.kept.append(queryset._chain())
            if _is_prefetch(frame):
                wanted.linking |= _linking_columns(queryset)


def _match(wanted: list[Wanted], queryset: Any, frame: FrameType) -> Wanted | None:
    """What is wanted of this place, else of where the queryset was begun."""
    place = _own_place(callsites.trail(frame))
    begun = _own_place(beginnings.of(queryset))
    kind = "values" if makes_values(queryset) else "instances"
    of_kind = [each for each in wanted if each.kind in ("", kind)]
    here = [e for e in of_kind if e.place == place and e.begun in ("", begun)]
    elsewhere = [e for e in of_kind if begun and e.begun == begun]
    return next(iter(here or elsewhere), None)


def _own_place(trail: callsites.Trail) -> str:
    """File and line of a trail's innermost place that is the app's own."""
    places = callsites.resolved(trail)
    return next((place["where"] for place in places if place["kind"] != "package"), "")


def _is_prefetch(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "prefetch_one_level":
            return True
        frame = frame.f_back
    return False


def _linking_columns(queryset: Any) -> set[str]:
    """The queryset's own columns in ``… IN (…)``: a prefetch reads them of each row."""
    from django.db.models.lookups import In

    return {
        lookup.lhs.target.attname
        for lookup in _leaves(queryset.query.where)
        if isinstance(lookup, In) and hasattr(lookup.lhs, "target")
    }


def _leaves(node: Any) -> Iterator[Any]:
    for child in getattr(node, "children", ()):
        if hasattr(child, "children"):
            yield from _leaves(child)
        else:
            yield child


@contextmanager
def keeping(keeper: Keeper) -> Iterator[None]:
    """Show ``keeper`` each queryset of a request right before it is fetched."""
    from django.db.models.query import QuerySet

    def fetching(fetch_all: Callable[[Any], None]) -> Callable[[Any], None]:
        def fetched(self: Any) -> None:
            if self._result_cache is None and CURRENT.get() is not None:
                keeper.about_to_fetch(self, sys._getframe(1))
            fetch_all(self)

        return fetched

    def iterating(iterate: Callable[..., Any]) -> Callable[..., Any]:
        def iterated(self: Any, *args: Any, **kwargs: Any) -> Any:
            if CURRENT.get() is not None:
                keeper.about_to_fetch(self, sys._getframe(1))
            return iterate(self, *args, **kwargs)

        return iterated

    with Patches() as patches:
        beginnings.install(patches)
        patches.wrap(QuerySet, "_fetch_all", fetching)
        patches.wrap(QuerySet, "_iterator", iterating)
        yield
