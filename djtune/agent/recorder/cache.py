"""What one process records of its caches: sampled keys' reads and writes, and totals of all."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.signals import request_started, setting_changed

from .cache_commands import Access, Accesses, size
from .cache_patterns import Patterns
from .recording import Recording
from .settings import RecordSettings, read

MOST_MISSES = 256
"""Misses of one thread or task that wait for their value to be stored."""
DIGEST_BYTES = 8


class Tally:
    """A number that threads may raise at the same time, one by one."""

    def __init__(self) -> None:
        self.add = count().__next__
        self._looks = 0
        self._lock = Lock()

    def value(self) -> int:
        """How often ``add`` was called."""
        with self._lock:
            now = self.add() - self._looks
            self._looks += 1
        return now


class CacheRecording(Recording):
    """A recording of what this process asks its caches for."""

    kind = "cache recording"
    what = "cache calls"

    def __init__(self, settings: RecordSettings, secret: bytes) -> None:
        self.servers: dict[str, Server] = {}
        super().__init__(settings, secret)
        self.hash = blake2b(key=self._key, digest_size=DIGEST_BYTES)
        """To be copied: keys' digests begin here, alike in all processes of the recording."""
        self.below = round(settings.sample * (1 << 8 * DIGEST_BYTES))
        """Keys whose digest, as a number, is smaller are recorded."""

    def begin(self) -> None:
        """Start with nothing; what a parent counted is its own."""
        super().begin()
        self.patterns = Patterns()
        for server in self.servers.values():
            server.begin()

    def server(self, address: str) -> Server:
        """The server of that address, of which there is one in a process."""
        with self._file_lock:
            if address not in self.servers:
                self.servers[address] = Server(self, len(self.servers), address)
            return self.servers[address]

    def finish(self) -> None:
        """Write what waits, the totals and a last line; nothing more is recorded."""
        if not self.over and any(server.was_asked() for server in self.servers.values()):
            with self._lines_lock:
                self._lines.append(self._totals())
        super().finish()

    def _append(self, lines: list[str]) -> None:
        super()._append([self._totals(), *lines])

    def _totals(self) -> str:
        totals = [server.totals() for server in self.servers.values()]
        return json.dumps({"servers": totals}, separators=(",", ":"))


class Server:
    """One logical server: a primary, with the replicas that are read in its stead."""

    def __init__(self, recording: CacheRecording, number: int, address: str) -> None:
        self.address = address
        """Without user and password."""
        self._recording = recording
        self._number = number
        self._hash = recording.hash
        self._below = recording.below
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self._counts = {(op, found): Tally() for op in ("get", "peek") for found in (True, False)}

    def was_asked(self) -> bool:
        """Whether anything was counted."""
        return any(tally.value() for tally in self._counts.values())

    def totals(self) -> dict[str, Any]:
        """Lookups of all keys, recorded or not, since the process began."""
        hits, misses, found, not_found = (tally.value() for tally in self._counts.values())
        return {
            "s": self._number,
            "address": self.address,
            "reads": hits + misses,
            "hits": hits,
            "peeks": found + not_found,
            "found": found,
        }

    def saw(self, accesses: Callable[..., Accesses], *answered: Any, prefix: str = "") -> None:
        """What ``accesses`` tells of the commands that were ``answered``."""
        recording = self._recording
        if recording.over:
            return
        try:
            for access in accesses(*answered):
                self._note(access, prefix)
        except Exception:
            recording.count_error()

    def _note(self, access: Access, prefix: str) -> None:
        op, key, found = access[:3]
        tally = self._counts.get((op, found))
        if tally is not None:
            tally.add()
        data = key if isinstance(key, bytes) else str(key).encode("utf-8", "replace")
        hashed = self._hash.copy()
        hashed.update(data)
        digest = hashed.digest()
        if int.from_bytes(digest, "big") < self._below or op == "clear":
            self._recording.add(self._line(access, data, digest, prefix))

    def _line(self, access: Access, key: bytes, digest: bytes, prefix: str) -> str:
        """The line as JSON, put together by hand: an encoder costs several times as much."""
        op, _, found, value, seconds = access
        now = time.time()
        pattern = self._recording.patterns.of(key.decode("utf-8", "replace"), digest, prefix)
        line = (
            f'{{"t":{now:.6f},"o":"{op}","s":{self._number},"k":"{digest.hex()}",'
            f'"n":{len(key)},"p":{_quoted(pattern)}'
        )
        if op in ("get", "peek", "add"):
            line += ',"h":1' if found else ',"h":0'
        if value is not None:
            length, elements = size(value)
            line += f',"b":{length},"e":{elements}' if elements else f',"b":{length}'
        if seconds is not None:
            line += f',"x":{seconds:.3f}'
        if op == "get" and not found:
            _remember(digest, now)
        elif op in ("set", "add", "update"):
            missed = _forget(digest)
            if missed is not None:
                line += f',"c":{now - missed:.6f}'
        return line + "}"


_quoted = lru_cache(maxsize=4096)(json.dumps)
_missed: ContextVar[dict[bytes, float] | None] = ContextVar("djtune_cache_missed", default=None)
"""Digest → when this thread or task missed it; what is stored under it next was made in between."""


def _remember(digest: bytes, now: float) -> None:
    waiting = _missed.get()
    if waiting is None or len(waiting) >= MOST_MISSES:
        waiting = {}
        _missed.set(waiting)
    waiting[digest] = now


def _forget(digest: bytes) -> float | None:
    waiting = _missed.get()
    return waiting.pop(digest, None) if waiting else None


def _on_request_started(**_: Any) -> None:
    # What one request misses and another stores later was not made in between.
    if _missed.get():
        _missed.set(None)


@lru_cache(maxsize=1)
def this_process() -> CacheRecording | None:
    """The recording that all caches of this process share; ``None`` where none is asked for."""
    if "djtune_agent" in sys.modules:
        return None  # djtune replays these requests: they are no traffic
    wanted = read(getattr(settings, "DJTUNE", {}), "CACHE")
    if wanted is None:
        return None
    request_started.connect(_on_request_started, dispatch_uid="djtune.cache")
    secret = settings.SECRET_KEY
    return CacheRecording(wanted, secret if isinstance(secret, bytes) else str(secret).encode())


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting in ("DJTUNE", "SECRET_KEY") and this_process.cache_info().currsize:
        # Django's test runner has changed it; what was recorded so far is complete.
        recording = this_process()
        this_process.cache_clear()
        if recording is not None:
            recording.finish()


setting_changed.connect(_on_setting_changed, dispatch_uid="djtune.cache_recorder")
