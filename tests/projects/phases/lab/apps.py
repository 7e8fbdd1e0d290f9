import time
from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class LabConfig(AppConfig):
    name = "lab"

    def ready(self) -> None:
        connection_created.connect(teach_sqlite_to_sleep)


def teach_sqlite_to_sleep(connection: Any, **_: Any) -> None:
    """``pg_sleep`` for SQLite, so that both databases understand the same slow query."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("pg_sleep", 1, sleep)


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return 0
