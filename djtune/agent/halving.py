"""Half of the rows: what an app asks for each row is then asked half as often.

Rows that are looked up by key come whole, as a page breaks where a row that another one refers to
is not there. And no cache learns of halves: it would hand them to the app's own users, long after
djtune is gone.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from itertools import islice
from typing import Any

from . import callsites
from .clock import CURRENT
from .probes.patches import Patches, Wrapper

WHOLE: ContextVar[bool] = ContextVar("djtune_whole", default=False)
"""Whether the rows that are being fetched are to come all."""
MOST_ITERATED = 10_000
"""Rows of an ``.iterator()`` or a cursor that are held at once to be halved."""
CHUNK_SIZE = 2000
"""Rows that Django fetches at once for an ``.iterator()`` which does not say."""


def install(patches: Patches) -> None:
    """Halve what querysets and the app's own cursors bring, until ``patches`` are undone."""
    from django.conf import settings
    from django.core.cache import caches
    from django.db.backends.utils import CursorWrapper
    from django.db.models import query

    # A page that breaks on half of its rows is no news for the app's own log.
    patches.replace(logging.getLogger("django.request"), "disabled", True)
    patches.wrap(query.QuerySet, "_iterator", _half_iterator)
    patches.wrap(query.QuerySet, "_fetch_all", _half_queryset)
    patches.wrap(query.RawQuerySet, "_fetch_all", _half_queryset)
    patches.wrap(CursorWrapper, "fetchall", _half_cursor)
    patches.wrap(CursorWrapper, "__iter__", _half_cursor)
    patches.wrap(query, "prefetch_one_level", _whole_for_single)
    patches.wrap(query.QuerySet, "in_bulk", _whole_for_keys)
    for backend in {type(caches[alias]) for alias in settings.CACHES}:
        for name, answer in (("set", None), ("add", True), ("set_many", [])):
            patches.wrap(backend, name, _not_stored(answer))


def _half(rows: Any) -> list[Any]:
    kept = list(rows)
    return kept[: (len(kept) + 1) // 2]


def _half_queryset(fetch_all: Callable[[Any], None]) -> Callable[[Any], None]:
    from django.db.models.query import RawQuerySet

    def halved(self: Any) -> None:
        asked = self._result_cache is None and CURRENT.get() is not None
        if asked and not WHOLE.get():
            raw = isinstance(self, RawQuerySet)
            self._result_cache = _half(self.iterator() if raw else self._iterable_class(self))
        fetch_all(self)

    return halved


def _half_iterator(iterate: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    from django.db.models.query import prefetch_related_objects

    def halved(self: Any, chunked: bool, chunk_size: int | None) -> Iterator[Any]:
        if CURRENT.get() is None:
            yield from iterate(self, chunked, chunk_size)
            return
        # By the server's cursor where there is one: without, all rows would come at once.
        found = self._iterable_class(self, chunked, chunk_size or CHUNK_SIZE)
        rows = iter(_half(islice(found, MOST_ITERATED)))
        lookups = self._prefetch_related_lookups
        while chunk := list(islice(rows, chunk_size)):
            if lookups and chunk_size is not None:
                prefetch_related_objects(chunk, *lookups)
            yield from chunk

    return halved


def _half_cursor(rows_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def halved(self: Any) -> Any:
        if CURRENT.get() is None or not callsites.is_app(sys._getframe(1)):
            return rows_of(self)
        if rows_of.__name__ == "fetchall":
            return _half(rows_of(self))
        return iter(_half(islice(rows_of(self), MOST_ITERATED)))

    return halved


def _whole_for_single(prefetch: Callable[..., Any]) -> Callable[..., Any]:
    """Objects that are prefetched for foreign keys and the like: without one, it would be None."""
    from django.db.models.manager import BaseManager

    def called(instances: Any, prefetcher: Any, *args: Any, **kwargs: Any) -> Any:
        token = WHOLE.set(not isinstance(prefetcher, BaseManager))
        try:
            return prefetch(instances, prefetcher, *args, **kwargs)
        finally:
            WHOLE.reset(token)

    return called


def _whole_for_keys(in_bulk: Callable[..., Any]) -> Callable[..., Any]:
    def called(self: Any, id_list: Any = None, **kwargs: Any) -> Any:
        token = WHOLE.set(id_list is not None)
        try:
            return in_bulk(self, id_list, **kwargs)
        finally:
            WHOLE.reset(token)

    return called


def _not_stored(answer: Any) -> Wrapper:
    def wrapper(store: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            return store(*args, **kwargs) if CURRENT.get() is None else answer

        return called

    return wrapper
