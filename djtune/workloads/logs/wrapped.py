"""Access lines inside JSON, as containers write them: ``{"log": "10.0.0.1 - - […", …}``."""

from collections.abc import Sequence
from typing import Any

import msgspec

from . import lines
from .columns import Column, Duration, Memo, Row
from .layout import TextLayout

KEYS = ("log", "message", "msg")


class WrappedLayout:
    """Lines of JSON with a line of text under one of their keys."""

    def __init__(self, key: str, inner: TextLayout) -> None:
        self.name = f"{inner.name} in JSON"
        self.has: frozenset[Column] = inner.has
        self.duration_from = inner.duration_from
        self.unclear = inner.unclear
        self.durations: Memo[Duration | None] = inner.durations
        self._inner = inner
        line = msgspec.defstruct("Line", [("text", str)], rename={"text": key})
        self._decoder = msgspec.json.Decoder(line)

    def rows(self, lines: str) -> tuple[list[Row], list[int]]:
        """Read whole lines; those whose text is no request are told by their places."""
        texts: list[str] = []
        places: list[int] = []
        bad: list[int] = []
        for place, line in enumerate(lines.split("\n")):
            if not line.strip():
                continue
            text = _decoded(self._decoder, line)
            if text:
                texts.append(text)
                places.append(place)
            else:
                bad.append(place)
        rows, unread = self._inner.rows("\n".join(texts)) if texts else ([], [])
        return rows, sorted([*bad, *(places[n] for n in unread)])


def detect(objects: Sequence[dict[str, Any]], unit: str = "") -> WrappedLayout | None:
    """Return the layout of objects that hold access lines; ``None`` where they hold none."""
    for key in KEYS:
        texts = [text for one in objects if isinstance(text := one.get(key), str)]
        inner = lines.detect([text.strip() for text in texts], unit)
        if inner is not None:
            return WrappedLayout(key, inner)
    return None


def _decoded(decoder: Any, line: str) -> str:
    """The text of a line in one line; empty where it has none."""
    try:
        return " ".join(str(decoder.decode(line).text).splitlines()).strip()
    except (msgspec.DecodeError, UnicodeEncodeError):
        return ""
