"""A trace by ``MONITOR``, for seconds: what every client asks for is echoed to this one.

The echo costs the server three to ten times the work of each command, and waits in its memory as
long as it is not read. So the visit is short, reads at once, and ends itself when either shows.
"""

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from statistics import median
from typing import Any, NamedTuple

import redis
from redis.connection import AbstractConnection

from djtune.agent.recorder.cache_commands import READERS, of_command, size
from djtune.agent.recorder.cache_commands import Access as KeyAccess
from djtune.agent.recorder.cache_patterns import Patterns
from djtune.errors import DjtuneError
from djtune.redis_memory.server.addresses import understood
from djtune.redis_memory.server.connecting import ANSWER_TIMEOUT, CONNECT_TIMEOUT
from djtune.redis_memory.trace import Trace
from djtune.redis_memory.tracing.accesses import Access, Builder
from djtune.redis_memory.tracing.entries import EntryBytes, modelled_entry_bytes

MOST_SECONDS = 10.0
MOST_BUFFERED = 64 << 20
"""Bytes that may wait, here and in the server, before the visit is over."""
SLOWER = 2.0
"""PING's median may grow so many times."""
LEAST_PING = 0.001
"""Seconds below which PING is quick, however it has grown."""
CHECK_EVERY = 0.1
_BLOCK = 1 << 20
_LINE = re.compile(rb'\+(\d+\.\d+) \[(\d+) ([^\]]*)\] "([^"]*)"(.*)')
_ARGUMENT = re.compile(rb' "((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)
_OPTION = 20
"""Bytes of the longest word that may be an option or a number."""
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}

Progress = Callable[[float], None]


def monitor(
    url: str,
    seconds: float,
    on_progress: Progress = lambda _: None,
    *,
    entry_bytes: EntryBytes = modelled_entry_bytes,
) -> Trace:
    """What clients of a server ask for while ``seconds`` pass (10 at most).

    Arguments are dropped on arrival: kept are the command, a digest of the key under a key of this
    visit's own, the time, the length of a value that is stored and its TTL. Replies are not echoed,
    so that hits are unknown: a read counts as a miss if its client stores the key next.
    ``on_progress`` is told the share of the time that has passed. The connection is killed in the
    end, whatever happens.

    Raises:
        DjtuneError: the server cannot be reached, or refuses it.

    """
    with _connected(url) as (control, listener):
        usual = _ping(control)
        number = _command(listener, "CLIENT", "ID")
        if _command(listener, "MONITOR") not in (b"OK", "OK"):
            raise DjtuneError("the server did not take MONITOR")
        try:
            heard = Heard(entry_bytes)
            watch = _Watch(control, str(number), usual, min(seconds, MOST_SECONDS), on_progress)
            ended = _listen(listener, watch, heard)
        finally:
            with contextlib.suppress(redis.RedisError):
                control.client_kill_filter(_id=str(number))
    return heard.trace(ended)


@contextlib.contextmanager
def _connected(url: str) -> Iterator[tuple["redis.Redis", AbstractConnection]]:
    control = redis.Redis.from_url(
        understood(url), socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
    )
    try:
        listener = control.connection_pool.get_connection()
        try:
            yield control, listener
        finally:
            listener.disconnect()  # type: ignore[no-untyped-call]
    except redis.exceptions.NoPermissionError:
        raise DjtuneError(
            "this user may not use MONITOR or CLIENT", hint="ACL: +monitor +client +ping"
        ) from None
    except redis.RedisError as error:
        raise DjtuneError(f"the server refuses: {str(error).partition('@')[0]}") from None
    finally:
        control.close()


def _command(connection: Any, *words: str) -> Any:
    connection.send_command(*words)
    return connection.read_response()


def _ping(control: "redis.Redis", times: int = 20) -> float:
    """Median seconds of a PING."""
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        control.ping()
        took.append(time.perf_counter() - begin)
    return median(took)


