"""Copies of the project's databases, so that what a visitor writes does not reach them.

SQLite is copied by its backup interface into a folder of djtune's; PostgreSQL by
``CREATE DATABASE … TEMPLATE``, and where that is not allowed it is opened for reading alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sqlite3
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .errors import AgentError
from .transactions import aliases

LONGEST_NAME = 63
"""Bytes of an identifier in PostgreSQL."""
HIGHEST_FD = 65536


class Copies:
    """Where each database is now, and how it is taken away again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="djtune-copy-"))
        self.facts: list[dict[str, str]] = []
        """For each alias: how it is served (``copied``, ``read only``, ``memory``), and why."""
        self._made: dict[tuple[str, ...], tuple[str, str]] = {}
        self._drops: list[Callable[[], None]] = []
        self._restores: list[Callable[[], None]] = []
        self._postgres: list[tuple[Any, str]] = []

    def make(self) -> None:
        """Copy every database, and have Django connect to the copies from here on."""
        from django.db import connections

        connections.close_all()
        for alias in aliases():
            connection: Any = connections[alias]
            if hasattr(connection, "close_pool"):
                connection.close_pool()
            how, why = self._copy(connection, alias)
            self.facts.append({"alias": alias, "how": how, "why": why})

    def keep(self) -> None:
        """Have the copies as they are now be what :meth:`restore` goes back to."""
        from django.db import connections

        connections.close_all()
        for target in sorted(self.folder.glob("*.sqlite3")):
            self._restores.append(_kept_file(target))
        for connection, name in self._postgres:
            kept = f"{name[: LONGEST_NAME - 5]}_kept"
            _create(connection, kept, name)
            self._drops.append(partial(_drop, connection, kept))
            self._restores.append(partial(_recreate, connection, name, kept))

    def restore(self) -> None:
        """Take back whatever was written since :meth:`keep`; no request may be under way."""
        for restore in self._restores:
            restore()

    def take_away(self) -> None:
        """Remove whatever has been made; may be called again."""
        while self._drops:
            with contextlib.suppress(Exception):
                self._drops.pop()()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _copy(self, connection: Any, alias: str) -> tuple[str, str]:
        if connection.vendor == "sqlite":
            return self._copy_sqlite(connection, alias)
        if connection.vendor == "postgresql":
            return self._copy_postgres(connection)
        raise AgentError(
            f"the database {alias!r} is {connection.display_name}, which djtune cannot copy",
            "point the settings at SQLite or PostgreSQL",
        )

    def _copy_sqlite(self, connection: Any, alias: str) -> tuple[str, str]:
        if connection.is_in_memory_db():
            return "memory", ""
        settings = connection.settings_dict
        source, target = str(settings["NAME"]), self.folder / f"{alias}.sqlite3"
        same = self._made.setdefault((source,), (str(target), ""))[0]
        if same == str(target):
            _back_up(source, target)
        settings["NAME"] = same
        return "copied", ""

    def _copy_postgres(self, connection: Any) -> tuple[str, str]:
        settings = connection.settings_dict
        source = str(settings["NAME"])
        place = (str(settings.get("HOST")), str(settings.get("PORT")), source)
        if place not in self._made:
            self._made[place] = self._create_from(connection, source)
        name, refusal = self._made[place]
        if refusal:
            _read_only(settings)
            return "read only", refusal
        settings["NAME"] = name
        return "copied", ""

    def _create_from(self, connection: Any, source: str) -> tuple[str, str]:
        """The copy's name, or why there is none."""
        from django.db import Error

        name = f"djtune_{secrets.token_hex(4)}_{source}"[:LONGEST_NAME]
        try:
            _create(connection, name, source)
        except Error as error:
            return "", (str(error).strip().splitlines() or [type(error).__name__])[0]
        self._drops.append(partial(_drop, connection, name))
        self._postgres.append((connection, name))
        return name, ""


def _back_up(source: str, target: Path) -> None:
    """Copy a database in use; one that is not there yet stays so."""
    uri = source if source.startswith("file:") else Path(source).absolute().as_uri()
    if not source.startswith("file:") and not Path(source).exists():
        return
    try:
        with (
            contextlib.closing(sqlite3.connect(uri, uri=True)) as original,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)
    except sqlite3.Error as error:
        raise AgentError(f"the database could not be copied: {error}") from error


def _read_only(settings: dict[str, Any]) -> None:
    options = settings["OPTIONS"]
    given = options.get("options", "")
    options["options"] = f"{given} -c default_transaction_read_only=on".strip()


def _kept_file(target: Path) -> Callable[[], None]:
    """Keep a copy of a file; return what writes it back, where the file has changed since."""
    kept = target.with_suffix(".kept")
    _back_up(str(target), kept)
    watching = sqlite3.connect(target)

    def version() -> int:
        number: int = watching.execute("PRAGMA data_version").fetchone()[0]
        return number

    known = [version()]

    def restore() -> None:
        if version() != known[0]:
            _back_up(str(kept), target)
            known[0] = version()

    return restore


def _create(connection: Any, name: str, source: str) -> None:
    quote = connection.ops.quote_name
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(source)}")


def _recreate(connection: Any, name: str, source: str) -> None:
    _drop(connection, name)
    _create(connection, name, source)


def _drop(connection: Any, name: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)} WITH (FORCE)")


def clean_up_afterwards(work: Callable[[], None]) -> Callable[[], None]:
    """Have ``work`` done once this process has ended, however it does.

    Returns what has it done at once, and waits for it. A process of a session of its own waits,
    so that whatever ends this one's group does not end it.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Of threads of the app's, which the child has nothing to do with.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        os.setsid()
        os.close(writing)
        _wait_and_do(reading, work)
    os.close(reading)

    def do_now() -> None:
        os.close(writing)
        os.waitpid(child, 0)

    return do_now


def _wait_and_do(reading: int, work: Callable[[], None]) -> None:
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # The pipes to djtune are the parent's: holding them would hide that it has ended.
        os.dup2(reading, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.closerange(3, HIGHEST_FD)
        os.read(0, 1)
        work()
    finally:
        os._exit(0)
