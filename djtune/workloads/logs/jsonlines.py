"""Logs of one JSON object a line: which keys hold what is known by their names."""

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec

from djtune.errors import DjtuneError

from . import patterns, wrapped
from .columns import COLUMNS, UNITS, Column, Duration, Memo, Row, duration
from .layout import HINT_FORMAT
from .wrapped import WrappedLayout

_KEYS: dict[Column | str, tuple[str, ...]] = {
    "request": ("request", "request_line", "req", "http_request", "r"),
    "method": ("method", "request_method", "http_method", "verb", "http.method", "m"),
    "path": (
        *("request_uri", "uri", "path", "url", "request_path", "url_path", "path_info"),
        *("http.target", "http.url", "url.path", "requesturi", "U"),
    ),
    "status": (
        *("status", "status_code", "response_status", "response_code", "http_status"),
        *("http.status_code", "code", "s"),
    ),
    "bytes": (
        *("body_bytes_sent", "bytes_sent", "response_length", "response_size", "content_length"),
        *("bytes", "size", "body_bytes", "length", "B", "b"),
    ),
    "time": (
        *("time_iso8601", "time_local", "@timestamp", "timestamp", "datetime", "time", "date"),
        *("msec", "ts", "asctime", "t"),
    ),
}
"""Names of keys, the better first; their case does not matter but in those of one letter."""
_SECONDS = ("upstream_response_time", "request_time", "L")
_MAYBE_DURATIONS = (
    *("upstream_response_time", "request_time", "response_time", "duration", "elapsed", "latency"),
    *("time_taken", "took", "request_duration"),
)
_SUFFIXES = {
    **dict.fromkeys(("ns", "nanoseconds", "nanos"), "ns"),
    **dict.fromkeys(("us", "micros", "microseconds"), "us"),
    **dict.fromkeys(("ms", "millis", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "seconds"), "s"),
}
_WITH_UNIT = re.compile(
    r"(?:.*(?:time|duration|elapsed|latency|took|taken).*)[_.-](\w+)$", re.IGNORECASE
)
_REQUEST = re.compile(rf"({patterns.METHOD}) ([^ ?#\n]*+)")

_Value = str | int | float | None


class JsonLayout:
    """Lines of JSON, decoded for the keys that are needed alone."""

    def __init__(
        self, keys: dict[str, str], *, name: str, unit: str, duration_from: str, unclear: str
    ) -> None:
        self.name = name
        self.duration_from = duration_from
        self.unclear = unclear
        columns: set[Any] = {"method", "path"} if "request" in keys else set()
        columns |= {column for column in COLUMNS if column in keys}
        self.has: frozenset[Column] = frozenset(columns)
        scale = UNITS[unit]
        self.durations: Memo[Duration | None] = Memo(lambda text: duration(text, scale))
        self._from_request = "request" in keys
        line = msgspec.defstruct(
            "Line", [(n, _Value, None) for n in keys], rename=keys, namespace={"missing": None}
        )
        self._decoder = msgspec.json.Decoder(line)
        names = ["request", *COLUMNS[2:]] if self._from_request else [*COLUMNS]
        self._values = attrgetter(*(name if name in keys else "missing" for name in names))
        self._split = Memo(_split)

    def rows(self, lines: str) -> tuple[list[Row], list[int]]:
        """Read whole lines at once, and one by one where some are not what was expected."""
        try:
            decoded = self._decoder.decode_lines(lines)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return self._one_by_one(lines)
        return self._arranged(decoded), []

    def _one_by_one(self, lines: str) -> tuple[list[Row], list[int]]:
        decoded, bad = [], []
        for number, line in enumerate(lines.split("\n")):
            try:
                if line.strip():
                    decoded.append(self._decoder.decode(line))
            except (msgspec.DecodeError, UnicodeEncodeError):
                bad.append(number)
        return self._arranged(decoded), bad

    def _arranged(self, decoded: Sequence[Any]) -> list[Row]:
        rows = map(self._values, decoded)
        if self._from_request:
            split = self._split
            return [(*split[row[0]], *row[1:]) for row in rows]
        return [(row[0] or "", _path(row[1]), *row[2:]) for row in rows]


def _split(request: Any) -> tuple[str, str]:
    match = _REQUEST.match(request) if isinstance(request, str) else None
    return (match[1], match[2]) if match else ("", "")


def _path(uri: Any) -> str:
    return uri.partition("?")[0].partition("#")[0] if isinstance(uri, str) else ""


def detect(lines: Sequence[str], unit: str = "") -> JsonLayout | WrappedLayout | None:
    """Return the layout of lines of JSON; ``None`` where none of them is an object.

    ``unit`` is that of the durations. Raises :class:`DjtuneError` where the keys do not tell what
    was asked for.
    """
    objects = [found for line in lines if isinstance(found := _object(line), dict)]
    if not objects:
        return None
    seen = list(dict.fromkeys(key for one in objects for key in one))
    keys = {column: key for column, names in _KEYS.items() if (key := _find(seen, names))}
    if "request" in keys and not any(_split(one.get(keys["request"]))[0] for one in objects):
        del keys["request"]
    if "method" in keys and "path" in keys:
        keys.pop("request", None)
    if "status" not in keys and (layout := wrapped.detect(objects, unit)):
        return layout
    if "status" not in keys or not ({"request"} & keys.keys() or {"method", "path"} <= keys.keys()):
        raise DjtuneError(
            f"the keys of the log do not tell method, path and status: {', '.join(seen[:20])}",
            hint=HINT_FORMAT,
        )
    if "request" in keys:
        keys.pop("method", None)
        keys.pop("path", None)
    key, found_unit, unclear = _duration(objects, seen, unit)
    if key:
        keys["duration"] = key
    return JsonLayout(
        {str(column): key for column, key in keys.items()},
        name="JSON lines",
        unit=found_unit or "s",
        duration_from=f"key {key}" if key else "",
        unclear=unclear,
    )


def _object(line: str) -> Any:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def _find(seen: Sequence[str], names: Sequence[str]) -> str:
    """The key that is known by the first of the names that any has."""
    by_name = {key.lower(): key for key in reversed(seen) if len(key) > 1}
    by_name.update({key: key for key in seen if len(key) == 1})
    return next((by_name[name] for name in names if name in by_name), "")


def _duration(
    objects: Sequence[dict[str, Any]], seen: Sequence[str], unit: str
) -> tuple[str, str, str]:
    """The key of the durations and their unit; or why it cannot be told."""
    if key := _find(seen, _SECONDS):
        values = [value for one in objects if (value := one.get(key)) not in (None, "", "-")]
        if values and (unit or all(_has_fraction(value) for value in values)):
            return key, unit or "s", ""
    for key in seen:
        match = _WITH_UNIT.fullmatch(key)
        if match and (named := _SUFFIXES.get(match[1].lower())):
            return key, unit or named, ""
    for letter, of_letter in (("D", "us"), ("M", "ms")):
        if letter in seen:
            return letter, unit or of_letter, ""
    key = _find(seen, _MAYBE_DURATIONS)
    if key and unit:
        return key, unit, ""
    return "", "", f"{key} may count µs, ms or s" if key else ""


def _has_fraction(value: Any) -> bool:
    """Seconds as nginx and gunicorn write them have decimals; µs and ms have none."""
    return isinstance(value, float) or (isinstance(value, str) and "." in value)