class _Watch(NamedTuple):
    """What says that the visit is over."""

    control: "redis.Redis"
    number: str
    """The listening connection's, as the server counts them."""
    usual: float
    """Seconds of a PING at rest."""
    seconds: float
    on_progress: Progress

    def too_much(self) -> str:
        """Why to end now; nothing where all is well."""
        for client in self.control.client_list(client_id=[self.number]):
            waiting = max(int(client.get("omem", 0)), int(client.get("tot-mem", 0)))
            if waiting > MOST_BUFFERED:
                return f"{waiting >> 20} MB waited in the server to be read"
        now = _ping(self.control, 5)
        if now > max(SLOWER * self.usual, LEAST_PING):
            return f"PING took {now * 1e3:.1f} ms instead of {self.usual * 1e3:.1f} ms"
        return ""


def _listen(listener: Any, watch: _Watch, heard: "Heard") -> str:
    """Take what comes until the time is over; why it was over before, or nothing."""
    channel = listener._sock
    channel.settimeout(CHECK_EVERY)
    begin = checked = time.monotonic()
    rest = b""
    while (now := time.monotonic()) - begin < watch.seconds:
        with contextlib.suppress(TimeoutError):
            try:
                data = channel.recv(_BLOCK)
            except ConnectionError:
                data = b""
            if not data:
                return "the server closed the connection"
            rest = heard.take(rest + data)
        if len(rest) > MOST_BUFFERED:
            return "a command was longer than 64 MB"
        if now - checked >= CHECK_EVERY:
            checked = now
            watch.on_progress((now - begin) / watch.seconds)
            if told := watch.too_much():
                return told
    return ""


class Heard:
    """What was heard, without any value or key."""

    def __init__(self, entry_bytes: EntryBytes) -> None:
        self._builder = Builder(entry_bytes)
        self._key = secrets.token_bytes(16)
        self._patterns = Patterns()
        self._read_at: dict[tuple[bytes, bytes], float] = {}

    def take(self, data: bytes) -> bytes:
        """Take whole lines; what is left is the beginning of one."""
        *lines, rest = data.split(b"\r\n")
        for line in lines:
            self._line(line)
        return rest

    def _line(self, line: bytes) -> None:
        match = _LINE.match(line)
        if match is None or (command := match[4].decode("latin-1").upper()) not in READERS:
            return
        words = [_unescaped(word) for word in _ARGUMENT.findall(match[5])]
        reply = words if command == "MGET" else 1
        client = match[2] + b" " + match[3]
        with contextlib.suppress(IndexError, ValueError, TypeError):
            for access in of_command((command, *words), reply):
                self._access(float(match[1]), client, access)

    def _access(self, moment: float, client: bytes, access: KeyAccess) -> None:
        key = access.key if isinstance(access.key, bytes) else str(access.key).encode()
        digest = blake2b(key, key=self._key, digest_size=8).digest()
        told = Access(moment, access.op, digest.hex(), len(key), found=None, seconds=access.seconds)
        told = told._replace(pattern=self._patterns.of(key.decode("utf-8", "replace"), digest))
        if access.op == "get":
            self._read_at[client, digest] = moment
        elif access.value is not None:
            length, elements = size(access.value)
            begun = self._read_at.pop((client, digest), None)
            cost = None if begun is None else moment - begun
            told = told._replace(payload=length, elements=elements, cost=cost)
        self._builder.add(told)

    def trace(self, ended: str) -> Trace:
        """The trace of what was heard."""
        notes = ["replies are not echoed: hits are unknown, sizes are those of what was stored"]
        if ended:
            notes.append(f"ended early: {ended}")
        return self._builder.trace(rate=1.0, reads=0, hits=0, source="MONITOR", notes=notes)


def _unescaped(word: bytes) -> Any:
    """A word as the client sent it: text where it may be an option, bytes where it is a value."""
    if b"\\" in word:
        word = _ESCAPE.sub(_meant, word)
    return word.decode() if len(word) <= _OPTION and word.isascii() else word


def _meant(match: "re.Match[bytes]") -> bytes:
    return bytes([int(match[1], 16)]) if match[1] else _PLAIN.get(match[2], match[2])
