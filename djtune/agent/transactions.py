"""Every replayed request runs in transactions that are rolled back, one per database connection.

The connections of the thread that serves it are opened beforehand; a connection that another
thread opens while the request runs gets its transaction the moment it is made.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from django.core.signals import request_finished, request_started
from django.db import DatabaseError, close_old_connections, connections, transaction
from django.db.backends.signals import connection_created

from .errors import AgentError

_PROBE_APP = "djtune_rollback_probe"


class Rollback:
    """Begins before each request and rolls back after it, on the thread that serves it."""

    def __init__(self) -> None:
        self._open: list[transaction.Atomic] = []
        self._foreign: list[Any] = []
        self._serving = threading.get_ident()
        self._beginning = False
        self.active = False
        self.connect_seconds: dict[str, float] = {}

    def install(self) -> None:
        """Keep connections across requests, as the replay's transactions need them open."""
        request_started.disconnect(close_old_connections)
        request_finished.disconnect(close_old_connections)
        connection_created.connect(self._guard_new_connection, weak=False)

    def begin(self) -> None:
        """Open a transaction on every alias. Raises :class:`AgentError` for one out of reach."""
        self._serving = threading.get_ident()
        self._beginning = self.active = True
        try:
            for alias in connections:
                self._connect(alias)
                atomic = _outermost(alias)
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
            with contextlib.suppress(DatabaseError):
                connection = transaction.get_connection(atomic.using)
                connection.needs_rollback = True
                atomic.__exit__(None, None, None)
        self.active = False
        for connection in self._foreign:
            _abandon(connection)
        self._foreign.clear()

    def _guard_new_connection(self, connection: Any, **_: Any) -> None:
        """A connection made elsewhere while a request runs: its writes must not stay either."""
        if not self.active or self._beginning:
            return
        if threading.get_ident() == self._serving:
            # The view closed its connection and opened it again.
            self._open = [atomic for atomic in self._open if atomic.using != connection.alias]
        atomic = _outermost(connection.alias)
        atomic.__enter__()
        self._foreign.append(connection)


def _outermost(alias: str) -> transaction.Atomic:
    atomic = transaction.Atomic(using=alias, savepoint=True, durable=False)
    # As Django's TestCase has it: blocks of the app's marked durable may run inside.
    atomic._from_testcase = True  # type: ignore[attr-defined]
    return atomic


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
    for alias in connections:
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
    from django.db.migrations.recorder import MigrationRecorder

    deleted, _ = MigrationRecorder(connections[alias]).migration_qs.filter(app=_PROBE_APP).delete()
    return bool(deleted)
