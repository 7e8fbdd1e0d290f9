"""The file that one process appends what it records to, and the bounds of the whole recording."""

from __future__ import annotations

import itertools
import os
import re
import time

from .settings import LEAST, RecordSettings


class OverError(Exception):
    """The recording as a whole has reached one of its bounds."""


class RecordingFile:
    """A new file of this process's own, readable by its owner alone.

    Raises:
        OSError: it cannot be made.
        OverError: the recording is as long or as large as it may be.

    """

    def __init__(self, settings: RecordSettings, started: float) -> None:
        settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        first, total = _extent(settings)
        self.ends = min(first, started) + settings.max_seconds
        """Unix time at which the recording ends, in every process alike."""
        if time.time() > self.ends:
            raise OverError("MAX_SECONDS have passed since it began")
        if total + LEAST > settings.max_total_bytes:
            raise OverError("its files hold MAX_TOTAL_BYTES")
        self.room = min(settings.max_bytes, settings.max_total_bytes - total)
        """Bytes that may still be written."""
        self._torn = False
        self._fd = _create(settings, started)

    def append(self, data: bytes) -> None:
        """Append whole lines, in one call where the system takes them in one.

        Raises:
            OSError: they could not be written, or not all of them.

        """
        # What a full disk has torn off must not spoil the next line.
        rest = memoryview(b"\n" + data if self._torn else data)
        while rest:
            written = os.write(self._fd, rest)
            self._torn = written < len(rest)
            self.room -= written
            rest = rest[written:]
        self._torn = False

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)


def _extent(settings: RecordSettings) -> tuple[float, int]:
    """When the recording's first file was begun, and the bytes in all of them."""
    name, ending = re.escape(settings.recording), re.escape(settings.ending)
    mine = re.compile(rf"{name}-\d+-(\d+){ending}\Z")
    first, total = time.time(), 0
    with os.scandir(settings.directory) as entries:
        for entry in entries:
            if match := mine.match(entry.name):
                first = min(first, int(match[1]) / 1000)
                total += entry.stat().st_size
    return first, total


def _create(settings: RecordSettings, started: float) -> int:
    """Make a file under a name that nobody has: containers share process ids."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    for milliseconds in itertools.count(round(started * 1000)):
        name = f"{settings.recording}-{os.getpid()}-{milliseconds}{settings.ending}"
        try:
            return os.open(settings.directory / name, flags, mode=0o600)
        except FileExistsError:
            continue
    raise AssertionError("there is always another number")
