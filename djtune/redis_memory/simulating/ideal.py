"""What policies that Redis does not have would give, by libcachesim where it is installed.

An exact LRU is a check on the simulator from outside; S3-FIFO, ARC and W-TinyLFU are better
policies than Redis's, and Belady's knows the future. libcachesim ignores times to live, keeps the
first size of an entry, and prints to the standard streams: it runs in a process of its own.
"""

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.curves import Ideal
from djtune.redis_memory.trace import READ, Trace

POLICIES = ("LRU", "S3FIFO", "ARC", "WTinyLFU", "Belady")
MISSING = "libcachesim is not installed: pip install libcachesim"
TIME_LIMIT = 600
ROW = np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("following", "<i8")])
"""libcachesim's ``oracleGeneral``: seconds, key, bytes, and the row of the key's next request."""


def ideal(trace: Trace, sizes: list[int]) -> Ideal:
    """Replay the reads of ``trace`` in caches of ``sizes`` bytes, which count no bucket arrays.

    Without libcachesim, or where it fails, there are no ratios, and the caveats say why.
    """
    if find_spec("libcachesim") is None:
        return Ideal(sizes, {}, [MISSING])
    rows = (trace.op == READ) & (trace.size > 0)
    expected = trace.reads * trace.rate or float(rows.sum())
    with tempfile.TemporaryDirectory(prefix="djtune-") as folder:
        path = Path(folder) / "trace.oracleGeneral"
        requests(trace, rows).tofile(path)
        capacities = [max(round(size * trace.rate), 1) for size in sizes]
        ratios = _replayed(path, capacities)
    if ratios is None:
        return Ideal(sizes, {}, ["libcachesim could not replay the trace"])
    share = float(rows.sum()) / expected if expected else 0.0
    return Ideal(
        sizes,
        {name: [ratio * share for ratio in each] for name, each in ratios.items()},
        ["times to live are ignored"] if bool((trace.ttl[rows] > 0).any()) else [],
    )


def requests(trace: Trace, rows: NDArray[np.bool_]) -> NDArray[np.void]:
    """Those rows as libcachesim reads them."""
    table = np.zeros(int(rows.sum()), ROW)
    table["time"] = trace.time[rows] // 1_000_000
    table["key"] = trace.key[rows] + 1
    table["size"] = np.minimum(trace.size[rows], 2**32 - 1)
    table["following"] = _following(trace.key[rows])
    return table


def _following(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of each key's next request; −1: there is none."""
    following = np.full(keys.size, -1, np.int64)
    order = np.argsort(keys, kind="stable")
    again = keys[order[1:]] == keys[order[:-1]]
    following[order[:-1][again]] = order[1:][again]
    return following


def _replayed(path: Path, capacities: list[int]) -> dict[str, list[float]] | None:
    arguments = [str(path), *map(str, capacities)]
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            capture_output=True,
            timeout=TIME_LIMIT,
            cwd=path.parent,
            check=True,
        )
        last = done.stdout.splitlines()[-1]
        return msgspec.json.decode(last, type=dict[str, list[float]])
    except (subprocess.SubprocessError, msgspec.DecodeError, IndexError):
        return None


PROGRAM = f"""
import json, sys
import libcachesim

path, *sizes = sys.argv[1:]
ratios = {{}}
for name in {POLICIES!r}:
    ratios[name] = []
    for size in map(int, sizes):
        reader = libcachesim.TraceReader(path, libcachesim.TraceType.ORACLE_GENERAL_TRACE)
        ratios[name].append(getattr(libcachesim, name)(size, hashpower=20).process_trace(reader)[0])
print()
print(json.dumps(ratios))
"""
