"""Reads log files once, in blocks of whole lines: plain or gzip, by name or from stdin."""

import contextlib
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from msgspec import Struct, field

from djtune.errors import DjtuneError

from . import jsonlines, lines, recording
from .columns import COLUMNS, Row
from .layout import HINT_FORMAT, Layout, TextLayout, from_format
from .recording import RecordingLayout

BLOCK = 1 << 20
"""Bytes read at a time."""
LONGEST_LINE = 64 << 20
SAMPLE_LINES = 1000
"""Lines from which the layout is told."""
STDIN = "-"
CACHE_RECORDING = '{"djtune":"cache recording"'
"""How files of ``djtune.cache`` begin: they lie beside recordings of requests."""
_COMPRESSED = {b"BZh": "bzcat", b"\xfd7zXZ": "xzcat", b"\x28\xb5\x2f\xfd": "zstdcat"}

Tick = Callable[[float], None]


class Asked(Struct, frozen=True):
    """What the user says of the files."""

    log_format: str = ""
    """The server's own format; by default it is told from the lines."""
    duration_unit: str = ""
    """``s``, ``ms``, ``us`` or ``ns``; by default it is told from the format."""


class FileRead(Struct):
    """What was found in one file."""

    name: str
    format: str = ""
    requests: int = 0
    unreadable: int = 0
    """Lines that are no request."""
    first_unreadable: int | None = None
    """The number of the first of them, from 1; logs hold personal data, so that no text is kept."""
    columns: list[str] = field(default_factory=list)
    """What its lines tell: ``method``, ``path``, ``status``, ``bytes``, ``duration``, ``time``."""
    duration_from: str = ""
    """The column that the durations are read from."""
    unclear: str = ""
    """A column that may be a duration, but does not tell its unit."""
    sample: float = 1.0
    """The part of all requests that a recording holds."""
    recording: str = ""
    """The recording that it is a part of; empty for a log."""
    dropped: int = 0
    """Requests that the recorder had no room for."""


class Batch(NamedTuple):
    """Requests of one file, as it has them."""

    rows: list[Row]
    layout: Layout
    each: float
    """How many requests each stands for: more than one where they were sampled."""

    @property
    def by_route(self) -> bool:
        """The path of each row is the name of its route."""
        return isinstance(self.layout, RecordingLayout)


def total_bytes(names: Sequence[str]) -> float | None:
    """The size of the files together; ``None`` where it is not known."""
    if STDIN in names:
        return None
    with contextlib.suppress(OSError):
        return sum(Path(name).stat().st_size for name in names)
    return None


def read(names: Sequence[str], asked: Asked, files: list[FileRead], tick: Tick) -> Iterator[Batch]:
    """Yield the requests of the files, and add what is known of each file to ``files``.

    ``tick`` is called with the bytes read from disk.

    Raises:
        DjtuneError: a file is missing, empty as all others, damaged, or no log.

    """
    given = from_format(asked.log_format, asked.duration_unit) if asked.log_format else None
    for name in names:
        file = FileRead(name)
        files.append(file)
        with _opened(name) as raw:
            yield from _read_file(file, raw, given, asked.duration_unit, tick)
    if all(file.format.startswith("cache recording") for file in files):
        raise DjtuneError(
            f"{names[0]} tells what a cache was asked for, not what requests came",
            hint="djtune redis-size reads it (docs/cache-recorder.md)",
        )
    if not any(file.requests or file.unreadable or file.format for file in files):
        which = names[0] if len(names) == 1 else f"all {len(names)} files"
        raise DjtuneError(f"{which}: nothing in it" if len(names) == 1 else f"{which} are empty")


