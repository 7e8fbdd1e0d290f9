"""Replay requests to a real Redis (or Valkey) server, whose clock runs with the requests.

The server answers from the clock that the replay holds (``held_clock.c``), so that its LRU clock,
LFU decay, expiry and timers see the trace's own time while the requests come as fast as it can
serve them, whatever else the machine does.
"""

import contextlib
import mmap
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from msgspec import Struct

from benchmarks.redis_traces import Ints, Requests
from djtune.errors import DjtuneError
from djtune.servers.redis import answers, find_redis
from djtune.servers.tether import tethered

STEP = 100_000
"""Microseconds by which the held clock is set forward: a tenth of the LRU clock's second, and the
period of the server's own timer."""
FETCH = b"""if redis.call('GET', KEYS[1]) then return 1 end
redis.pcall('SET', KEYS[1], string.rep('x', ARGV[1]), 'PX', ARGV[2])
return 0"""


class Clock:
    """A server's time, microseconds: held in a shared file, or the machine's own."""

    def __init__(self, file: Path | None) -> None:
        self.began = time.time_ns() // 1000
        self._cell: memoryview | None = None
        if file is not None:
            file.write_bytes(self.began.to_bytes(8, "little"))
            with file.open("r+b") as opened:
                self._cell = memoryview(mmap.mmap(opened.fileno(), 8)).cast("q")

    def reach(self, moment: int) -> None:
        """Let it be ``moment`` microseconds after the beginning."""
        if self._cell is not None:
            self._cell[0] = self.began + moment
        else:
            time.sleep(max(0, (self.began + moment) / 1e6 - time.time()))

    def restart(self) -> None:
        """Let the beginning be now."""
        self.began = time.time_ns() // 1000 if self._cell is None else self._cell[0]


class Server:
    """A connection to a server of the benchmark's own."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.clock = clock
        self.asked_hits, self.asked_misses = 0, 0
        """Of the server's counts, those that came of questions beside the replay: ``PTTL`` and
        ``OBJECT`` count as reads."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._reader = self._socket.makefile("rb")

    def ask(self, commands: Sequence[Sequence[bytes | str | int]]) -> list[bytes]:
        """The answers to many commands: a line or a bulk each (``MEMORY USAGE``, ``INFO`` …)."""
        answers: list[bytes] = []
        for part in range(0, len(commands), 500):
            batch = commands[part : part + 500]
            self._socket.sendall(b"".join(packed(*command) for command in batch))
            answers += [self._answer() for _ in batch]
        return answers

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()

    def info(self) -> dict[str, str]:
        """``INFO``'s figures."""
        text = self.ask([("INFO", "everything")])[0].decode()
        return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)

    @contextlib.contextmanager
    def beside(self) -> Iterator[dict[str, str]]:
        """``INFO`` from before the questions in the block, which will not count as reads."""
        before = self.info()
        yield before
        after = self.info()
        self.asked_hits += int(after["keyspace_hits"]) - int(before["keyspace_hits"])
        self.asked_misses += int(after["keyspace_misses"]) - int(before["keyspace_misses"])

    def fetch(self, batch: bytes, n: int) -> int:
        """How many of the ``n`` packed requests were hits."""
        self._socket.sendall(batch)
        answered = self._reader.read(4 * n)
        if answered.count(b":") != n:
            raise DjtuneError(f"the server refused a request: {answered[:200]!r}")
        return answered.count(b":1")

    def _answer(self) -> bytes:
        line = self._reader.readline()[:-2]
        if line[:1] == b"-":
            raise DjtuneError(line.decode())
        if line[:1] != b"$" or line == b"$-1":
            return line[1:]
        return self._reader.read(int(line[1:]) + 2)[:-2]


class Replayed(Struct):
    """What came of a replay, and of its second half alone."""

    time: int
    """Microseconds of the trace."""
    reads: int
    hits: int
    late_reads: int
    late_hits: int
    evicted: int
    expired: int
    peak_bytes: int
    """Most that the server had for entries and tables."""
    wall_seconds: float

    @property
    def hit_ratio(self) -> float:
        """Of all reads."""
        return self.hits / self.reads

    @property
    def late_hit_ratio(self) -> float:
        """Of the second half's reads."""
        return self.late_hits / self.late_reads


