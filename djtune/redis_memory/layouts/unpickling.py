"""Pickled values, loaded in a worker of the project: the only place where that is done."""

import base64
from typing import Any

from djtune.model.app import App
from djtune.redis_memory.layouts.reading import Unpickle
from djtune.servers.worker import Worker

WARNING = (
    "Unpickling runs code that the Redis server holds, with your project's rights: only go on "
    "where you trust everything that may write to that server."
)
AT_ONCE = 200
TIMEOUT = 60.0


def unpickler(app: App) -> Unpickle:
    """Unpickle in a fresh worker of ``app`` for each call; whoever uses it says :data:`WARNING`."""

    def unpickle(values: list[bytes]) -> tuple[list[Any], list[str]]:
        objects: list[Any] = []
        types: dict[str, int] = {}
        failed: dict[str, int] = {}
        with Worker(app) as worker:
            for start in range(0, len(values), AT_ONCE):
                packed = [
                    base64.b64encode(value).decode() for value in values[start : start + AT_ONCE]
                ]
                found = worker.call("unpickle_values", values=packed, timeout=TIMEOUT)
                objects += found["objects"]
                _add(types, found["types"])
                _add(failed, found["failed"])
        return objects, _notes(types, failed)

    return unpickle


def _add(into: dict[str, int], more: dict[str, int]) -> None:
    for name, n in more.items():
        into[name] = into.get(name, 0) + n


def _notes(types: dict[str, int], failed: dict[str, int]) -> list[str]:
    notes = []
    if types:
        notes.append(
            f"Other layouts than pickle have no {', '.join(sorted(types))}: your code would make "
            "it of text and lists again."
        )
    if failed:
        why = ", ".join(f"{name} ({n:,})" for name, n in sorted(failed.items()))
        notes.append(f"Values left out that could not be loaded or are no plain data: {why}.")
    return notes
