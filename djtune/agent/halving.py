"""The bounds of halving rows: rows that are looked up by key come whole, and no cache learns of it.

A page breaks where a row that another one refers to is not there. And a cache would hand half of
the rows to the app's own users, long after djtune is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .clock import CURRENT
from .probes.patches import Patches, Wrapper

WHOLE: ContextVar[bool] = ContextVar("djtune_whole", default=False)
"""Whether the rows that are being fetched are to come all."""


def install(patches: Patches) -> None:
    """Keep halves to where they do no harm, until ``patches`` are undone."""
    from django.conf import settings
    from django.core.cache import caches
    from django.db.models import query

    patches.wrap(query, "prefetch_one_level", _whole_for_single)
    patches.wrap(query.QuerySet, "in_bulk", _whole_for_keys)
    for backend in {type(caches[alias]) for alias in settings.CACHES}:
        for name, answer in (("set", None), ("add", True), ("set_many", [])):
            patches.wrap(backend, name, _not_stored(answer))


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