def _read_file(
    file: FileRead, raw: BinaryIO, given: TextLayout | None, unit: str, tick: Tick
) -> Iterator[Batch]:
    layout: Layout | None = None
    number = 0
    for text in _blocks(file.name, raw, tick):
        if text.startswith(CACHE_RECORDING):
            file.format = "cache recording, left out"
            return
        if layout is None:
            layout = _layout(file, text, given, unit)
        rows, bad = layout.rows(text)
        if bad and not text.endswith("\n") and bad[-1] == text.count("\n"):
            bad.pop()  # the last line is still being written, or was cut off
        if bad and file.first_unreadable is None:
            file.first_unreadable = number + bad[0] + 1
        number += text.count("\n")
        file.requests += len(rows)
        file.unreadable += len(bad)
        yield Batch(rows, layout, 1 / file.sample if file.sample < 1 else 1)
    if layout is not None and not file.requests and file.unreadable:
        raise _not_a_log(file.name)
    if isinstance(layout, RecordingLayout):
        file.dropped = layout.dropped


def _layout(file: FileRead, text: str, given: TextLayout | None, unit: str) -> Layout:
    """Tell the layout from the first lines of a file."""
    first = [line for line in text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    try:
        layout: Layout | None = recording.detect(first) or given
        if layout is None:
            kind = jsonlines if first and first[0].startswith("{") else lines
            layout = kind.detect(first, unit)
    except DjtuneError as error:
        raise DjtuneError(f"{file.name}: {error.message}", hint=error.hint) from error
    if layout is None:
        raise _not_a_log(file.name)
    file.format = layout.name
    file.columns = [column for column in COLUMNS if column in layout.has]
    file.duration_from = layout.duration_from
    file.unclear = layout.unclear
    if isinstance(layout, RecordingLayout):
        file.sample = layout.header.sample
        file.recording = layout.header.recording
    return layout


def _not_a_log(name: str) -> DjtuneError:
    return DjtuneError(
        f"{name}: no line could be read as a request",
        hint=f"leave it out if it is no access log; else {HINT_FORMAT}",
    )


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except IsADirectoryError:
        raise DjtuneError(f"{name} is a folder", hint=f"name the files: {name}/*") from None
    except OSError as error:
        raise DjtuneError(f"{name} cannot be read: {error.strerror}") from error


def _blocks(name: str, raw: BinaryIO, tick: Tick) -> Iterator[str]:
    """Whole lines at a time, decompressed."""
    counted = io.BufferedReader(_Counting(raw, tick), BLOCK)
    start = counted.peek(6)[:6]
    stream: IO[bytes] = counted
    if start.startswith(b"\x1f\x8b"):
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=counted))
    for magic, program in _COMPRESSED.items():
        if start.startswith(magic):
            raise DjtuneError(
                f"{name} is compressed in a way that is not read here",
                hint=f"{program} {name} | djtune workload from-log -",
            )
    rest = b""
    while block := _next(name, stream):
        if not rest and b"\0" in block[:4096]:
            raise DjtuneError(f"{name} is a binary file, no log")
        whole, newline, after = block.rpartition(b"\n")
        if newline:
            yield _text(rest + whole + newline)
            rest = after
        else:
            rest += block
            if len(rest) > LONGEST_LINE:
                raise DjtuneError(f"{name} has a line of more than {LONGEST_LINE >> 20} MB")
    if rest:
        yield _text(rest)


def _next(name: str, stream: IO[bytes]) -> bytes:
    try:
        return stream.read(BLOCK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DjtuneError(
            f"{name}: its gzip data is damaged or cut off",
            hint=f"read what is left of it: gzip -dc {name} | djtune workload from-log -",
        ) from error


def _text(block: bytes) -> str:
    text = block.decode("utf-8", "replace")
    return text.replace("\r\n", "\n") if "\r" in text else text


class _Counting(io.RawIOBase):
    """Tells how many bytes were read."""

    def __init__(self, raw: BinaryIO, tick: Tick) -> None:
        super().__init__()
        self._raw = raw
        self._tick = tick

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there is something."""
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._tick(len(data))
        return len(data)
