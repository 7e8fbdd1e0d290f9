"""``DJTUNE = {"RECORD": {…}, "CACHE": {…}}`` in the project's settings, checked and filled up."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

DEFAULTS: dict[str, Any] = {
    "DIRECTORY": None,
    "RECORDING": "recording",
    "SAMPLE": 0.1,
    "MAX_BYTES": 50_000_000,
    "MAX_TOTAL_BYTES": 1_000_000_000,
    "MAX_SECONDS": 86_400,
    "BUFFER_LINES": 2_000,
    "BUFFER_SECONDS": 1.0,
}
CACHE_DEFAULTS = DEFAULTS | {"SAMPLE": 0.01}
LEAST = 1000
"""Bytes below which a file is not worth beginning: its first and last line need some."""
ENDINGS = {"RECORD": ".jsonl", "CACHE": ".cache.jsonl"}
"""Section of the setting → how the names of its files end."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


@dataclass(frozen=True)
class RecordSettings:
    """How to record; the names are those of the settings, in lower case."""

    directory: Path
    recording: str
    sample: float
    max_bytes: int
    max_total_bytes: int
    max_seconds: float
    buffer_lines: int
    buffer_seconds: float
    ending: str
    """How the names of the files end."""


def read(setting: Any, section: str = "RECORD") -> RecordSettings | None:
    """A section of ``settings.DJTUNE``; ``None`` where it asks for no recording.

    Raises:
        ImproperlyConfigured: a key is unknown, or a value is none that it can have.

    """
    if not isinstance(setting, dict):
        raise ImproperlyConfigured("DJTUNE must be a dict, for example {'RECORD': {…}}")
    _refuse_unknown("DJTUNE", setting, ENDINGS)
    where = f"DJTUNE[{section!r}]"
    given = setting.get(section, {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"{where} must be a dict")
    _refuse_unknown(where, given, DEFAULTS)
    values = (CACHE_DEFAULTS if section == "CACHE" else DEFAULTS) | given
    _check(where, values)
    if not values["DIRECTORY"] or not values["SAMPLE"]:
        return None
    values["DIRECTORY"] = Path(values["DIRECTORY"])
    named = {name.lower(): value for name, value in values.items()}
    return RecordSettings(**named, ending=ENDINGS[section])


def _refuse_unknown(where: str, given: dict[Any, Any], known: Any) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            names = ", ".join(known)
            raise ImproperlyConfigured(f"{where} has no key {key!r}.{meant} It takes {names}.")


def _check(where: str, values: dict[str, Any]) -> None:
    if not isinstance(values["DIRECTORY"], str | os.PathLike | None):
        _refuse(where, "DIRECTORY", "a path, or None to record nothing", values)
    if not isinstance(values["RECORDING"], str) or not _NAME.match(values["RECORDING"]):
        _refuse(where, "RECORDING", "a name of up to 64 letters, digits, '.', '_' and '-'", values)
    if not _is_number(values["SAMPLE"]) or not 0 <= values["SAMPLE"] <= 1:
        _refuse(where, "SAMPLE", "a number from 0 to 1", values)
    for name, least in (("MAX_BYTES", LEAST), ("MAX_TOTAL_BYTES", LEAST), ("BUFFER_LINES", 1)):
        if type(values[name]) is not int or values[name] < least:
            _refuse(where, name, f"a whole number of at least {least}", values)
    for name in ("MAX_SECONDS", "BUFFER_SECONDS"):
        if not _is_number(values[name]) or not 0 < values[name] < 1e9:
            _refuse(where, name, "a number of seconds above 0", values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refuse(where: str, name: str, wanted: str, values: dict[str, Any]) -> None:
    raise ImproperlyConfigured(f"{where}[{name!r}] must be {wanted}, not {values[name]!r}")
