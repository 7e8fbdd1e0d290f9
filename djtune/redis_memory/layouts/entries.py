"""The user's entries, as objects: what every layout is made of. They stay in memory."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

MOST_DIGITS = 18
"""Of a number in a hash that is taken for one: more do not fit into 64 bits."""


class Entry(Struct):
    """One entry: a profile, a session, a page."""

    key_length: int
    value: Any
    """The object: what JSON can hold, and bytes."""
    stored: bytes | dict[bytes, bytes] | None = None
    """As the server holds it now; ``None``: it is not in a server."""
    expires: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """Its fields; empty where it has none."""
        return self.value if isinstance(self.value, dict) else {}


class Entries(Struct):
    """Entries of one pattern or view."""

    source: str
    stored_as: str
    entries: list[Entry]
    notes: list[str] = field(default_factory=list)


def from_hashes(hashes: Sequence[dict[bytes, bytes]]) -> list[dict[str, Any]]:
    """Hashes as objects: text where it is UTF-8, and numbers in fields that hold nothing else.

    A hash has text alone; whoever stored the same object as JSON would store its numbers as such.
    """
    objects = [{as_text(name): as_text(value) for name, value in each.items()} for each in hashes]
    names = {name for each in objects for name in each}
    for name in names:
        values = [each[name] for each in objects if name in each]
        if all(_is_integer(value) for value in values):
            for each in objects:
                if name in each:
                    each[name] = int(each[name])
    return objects


def as_text(raw: bytes) -> Any:
    """The text, or the bytes where they are none."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _is_integer(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > MOST_DIGITS:
        return False
    digits = value.removeprefix("-")
    return digits.isascii() and digits.isdigit() and str(int(value)) == value


def texts(entry: Entry) -> dict[str, bytes]:
    """The fields as a hash holds them: text; what is nested is JSON."""
    if isinstance(entry.stored, dict):
        return dict(zip(entry.fields, entry.stored.values(), strict=True))
    return {name: _flat(value) for name, value in entry.fields.items()}


def _flat(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return b"1" if value else b"0"
    if value is None:
        return b""
    return as_json(value)


def as_json(value: Any) -> bytes:
    """Compact JSON in UTF-8. Raises TypeError for bytes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
