"""Visits that ask a server for idle times while `redis_eviction` replays requests to it."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.redis_replay import Replayed, Server, bucket_arrays, name, replay
from benchmarks.redis_traces import Ints, Requests
from djtune.redis_memory.curves import Curve
from djtune.redis_memory.idle.curve import curve_from_idle
from djtune.redis_memory.observed import Moment, ServerFacts

VISITS = 10
MOMENTS, LASTS = 5, 30
"""Each visit asks for its keys' idle times so often, within so many seconds."""
SAMPLE = 10_000


def visited(
    server: Server, requests: Requests, entry_bytes: Ints, sample: int = SAMPLE
) -> tuple[Replayed, list[Curve]]:
    """Replay without a limit; the curves that visits in the second half would have shown."""
    end = int(requests.time[-1]) / 1e6
    begins = np.linspace(0.5, 0.97, VISITS) * end
    due = [(begin + LASTS * n / (MOMENTS - 1), begin) for begin in begins for n in range(MOMENTS)]
    due.sort()
    chosen: dict[float, Ints] = {}
    moments: dict[float, list[Moment]] = {}
    come: Replayed | None = None
    for come in replay(server, requests, "noeviction", None):
        while due and come.time >= due[0][0] * 1e6:
            _, begin = due.pop(0)
            if begin not in chosen:
                chosen[begin] = _sample(server, entry_bytes.size, sample, len(chosen))
            asked = _moment(server, chosen[begin], entry_bytes, come.time / 1e6)
            moments.setdefault(begin, []).append(asked)
    assert come is not None
    facts = ServerFacts(address="", uses=[], nodes=[], policy="noeviction")
    return come, [curve_from_idle(visit, facts) for visit in moments.values()]


def told(curve: Curve, size: float) -> tuple[float, float, float] | None:
    """Hit ratio at ``size`` bytes with its band, between the curve's points; ``None``: untold."""
    for left, right in itertools.pairwise(curve.points):
        if left.bytes <= size <= right.bytes:
            part = np.log(size / left.bytes) / np.log(right.bytes / left.bytes)
            values = [
                1 - (1 - part) * a - part * b
                for a, b in zip(
                    (left.miss_ratio, left.high, left.low),
                    (right.miss_ratio, right.high, right.low),
                    strict=True,
                )
            ]
            return values[0], values[1], values[2]
    return None


def errors(curves: Sequence[Curve], size: float, truth: float) -> Iterator[tuple[float, bool]]:
    """Each curve's error in points at ``size``, and whether its band covers the truth."""
    for curve in curves:
        if (said := told(curve, size)) is not None:
            middle, low, high = said
            yield (middle - truth) * 100, low <= truth <= high


def _sample(server: Server, keys: int, n: int, seed: int) -> Ints:
    """Keys, each as likely as any other, of which about ``n`` are there."""
    order = np.random.default_rng(seed).permutation(keys)
    there = int(server.ask([("DBSIZE",)])[0])
    return order[: round(keys * min(1.0, n / there))]


def _moment(server: Server, keys: Ints, entry_bytes: Ints, time: float) -> Moment:
    names = [name(key) for key in keys.tolist()]
    asked = server.asked_hits, server.asked_misses
    with server.beside() as info:
        left = np.array(server.ask([("PTTL", one) for one in names]), float)
        there = left > 0
        here = itertools.compress(names, there)
        idle = np.array(server.ask([("OBJECT", "IDLETIME", one) for one in here]), float)
    total = int(server.ask([("DBSIZE",)])[0])
    return Moment(
        time=time,
        idle=idle,
        bytes=(entry_bytes[keys[there]] + bucket_arrays(total) / total).astype(np.float64),
        ttl=left[there] / 1000,
        weight=np.full(idle.size, entry_bytes.size / keys.size),
        hits=int(info["keyspace_hits"]) - asked[0],
        misses=int(info["keyspace_misses"]) - asked[1],
        writes=int(info["cmdstat_set"].split(",")[0].partition("=")[2]),
        evicted=int(info["evicted_keys"]),
        expired=int(info["expired_keys"]),
        keys=total,
    )
