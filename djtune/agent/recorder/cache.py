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
from zlib import crc32

from django.conf import settings
from django.core.signals import request_started, setting_changed

from .cache_commands import UNCOUNTED, Access, Accesses, Answered, of_command, of_pipeline, size
from .cache_patterns import Patterns
from .recording import Recording
from .settings import RecordSettings, read

MOST_MISSES = 256
"""Misses of one thread or task that wait for their value to be stored."""
DIGEST_BYTES = 8
WORD = (1 << 32) - 1


class Tally:
    """A number that threads may raise at the same time."""

    def __init__(self) -> None:
        self.add = count().__next__
        """Raise it by one, without a lock."""
        self._not_counted = 0
        self._lock = Lock()

    def value(self) -> int:
        """What it has come to."""
        with self._lock:
            self._not_counted += 1  # looking raises it
            return self.add() + 1 - self._not_counted

    def reset(self) -> None:
        """Begin at 0 again, in a process that was just forked."""
        self._lock = Lock()
        self._not_counted = self.add() + 1


class CacheRecording(Recording):
    """A recording of what this process asks its caches for."""

    kind = "cache recording"
    what = "cache calls"

    def __init__(self, settings: RecordSettings, secret: bytes) -> None:
        self.servers: dict[str, Server] = {}
        super().__init__(settings, secret)
        self.hash = blake2b(key=self._key, digest_size=DIGEST_BYTES)
        """To be copied: keys' digests begin here, alike in all processes of the recording."""
        self.chooses = Chooser(self._key, settings.sample)

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


class Chooser:
    """Tells of a key whether it is in the sample: alike in all processes with that secret.

    A checksum, spread by a secret factor (multiplicative hashing, Knuth, TAOCP 3, 6.4): a tenth of
    a digest's price, which is paid for the chosen keys alone.
    """

    def __init__(self, secret: bytes, sample: float) -> None:
        self.salt = int.from_bytes(secret[:4], "big")
        self.factor = int.from_bytes(secret[4:8], "big") | 1
        self.below = round(sample * (WORD + 1))

    def __call__(self, key: bytes) -> bool:
        """Whether the key is one of the chosen."""
        return crc32(key, self.salt) * self.factor & WORD < self.below


class Server:
    """One logical server: a primary, with the replicas that are read in its stead."""

    def __init__(self, recording: CacheRecording, number: int, address: str) -> None:
        self.address = address
        """Without user and password."""
        self._recording = recording
        self._number = number
        self._counts = {(op, found): Tally() for op in ("get", "peek") for found in (True, False)}

    def begin(self) -> None:
        """Count from nothing."""
        for tally in self._counts.values():
            tally.reset()

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

    def watcher(self, prefix: str = "") -> Callable[[tuple[Any, ...], Any], None]:
        """What to call with each command and its reply; ``prefix`` is that of the keys.

        A read of one key that is not in the sample is what most calls are: :class:`Chooser` is
        written out for it, which halves its price.
        """
        hit, missed = self._counts["get", True].add, self._counts["get", False].add
        recording, chooses = self._recording, self._recording.chooses
        salt, factor, below = chooses.salt, chooses.factor, chooses.below

        def saw(args: tuple[Any, ...], reply: Any) -> None:
            try:
                if args[0] == "GET":
                    (missed if reply is None else hit)()
                    try:
                        number = crc32(args[1].encode(), salt)
                    except AttributeError:
                        number = crc32(_bytes(args[1]), salt)
                    if number * factor & WORD < below:
                        self._record(Access("get", args[1], reply is not None, reply), prefix)
                elif args[0] not in UNCOUNTED or len(args) > 5 or chooses(_bytes(args[1])):
                    self.note(of_command(args, reply), prefix)
            except Exception:
                recording.count_error()

        return saw

    def pipeline_watcher(self, prefix: str = "") -> Callable[[Answered], None]:
        """What to call with the commands of a pipeline, each with its reply."""

        def saw(answered: Answered) -> None:
            try:
                self.note(of_pipeline(answered), prefix)
            except Exception:
                self._recording.count_error()

        return saw

    def count_error(self) -> None:
        """Something could not be noted."""
        self._recording.count_error()

    def note(self, accesses: Accesses, prefix: str) -> None:
        """Count what was asked for, and record what is in the sample."""
        chooses = self._recording.chooses
        for access in accesses:
            tally = self._counts.get((access.op, access.found))
            if tally is not None:
                tally.add()
            if access.op == "clear" or chooses(_bytes(access.key)):
                self._record(access, prefix)

    def _record(self, access: Access, prefix: str) -> None:
        if self._recording.over:
            return
        key = _bytes(access.key)
        hashed = self._recording.hash.copy()
        hashed.update(key)
        self._recording.add(self._line(access, key, hashed.digest(), prefix))

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


def _bytes(key: Any) -> bytes:
    if isinstance(key, str):
        return key.encode("utf-8", "surrogatepass")
    return key if isinstance(key, bytes) else str(key).encode()


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


def this_process() -> CacheRecording | None:
    """The recording that all caches of this process share; ``None`` where none is asked for.

    Raises:
        ImproperlyConfigured: ``settings.DJTUNE`` has an unknown key or a wrong value.

    """
    with _making:  # several threads may come first
        return _made()


_making = Lock()


@lru_cache(maxsize=1)
def _made() -> CacheRecording | None:
    if "djtune_agent" in sys.modules:
        return None  # djtune replays these requests: they are no traffic
    wanted = read(getattr(settings, "DJTUNE", {}), "CACHE")
    if wanted is None:
        return None
    request_started.connect(_on_request_started, dispatch_uid="djtune.cache")
    secret = settings.SECRET_KEY
    return CacheRecording(wanted, secret if isinstance(secret, bytes) else str(secret).encode())


def _on_setting_changed(*, setting: str, **_: Any) -> None:
    if setting in ("DJTUNE", "SECRET_KEY") and _made.cache_info().currsize:
        # Django's test runner has changed it; what was recorded so far is complete.
        recording = this_process()
        _made.cache_clear()
        if recording is not None:
            recording.finish()


setting_changed.connect(_on_setting_changed, dispatch_uid="djtune.cache_recorder")
