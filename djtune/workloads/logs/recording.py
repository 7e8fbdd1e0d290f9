"""Recordings of ``djtune.middleware.Recorder``: the route is known, and requests were sampled."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from djtune.errors import DjtuneError

from .columns import Column, Duration, Memo, Row, duration

VERSION = 1


class Header(Struct):
    """The first line of a recording."""

    djtune: str
    version: int
    recording: str = ""
    pid: int = 0
    sample: float = 1.0
    started: float = 0.0


class _Line(Struct):
    """A request; or, without a method, what the recorder says at the end."""

    m: str = ""
    r: str | None = None
    """The route; ``None`` where no view was reached."""
    s: int = 0
    b: int | None = None
    d: float | None = None
    t: float | None = None
    p: str = ""
    """Digest of path and query."""
    u: str = ""
    """Digest of the user or session; empty for nobody known."""
    errors: int = 0
    dropped: int = 0


class RecordingLayout:
    """One request a line, named by its route."""

    name = "recording"
    has: frozenset[Column] = frozenset(("method", "path", "status", "bytes", "duration", "time"))
    duration_from = "the app itself"
    unclear = ""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.durations: Memo[Duration | None] = Memo(lambda seconds: duration(seconds, 1.0))
        self.errors = 0
        self.dropped = 0
        self.paths: set[tuple[str | None, str]] = set()
        """Routes, each with the digest of a path, that were read; the reader may empty it."""
        self.users: set[str] = set()
        """Digests of users that were read; the reader may empty it."""
        self._decoder = msgspec.json.Decoder(_Line)

    def rows(self, lines: str) -> tuple[list[Row], list[int]]:
        """Read whole lines; a request that reached no route has ``None`` for it."""
        rows: list[Row] = []
        bad = []
        for number, text in enumerate(lines.split("\n")):
            if not text or text.startswith('{"djtune"'):
                continue
            try:
                line = self._decoder.decode(text)
            except (msgspec.DecodeError, UnicodeEncodeError):
                bad.append(number)
                continue
            if line.m:
                rows.append((line.m, line.r, line.s, line.b, line.d, line.t))
                self.paths.add((line.r, line.p))
                self.users.add(line.u)
            self.errors += line.errors
            self.dropped += line.dropped
        return rows, bad


def detect(lines: Sequence[str]) -> RecordingLayout | None:
    """Return the layout of a recording; ``None`` for any other file.

    Raises :class:`DjtuneError` for a version that is not known.
    """
    try:
        data: Any = msgspec.json.decode(lines[0]) if lines else None
        if not isinstance(data, dict) or data.get("djtune") != "recording":
            return None
        header = msgspec.convert(data, Header)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError):
        return None
    if header.version != VERSION:
        raise DjtuneError(
            f"version {header.version} of the recording is not known",
            hint="read it with the djtune that the app has, or a later one",
        )
    if not 0 < header.sample <= 1:
        raise DjtuneError(f"the recording's sample of {header.sample} is no part of all requests")
    return RecordingLayout(header)
