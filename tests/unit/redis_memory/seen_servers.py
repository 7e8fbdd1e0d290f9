"""What a look at a made-up server would have seen: sizes drawn from a census held in memory."""

import numpy as np

from djtune.redis_memory.facts import Load, NodeFacts, ServerFacts
from djtune.redis_memory.looking.allocation import allocate, pilot, piloted
from djtune.redis_memory.observed import Columns, PatternSample, Seen, no_columns


def facts(**node) -> ServerFacts:
    """A server that told little of itself."""
    told = {"product": "Redis", "version": "7.0.15", "allocator": "jemalloc-5.3.0"}
    told |= {"replica": False, "keys": 0, "keys_with_ttl": 0, "used_memory": 0}
    return ServerFacts("unix:///made-up", [], [NodeFacts(**(told | node))])


def rows(sizes) -> Columns:
    """Strings of these sizes, that stay for ever."""
    sizes = np.asarray(sizes, np.float64)
    unknown = np.full(sizes.size, np.nan)
    samples = np.zeros(sizes.size, np.int64)
    labels = ["string"] * sizes.size, ["raw"] * sizes.size
    return Columns(sizes, unknown, unknown, unknown, unknown, samples, *labels)


def sample(name: str, keys: float, whole=(), sampled=(), **more) -> PatternSample:
    """A pattern with these sizes."""
    found = [rows(sizes) if len(sizes) else no_columns() for sizes in (whole, sampled)]
    low, high = more.pop("low", keys), more.pop("high", keys)
    return PatternSample(name, "cache", keys, low, high, *found, **more)


def seen(*patterns: PatternSample, **more) -> Seen:
    """A visit that saw these."""
    return Seen(facts(), list(patterns), [], Load(), **more)


def look_at(census: list, seed: int, precision: float = 0.02, most: int = 20_000) -> Seen:
    """A look at the sizes of all keys, by pattern, as the real one goes."""
    random = np.random.default_rng(seed)
    drawn = [
        sizes[random.choice(sizes.size, min(sizes.size, 20_000), replace=False)] for sizes in census
    ]
    counts, held = [sizes.size for sizes in census], [sizes.size for sizes in drawn]
    first = pilot(counts, held)
    told = [piloted(*each) for each in zip(counts, held, _heads(drawn, first), strict=True)]
    more = allocate(told, precision, most)
    patterns = []
    for place, (sizes, begin, n) in enumerate(zip(drawn, first, more, strict=True)):
        if n and begin + n < counts[place]:
            halves = sizes[:begin], sizes[begin : begin + n]
        elif begin + n < counts[place]:
            halves = (), sizes[:begin]
        else:
            halves = sizes, ()
        patterns.append(sample(f"pattern {place}", counts[place], *halves))
    return seen(*patterns)


def _heads(drawn: list, counts: list[int]) -> list:
    return [sizes[:n] for sizes, n in zip(drawn, counts, strict=True)]


def nine_patterns(share: float = 1.0) -> list:
    """Sizes like those of a million keys of a Django project: heavy tails, and one giant."""
    random = np.random.default_rng(5)

    def keys(n: int) -> int:
        return max(1, round(n * share))

    long_bio = random.random(keys(250_000)) < 0.3
    census = [
        random.lognormal(np.log(300), 0.5, keys(300_000)),
        random.lognormal(np.log(3500), 1.0, keys(150_000)),
        np.where(long_bio, 1100, 360) + random.normal(0, 20, keys(250_000)),
        np.full(keys(200_000), 72.0),
        random.lognormal(np.log(1200), 0.8, keys(80_000)),
        random.lognormal(np.log(1500), 1.3, keys(15_000)),
        random.lognormal(np.log(2500), 1.6, keys(4_900)),
        random.normal(500_000, 10_000, keys(99)),
        np.array([41e6 * share]),
    ]
    return [np.ceil(sizes / 8) * 8 for sizes in census]
