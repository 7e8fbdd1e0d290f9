"""What is read of each line, and how its text becomes numbers."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

from .sketch import bucket

Column = Literal["method", "path", "status", "bytes", "duration", "time"]
COLUMNS: tuple[Column, ...] = ("method", "path", "status", "bytes", "duration", "time")

Row = tuple[Any, Any, Any, Any, Any, Any]
"""The columns of one request as the log has them; "" or ``None`` for one that it lacks."""

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
KEPT = 50_000
"""Texts whose values are remembered."""

T = TypeVar("T")


class Memo(dict[Any, T]):
    """Remembers what texts mean; forgets them all when there are too many."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, text: Any) -> T:
        if len(self) >= KEPT:
            self.clear()
        value = self[text] = self._compute(text)
        return value


class Duration(NamedTuple):
    """Seconds, and the bucket that they are counted in."""

    seconds: float
    bucket: int


def duration(text: Any, scale: float) -> Duration | None:
    """Read a duration of units of ``scale`` seconds; ``None`` where there is none.

    nginx lists what several upstream servers took, as ``0.010, 0.020 : 0.030``: their sum.
    """
    try:
        seconds = float(text) * scale
    except (ValueError, TypeError, OverflowError):
        seconds = _sum(text) * scale
    return Duration(seconds, bucket(seconds)) if 0 <= seconds < 1e9 else None


def _sum(text: Any) -> float:
    """The sum of a list of numbers; NaN where there is none."""
    parts = [part for part in re.split(r"[,:\s]+", str(text or "")) if part not in ("", "-")]
    try:
        return math.fsum(map(float, parts)) if parts else math.nan
    except (ValueError, OverflowError):
        return math.nan


def size(text: Any) -> int:
    """Read a number of bytes; 0 for gunicorn's ``-``."""
    try:
        return max(int(text or 0), 0)
    except (ValueError, TypeError, OverflowError):
        return 0


def status(text: Any) -> int:
    """Read a status; 0 where it is none."""
    try:
        number = int(str(text or 0)[:3])
    except ValueError:
        return 0
    return number if 100 <= number <= 599 else 0


_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_LOCAL = re.compile(r"\[?(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):\d\d(?: ([+-]\d\d):?(\d\d))?\]?$")


def minute(text: Any) -> int | None:
    """Read a time as minutes since 1970 in UTC; ``None`` where it is none.

    Reads ``10/Oct/2026:13:55:36 +0200``, ISO 8601, and seconds, ms, µs or ns since 1970. A time
    that names no offset is taken for UTC.
    """
    try:
        if isinstance(text, str):
            if match := _LOCAL.match(text):
                return _local_minute(match)
            if not re.fullmatch(r"\d+(?:\.\d+)?", text):
                return _iso_minute(text)
        number = float(text)
        while number > 1e11:
            number /= 1e3
        return int(number // 60) if number > 0 else None
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _local_minute(match: re.Match[str]) -> int:
    day, month, year, hour, minutes, zone_hours, zone_minutes = match.groups()
    moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minutes))
    offset = 60 * int(zone_hours or 0)
    offset += int(zone_minutes or 0) * (-1 if (zone_hours or "").startswith("-") else 1)
    return _minutes(moment) - offset


def _iso_minute(text: str) -> int:
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset()
    minutes = _minutes(moment.replace(tzinfo=None))
    return minutes - (int(offset.total_seconds()) // 60 if offset else 0)


def _minutes(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)).total_seconds()) // 60
