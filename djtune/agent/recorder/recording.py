"""What one process records: lines kept for a moment, then appended to a file of its own.

Threads may add lines at once, and a fork may come at any time: the child begins afresh.
"""

from __future__ import annotations

import atexit
import hmac
import json
import logging
import os
import time
import weakref
from hashlib import blake2b
from random import Random
from threading import Event, Lock, Thread
from typing import Any

from .file import OverError, RecordingFile
from .settings import RecordSettings

VERSION = 1
TRAILER_BYTES = 80
"""Kept free for the last line."""
_log = logging.getLogger("djtune.recorder")


class Recording:
    """A recording of this process's requests, or of what a subclass calls ``what``.

    A thread writes lines once the first has waited for ``buffer_seconds`` or there are half of
    ``buffer_lines``: no request ever waits for the disk. Where lines come faster than they can be
    written, those beyond ``buffer_lines`` are dropped and counted.
    """

    kind = "recording"
    """What the first line says it is."""
    what = "requests"

    def __init__(self, settings: RecordSettings, secret: bytes) -> None:
        self._settings = settings
        name = settings.recording.encode()
        self._key = hmac.digest(secret, f"djtune {self.kind} ".encode() + name, "sha256")
        self._file: RecordingFile | None = None
        self.begin()
        _recordings.add(self)

    def begin(self) -> None:
        """Start with nothing, as a process does; a forked child leaves its parent's lines alone."""
        if self._file is not None:
            self._file.close()
        self._file = None
        self._started = round(time.time(), 3)
        self._lines: list[str] = []
        self._lines_lock = Lock()
        self._file_lock = Lock()
        self._some_wait = Event()
        self._many_wait = Event()
        self._writer: Thread | None = None
        self._random = Random(f"{self._settings.recording} {os.getpid()}").random
        self.errors = 0
        self.dropped = 0
        self.over = False

    def takes(self) -> bool:
        """Whether to record the next request."""
        return not self.over and self._random() < self._settings.sample

    def digest(self, value: str) -> str:
        """A value's stand-in: alike in all processes of the recording, and nowhere else.

        Keyed BLAKE2b (RFC 7693) is a message authentication code as HMAC is, at a quarter of the
        price between an app's other work, where each call finds cold caches.
        """
        data = value.encode("utf-8", "replace")
        return blake2b(data, key=self._key, digest_size=8).hexdigest()

    def add(self, line: str) -> None:
        """Record one line of JSON."""
        most = self._settings.buffer_lines
        with self._lines_lock:
            count = len(self._lines) + 1
            if count > most:
                self.dropped += 1
            else:
                self._lines.append(line)
        half = (most + 1) // 2
        if count in (1, half):
            self._wake_writer(many=count == half)

    def count_error(self) -> None:
        """Something could not be recorded: the app must not notice."""
        self.errors += 1
        self.dropped += 1

    def write(self) -> None:
        """Append the lines that wait to the file."""
        with self._file_lock:
            with self._lines_lock:
                lines, self._lines = self._lines, []
            if not lines:
                return
            if self.over:
                self.dropped += len(lines)
                return
            try:
                self._append(lines)
            except OSError as error:
                if not self.errors:
                    _log.warning("%s are not recorded: %s", self.what, error)
                self.errors += 1
                self.dropped += len(lines)
            except OverError as bound:
                _log.warning("recording %r is over: %s", self._settings.recording, bound)
                self.over = True

    def finish(self) -> None:
        """Write what waits and a last line; nothing more is recorded."""
        self.write()
        with self._file_lock:
            self._end()

    def _append(self, lines: list[str]) -> None:
        file = self._file or self._open()
        data = "".join(line + "\n" for line in lines).encode()
        room = file.room - TRAILER_BYTES
        fitting = data if len(data) <= room else data[: data.rfind(b"\n", 0, max(room, 0)) + 1]
        if fitting:
            file.append(fitting)
        if fitting is not data or time.time() > file.ends:
            self.dropped += len(lines) - fitting.count(b"\n")
            self._end()

    def _open(self) -> RecordingFile:
        file = RecordingFile(self._settings, self._started)
        header = {
            "djtune": self.kind,
            "version": VERSION,
            "recording": self._settings.recording,
            "pid": os.getpid(),
            "sample": self._settings.sample,
            "started": self._started,
        }
        try:
            file.append(_line(header))
        except OSError:
            file.close()
            raise
        self._file = file
        return file

    def _end(self) -> None:
        self.over = True
        self._some_wait.set()
        self._many_wait.set()
        file, self._file = self._file, None
        if file is None:
            return
        last = {"errors": self.errors, "dropped": self.dropped}
        try:
            file.append(_line(last))
        except OSError:
            self.errors += 1
        finally:
            file.close()

    def _wake_writer(self, *, many: bool) -> None:
        with self._lines_lock:
            if self._writer is None:
                self._start_writer()
        self._some_wait.set()
        if many:
            self._many_wait.set()
            if self._writer is None:
                self.write()

    def _start_writer(self) -> None:
        """Start the thread; where there can be none, requests write by themselves."""
        writer = Thread(target=self._write_in_time, name="djtune-recorder", daemon=True)
        try:
            writer.start()
        except RuntimeError:
            self.errors += 1
        else:
            self._writer = writer

    def _write_in_time(self) -> None:
        while not self.over:
            self._some_wait.wait()
            self._many_wait.wait(self._settings.buffer_seconds)
            self._some_wait.clear()
            self._many_wait.clear()
            self.write()


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


_recordings: weakref.WeakSet[Recording] = weakref.WeakSet()


def _begin_all() -> None:
    for recording in list(_recordings):
        recording.begin()


def _finish_all() -> None:
    for recording in list(_recordings):
        recording.finish()


os.register_at_fork(after_in_child=_begin_all)
atexit.register(_finish_all)
