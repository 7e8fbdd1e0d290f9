"""Requests to a cache, made up: what `redis_eviction` replays.

Keys have Zipf's popularity, values log-normal lengths, and every key a time to live of its own.
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from djtune.redis_memory.trace import READ, Trace

Ints = NDArray[np.int64]
EXPONENT = 0.9
MEDIAN_LENGTH, SPREAD, LONGEST = 600, 1.2, 60_000
SHORTEST_LIFE, LONGEST_LIFE = 120, 3600
"""Seconds; the logarithm is uniform between them."""


class Scale(Struct, frozen=True):
    """How much is asked for."""

    keys: int = 100_000
    requests: int = 400_000
    seconds: int = 1500


class Requests(Struct):
    """Reads of a cache, each filling what it misses."""

    time: Ints
    """Microseconds since the first."""
    key: Ints
    length: Ints
    """Of each key's value, bytes."""
    life: Ints
    """Each key's time to live, milliseconds."""


def stationary(scale: Scale) -> Requests:
    """The same popularity from beginning to end."""
    rng = np.random.default_rng(1)
    return _requests(scale, rng, _ranks(scale, rng))


def drift(scale: Scale) -> Requests:
    """Sixteen times on the way, a fifth of the hottest twentieth changes places with cold keys."""
    rng = np.random.default_rng(2)
    ranks = _ranks(scale, rng)
    holder = np.arange(scale.keys)
    hot = scale.keys // 20
    for part in np.array_split(np.arange(scale.requests), 16):
        ranks[part] = holder[ranks[part]]
        warm = rng.choice(hot, hot // 5, replace=False)
        cold = hot + rng.choice(scale.keys - hot, hot // 5, replace=False)
        holder[warm], holder[cold] = holder[cold], holder[warm]
    return _requests(scale, rng, ranks)


def scan(scale: Scale) -> Requests:
    """Four batch passes, each over another fifth of all keys, on top of stationary requests."""
    rng = np.random.default_rng(3)
    requests = _requests(scale, rng, _ranks(scale, rng))
    share, passes = scale.keys // 5, range(4)
    length = scale.seconds / 50
    times = [_times((0.2 + 0.23 * n) * scale.seconds, length, share) for n in passes]
    keys = [np.arange(n * share, (n + 1) * share) for n in passes]
    time = np.concatenate([requests.time, *times])
    order = np.argsort(time, kind="stable")
    requests.time = time[order]
    requests.key = np.concatenate([requests.key, *keys])[order]
    return requests


TRACES: dict[str, Callable[[Scale], Requests]] = {
    "stationary": stationary,
    "drift": drift,
    "scan": scan,
}


def traced(requests: Requests, entry_bytes: Ints) -> Trace:
    """The requests for the simulator; ``entry_bytes`` of each key as they are in the server."""
    n = requests.key.size
    return Trace(
        time=requests.time,
        op=np.full(n, READ, np.uint8),
        key=requests.key,
        size=entry_bytes[requests.key],
        ttl=requests.life[requests.key] * 1000,
        cost=np.full(n, np.nan),
        pattern=np.zeros(n, np.int32),
        patterns=["page:*"],
        keys=entry_bytes.size,
        reads=n,
        source="benchmarks/redis_traces.py",
    )


def _ranks(scale: Scale, rng: np.random.Generator) -> Ints:
    weight = np.arange(1, scale.keys + 1) ** -EXPONENT
    ranks = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(scale.requests))
    return ranks.astype(np.int64)


def _requests(scale: Scale, rng: np.random.Generator, ranks: Ints) -> Requests:
    length = rng.lognormal(np.log(MEDIAN_LENGTH), SPREAD, scale.keys)
    life = np.exp(rng.uniform(np.log(SHORTEST_LIFE), np.log(LONGEST_LIFE), scale.keys))
    return Requests(
        time=_times(0, scale.seconds, scale.requests),
        key=rng.permutation(scale.keys)[ranks],
        length=length.clip(20, LONGEST).astype(np.int64),
        life=(life * scale.seconds / Scale().seconds * 1000).astype(np.int64),
    )


def _times(begin: float, seconds: float, n: int) -> Ints:
    return ((begin + np.arange(n) * (seconds / n)) * 1e6).astype(np.int64)
