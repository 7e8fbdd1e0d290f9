"""Loads pickled values in the project, whose classes they need, and makes plain data of them.

Loading a pickle runs code that it names: the CLI asks for it only where the user has said so.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import pickle
import uuid
from collections import Counter
from typing import Any

MOST_DEEP = 40


def unpickle_values(values: list[str]) -> dict[str, Any]:
    """The objects of base64-encoded pickles.

    ``objects`` has ``None`` where a value could not be loaded or is none that JSON can hold;
    ``types`` counts what became text or a list on the way, ``failed`` why values are missing, both
    by names of classes alone.
    """
    types: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    objects = [_loaded(base64.b64decode(value), types, failed) for value in values]
    return {"objects": objects, "types": types, "failed": failed}


def _loaded(raw: bytes, types: Counter[str], failed: Counter[str]) -> Any:
    seen: Counter[str] = Counter()
    try:
        value = _plain(pickle.loads(raw), seen)
    except _NotPlainError as error:
        failed[str(error)] += 1
        return None
    except Exception as error:
        failed[type(error).__name__] += 1
        return None
    types.update(seen)
    return value


class _NotPlainError(Exception):
    """An object that JSON cannot hold; its class is the message."""


def _plain(value: Any, types: Counter[str], depth: int = 0) -> Any:
    kind = type(value)
    if value is None or kind in (str, bool, int, float):
        return value
    if depth > MOST_DEEP:
        raise _NotPlainError("deeply nested")
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {str(name): _plain(each, types, depth + 1) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        if kind is not list:
            types[kind.__name__] += 1
        return [_plain(each, types, depth + 1) for each in value]
    if isinstance(value, str):  # SafeString and lazy text
        types[kind.__name__] += 1
        return str(value)
    if isinstance(
        value, (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)
    ):
        types[kind.__name__] += 1
        return str(value)
    raise _NotPlainError(kind.__name__)