def clock_library(folder: Path) -> Path:
    """The held clock, compiled; raises :class:`DjtuneError` where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise DjtuneError("cc is not on PATH", hint="install a C compiler (gcc or clang)")
    library = folder / "held_clock.so"
    source = Path(__file__).with_name("held_clock.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", library], check=True)
    return library


@contextlib.contextmanager
def server(library: Path | None, binary: str | None = None) -> Iterator[Server]:
    """A server of this block's own; ``library`` holds its clock, else it is the machine's."""
    binary = binary or find_redis()
    if binary is None:
        raise DjtuneError("neither redis-server nor valkey-server is on PATH")
    folder = Path(tempfile.mkdtemp(prefix="djtune-redis-"))
    path, held = folder / "redis.sock", folder / "clock"
    clock = Clock(held if library else None)
    command = [binary, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    if library:
        command = ["env", f"LD_PRELOAD={library}", f"HELD_CLOCK={held}", *command]
    with tethered(command, folder=folder, stdout=subprocess.DEVNULL) as process:
        while not answers(path):
            if process.poll() is not None:
                raise DjtuneError(f"{binary} did not start")
            time.sleep(0.01)
        asked = Server(path, clock)
        with contextlib.closing(asked):
            yield asked


def packed(*words: bytes | str | int) -> bytes:
    """A command as the protocol has it."""
    raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(raw) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in raw)


def name(key: int) -> str:
    """A key as Django would call it."""
    return f":1:page:{key:07d}"


def prepare(server: Server, requests: Requests) -> tuple[list[bytes], int]:
    """Each key's request, and the bytes that the server takes while it is empty."""
    sha = server.ask([("SCRIPT", "LOAD", FETCH)])[0]
    commands = [
        packed("EVALSHA", sha, 1, name(key), length, life)
        for key, (length, life) in enumerate(
            zip(requests.length.tolist(), requests.life.tolist(), strict=True)
        )
    ]
    server.fetch(b"".join(commands[:20]), 20)
    server.ask([("FLUSHALL", "SYNC")])
    for step in range(30):
        # Three seconds, after which the connection's buffers have the size that they will keep.
        server.clock.reach(step * STEP)
        server.ask([("PING",)])
    server.clock.restart()
    return commands, int(server.info()["used_memory"])


def replay(server: Server, requests: Requests, policy: str, room: int | None) -> Iterator[Replayed]:
    """Play the requests, a step of the clock at a time, and yield what came of them so far.

    ``room`` is the bytes for entries and tables under ``policy``; ``None``: no limit.
    """
    commands, empty = prepare(server, requests)
    server.ask(
        [
            ("CONFIG", "SET", "maxmemory-policy", policy),
            ("CONFIG", "SET", "maxmemory", 0 if room is None else empty + room),
            ("CONFIG", "RESETSTAT"),
        ]
    )
    end = int(requests.time[-1])
    edges = np.searchsorted(requests.time, np.arange(0, end + STEP, STEP)).tolist()
    edges.append(requests.time.size)
    keys = requests.key.tolist()
    began = time.monotonic()
    come = Replayed(0, 0, 0, 0, 0, 0, 0, 0, 0.0)
    for step, (first, last) in enumerate(pairwise(edges)):
        server.clock.reach(step * STEP)
        if first == last:
            continue
        hits = server.fetch(b"".join([commands[key] for key in keys[first:last]]), last - first)
        come.reads, come.hits = come.reads + last - first, come.hits + hits
        if step * STEP >= end / 2:
            come.late_reads, come.late_hits = come.late_reads + last - first, come.late_hits + hits
        come.time = step * STEP
        come.wall_seconds = time.monotonic() - began
        yield come
    info = server.info()
    come.evicted, come.expired = int(info["evicted_keys"]), int(info["expired_keys"])
    come.peak_bytes = int(info["used_memory_peak"]) - empty
    if int(info["keyspace_hits"]) - server.asked_hits != come.hits:
        raise DjtuneError("the server counts other hits than the replay")
    yield come


def entry_bytes(server: Server, requests: Requests) -> Ints:
    """Bytes of each key's entry with its TTL, without bucket arrays, as this server has them.

    ``MEMORY USAGE`` of all keys, and for each alike what it leaves out: ``used_memory`` tells how
    much that is.
    """
    commands, empty = prepare(server, requests)
    for first in range(0, len(commands), 500):
        part = commands[first : first + 500]
        server.fetch(b"".join(part), len(part))
    names = [name(key) for key in range(len(commands))]
    said = np.array(server.ask([("MEMORY", "USAGE", key) for key in names]), np.int64)
    grown = int(server.info()["used_memory"]) - empty - bucket_arrays(len(commands))
    return said + round((grown - int(said.sum())) / len(commands))


def bucket_arrays(keys: int) -> int:
    """Bytes of the two tables, main and expires."""
    return 2 * 8 * (1 << max(2, (keys - 1).bit_length()))
