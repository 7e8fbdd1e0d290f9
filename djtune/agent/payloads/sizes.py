"""How large a value is, and whether it can be told from an equal one."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files import File

SMALL = 1024
"""Python keeps one object of each small number."""
_OF_ONE_ROW = (float, list, dict, Decimal, date, datetime, UUID)


def is_one_rows(value: Any) -> bool:
    """Whether an equal value from another row would be another object."""
    kind = type(value)
    if kind is str:
        return len(value) > 1
    if kind is int:
        return bool(abs(value) > SMALL)
    return kind in _OF_ONE_ROW


def size_of(value: Any) -> int:
    """About how many bytes a value takes on its way from the database."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return len(value)
    if isinstance(value, (dict, list)):
        return len(json.dumps(value, default=str))
    if isinstance(value, File):
        return len(value.name or "")  # its own length is that of what is stored under the name
    return 8
