"""How fast the simulator is, beside libcachesim."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from benchmarks.redis_traces import Scale, stationary, traced
from djtune.redis_memory.curves import Policy, Rules
from djtune.redis_memory.simulating.simulate import Player
from djtune.redis_memory.trace import Trace

SCALE = Scale(keys=500_000, requests=2_000_000, seconds=7500)
ROUNDS = 3
PAIRS: list[tuple[Policy, str]] = [
    ("allkeys-lru", "LRU"),
    ("allkeys-lfu", "LFU"),
    ("allkeys-random", "Random"),
]


class Speed(Struct):
    """Million requests for each second of CPU time."""

    policy: Policy
    ours: float
    libcachesim: float | None
    """``None``: not installed."""

    @property
    def ratio(self) -> float | None:
        """Times that libcachesim is faster."""
        return self.libcachesim / self.ours if self.libcachesim else None


def speeds() -> Iterator[Speed]:
    """The best of a few rounds each, at 10 % of the bytes, without TTLs (libcachesim has none)."""
    requests = stationary(SCALE)
    requests.life[:] = 0
    trace = traced(requests, requests.length + 150)
    room = int(np.unique(trace.key).size * trace.size.mean() * 0.1)
    player = Player(trace)
    player.play(room, Rules("allkeys-lru"))
    with tempfile.NamedTemporaryFile(suffix=".oracleGeneral") as file:
        _written(trace, Path(file.name))
        for policy, other in PAIRS:
            rules = Rules(policy)
            ours = _best(trace, lambda rules=rules: player.play(room, rules))  # type: ignore[misc]
            yield Speed(policy, ours, _theirs(other, file.name, room, trace))


def _best(trace: Trace, run: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        run()
        spent.append(time.process_time() - began)
    return float(trace.key.size / min(spent) / 1e6)


def _theirs(name: str, path: str, room: int, trace: Trace) -> float | None:
    try:
        import libcachesim
    except ImportError:
        return None

    def run() -> None:
        reader = libcachesim.TraceReader(path, libcachesim.TraceType.ORACLE_GENERAL_TRACE)
        getattr(libcachesim, name)(room).process_trace(reader)

    with _silent():
        return _best(trace, run)


def _written(trace: Trace, path: Path) -> None:
    """libcachesim's own binary format: time, key, size, and the next access (unused here)."""
    rows = np.zeros(
        trace.key.size, [("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")]
    )
    rows["time"], rows["key"], rows["size"] = trace.time // 1_000_000, trace.key, trace.size
    rows["next"] = -1
    rows.tofile(path)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """libcachesim reports on the standard error, from C."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
