"""Every replayed request runs in transactions that are rolled back, one per database connection.

The connections of the thread that serves it are opened beforehand. A connection that another
thread opens, while the request runs or after it, gets its transaction the moment it is made. None
is closed before its transaction is rolled back, for a view that closes its connection expects to
find what it wrote on the next one.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import DatabaseError, Error, close_old_connections, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .errors import AgentError

_PROBE_APP = "djtune_rollback_probe"
_NO_ENGINE = "django.db.backends.dummy"


def aliases() -> list[str]:
    """The databases that the project has.

    Without DATABASES, or where ``default`` is left empty, Django has an alias all the same, whose
    backend refuses whatever it is asked for.
    """
    return [name for name in connections if connections[name].settings_dict["ENGINE"] != _NO_ENGINE]


class _ReplayTransaction(transaction.Atomic):
    """The outermost transaction of a connection while requests are replayed."""

    def __init__(self, alias: str) -> None:
        super().__init__(using=alias, savepoint=True, durable=False)
        # As Django's TestCase has it: blocks of the app's marked durable may run inside.
        self._from_testcase = True


class Rollback:
    """Begins before each request and rolls back after it, on the thread that serves it."""

    def __init__(self) -> None:
        self._open: list[_ReplayTransaction] = []
        self._foreign: list[Any] = []
        self._own_thread = self._serving = threading.get_ident()
        self._beginning = False
        self.active = False
        self.connect_seconds: dict[str, float] = {}

    def install(self) -> None:
        """Keep connections across requests, as the replay's transactions need them open."""
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        connection_created.connect(self._guard_new_connection, weak=False)
        BaseDatabaseWrapper.close = _unless_replaying(BaseDatabaseWrapper.close)  # type: ignore[assignment,method-assign]

    def begin(self) -> None:
        """Open a transaction on every alias. Raises :class:`AgentError` for one out of reach."""
        self._serving = threading.get_ident()
        self._beginning = self.active = True
        try:
            for alias in aliases():
                self._connect(alias)
                atomic = _ReplayTransaction(alias)
                atomic.__enter__()
                self._open.append(atomic)
        finally:
            self._beginning = False

    def _connect(self, alias: str) -> None:
        connection = connections[alias]
        if connection.connection is not None:
            return
        start = time.perf_counter()
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise AgentError(
                f"the database {alias!r} cannot be reached: {reason}",
                "start it, or point the settings at one that runs",
            ) from error
        self.connect_seconds.setdefault(alias, time.perf_counter() - start)

    def end(self) -> None:
        """Roll everything back, on the thread that :meth:`begin` was called on."""
        while self._open:
            atomic = self._open.pop()
            with contextlib.suppress(Error):
                connection = transaction.get_connection(atomic.using)
                connection.needs_rollback = True
                atomic.__exit__(None, None, None)
        self.active = False
        while self._foreign:
            _abandon(self._foreign.pop())

    def _guard_new_connection(self, connection: Any, **_: Any) -> None:
        """A connection made elsewhere: its writes must not stay either."""
        thread = threading.get_ident()
        if self._beginning and thread == self._serving:
            return
        if not self.active and thread == self._own_thread:
            return
        _ReplayTransaction(connection.alias).__enter__()
        self._foreign.append(connection)


def _unless_replaying(close: Callable[[Any], None]) -> Callable[[Any], None]:
    @functools.wraps(close)
    def close_later(connection: Any) -> None:
        blocks = connection.atomic_blocks
        if not (blocks and isinstance(blocks[0], _ReplayTransaction)):
            close(connection)

    return close_later


def _abandon(connection: Any) -> None:
    """Roll a connection back from outside its thread, and leave it as if never opened."""
    raw = connection.connection
    connection.inc_thread_sharing()
    try:
        if raw is not None:
            with contextlib.suppress(Exception):
                raw.rollback()
            with contextlib.suppress(Exception):
                raw.close()
    finally:
        connection.dec_thread_sharing()
    connection.connection = None
    connection.in_atomic_block = connection.needs_rollback = False
    connection.closed_in_transaction = False
    connection.atomic_blocks = []
    connection.savepoint_ids = []
    connection.run_on_commit = []


def unproven_aliases(rollback: Rollback) -> dict[str, str]:
    """Write a row on each alias, roll it back and look again.

    Returns alias → reason for those where it could not be shown that nothing stays.
    """
    reasons: dict[str, str] = {}
    for alias in aliases():
        rollback.begin()
        try:
            _write_probe_row(alias)
        except DatabaseError as error:
            reasons[alias] = f"no row could be written to django_migrations ({error})".strip()
        finally:
            rollback.end()
        if alias not in reasons and _take_probe_row_away(alias):
            reasons[alias] = "a row that was rolled back was still there"
    return reasons


def _write_probe_row(alias: str) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder(connections[alias]).migration_qs.create(app=_PROBE_APP, name="probe")


def _take_probe_row_away(alias: str) -> bool:
    """Whether the row has stayed."""
    from django.db.migrations.recorder import MigrationRecorder

    rows = MigrationRecorder(connections[alias]).migration_qs.filter(app=_PROBE_APP)
    stayed = bool(rows.exists())
    if stayed:
        rows.delete()
    return stayed
