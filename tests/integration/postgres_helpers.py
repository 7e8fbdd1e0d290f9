"""A real PostgreSQL server for a test module, where this machine has one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from djtune.servers.postgres import SUPERUSER, find_postgres, postgres_server


@contextmanager
def databases(*names: str) -> Iterator[Path]:
    """A server that holds these databases, still empty; yields its ``HOST``."""
    if find_postgres() is None:
        pytest.skip("no PostgreSQL server (initdb, postgres) on this machine")
    with postgres_server() as host:
        for name in names:
            execute(host, "postgres", f"CREATE DATABASE {name}")
        yield host


def execute(host: Path, database: str, sql: str) -> list[tuple[object, ...]]:
    """Run one statement; return its rows."""
    with psycopg.connect(
        host=str(host), user=SUPERUSER, dbname=database, autocommit=True
    ) as connection:
        cursor = connection.execute(sql)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []
