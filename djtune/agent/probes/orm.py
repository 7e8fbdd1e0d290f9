"""The ORM's own time: compiling queries and turning rows into objects, once per queryset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models.query import QuerySet, RawQuerySet
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler

from ..clock import CURRENT, ORM
from .patches import Patches, in_phase


def _timed_fetch_all(fetch_all: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == ORM or self._result_cache is not None:
            return fetch_all(self)
        clock.enter(ORM)
        try:
            return fetch_all(self)
        finally:
            clock.leave()

    return timed


def install(patches: Patches) -> None:
    """Wrap the places where querysets are evaluated and statements compiled."""
    patches.wrap(QuerySet, "_fetch_all", _timed_fetch_all)
    patches.wrap(RawQuerySet, "_fetch_all", _timed_fetch_all)
    patches.wrap(SQLCompiler, "execute_sql", in_phase(ORM))
    patches.wrap(SQLInsertCompiler, "execute_sql", in_phase(ORM))
