"""SQL, execute and fetch apart, on every alias and thread.

Django's ``execute_wrappers`` see no fetch, so the cursor wrapper itself is extended. Transaction
control is timed but not counted: the replay's own transaction turns a BEGIN into a SAVEPOINT.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from django.db.backends.utils import CursorWrapper

from ..clock import CURRENT, SQL_EXECUTE, SQL_FETCH, Clock
from .patches import Patches

_CONTROL = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO", "BEGIN", "COMMIT")


def _timed_execute(execute: Callable[..., Any]) -> Callable[..., Any]:
    # The signature is written out: passing on *args and **kwargs costs more than the timing.
    def timed(self: Any, sql: Any, params: Any = None) -> Any:
        clock = CURRENT.get()
        if clock is None:
            return execute(self, sql, params)
        alias = self.db.alias
        _note(clock, alias, sql, params)
        clock.enter(SQL_EXECUTE)
        try:
            return execute(self, sql, params)
        finally:
            clock.leave_sql(alias)

    return timed


def _timed_call(call: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None:
            return call(self, sql, *args, **kwargs)
        alias = self.db.alias
        _note(clock, alias, sql, args[0] if args else None)
        clock.enter(SQL_EXECUTE)
        try:
            return call(self, sql, *args, **kwargs)
        finally:
            clock.leave_sql(alias)

    return timed


def _note(clock: Clock, alias: str, sql: Any, params: Any) -> None:
    if isinstance(sql, str) and sql.startswith(_CONTROL):
        return
    clock.count_query(alias)
    if clock.detail is not None:
        clock.detail.note_query(alias, sql, params)


def _fetch(name: str) -> Callable[..., Any]:
    fetch = operator.attrgetter("cursor." + name)

    def timed(self: Any, *args: Any) -> Any:
        db = self.db
        clock = CURRENT.get()
        if clock is None:
            with db.wrap_database_errors:
                return fetch(self)(*args)
        clock.enter(SQL_FETCH)
        try:
            with db.wrap_database_errors:
                return fetch(self)(*args)
        finally:
            clock.leave_sql(db.alias)

    timed.__name__ = name
    return timed


def _iterate(self: Any) -> Iterator[Any]:
    """Rows of a raw cursor; the time between them belongs to whoever reads them."""
    rows = iter(self.cursor)
    while True:
        clock = CURRENT.get()
        if clock is not None:
            clock.enter(SQL_FETCH)
        try:
            with self.db.wrap_database_errors:
                row = next(rows)
        except StopIteration:
            return
        finally:
            if clock is not None:
                clock.leave_sql(self.db.alias)
        yield row


def install(patches: Patches) -> None:
    """Wrap Django's cursor."""
    patches.wrap(CursorWrapper, "execute", _timed_execute)
    patches.wrap(CursorWrapper, "executemany", _timed_call)
    patches.wrap(CursorWrapper, "callproc", _timed_call)
    for name in ("fetchone", "fetchmany", "fetchall"):
        patches.replace(CursorWrapper, name, _fetch(name))
    patches.replace(CursorWrapper, "__iter__", _iterate)
