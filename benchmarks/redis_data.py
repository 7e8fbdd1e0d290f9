"""A Redis server's worth of keys as a Django project leaves them: nine patterns, one giant."""

import random
import string
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import redis

Command = tuple[Any, ...]
HOUR, DAY = 3_600, 86_400
"""Seconds; nothing expires within an hour, so that visits can be compared."""
LETTERS = string.ascii_lowercase
TEXT = "".join(random.Random(1).choices(LETTERS + " ", k=1 << 20))
SESSION_KEY = string.ascii_lowercase + string.digits


def sessions(rng: random.Random) -> Iterator[Command]:
    """Django's sessions in its cache, of a few hundred bytes."""
    while True:
        key = "".join(rng.choices(SESSION_KEY, k=32))
        name = f":1:django.contrib.sessions.cache{key}"
        yield (
            "SET",
            name,
            text(rng, rng.lognormvariate(5.5, 0.4)),
            "EX",
            rng.randrange(DAY, 14 * DAY),
        )


def pages(rng: random.Random) -> Iterator[Command]:
    """``cache_page``: heavy-tailed."""
    while True:
        digests = f"{rng.getrandbits(128):032x}.{rng.getrandbits(128):032x}"
        name = f":1:views.decorators.cache.cache_page..GET.{digests}.en-us.UTC"
        yield "SET", name, text(rng, rng.lognormvariate(7.8, 0.9)), "EX", rng.randrange(HOUR, DAY)


def profiles(rng: random.Random) -> Iterator[Command]:
    """Hashes of twelve fields, three in ten with one value that is too long for a listpack."""
    for number in range(1, 1 << 40):
        bio = 120 if rng.random() < 0.3 else 40
        fields = [
            part for i in range(11) for part in (f"field{i}", text(rng, rng.randrange(5, 30)))
        ]
        yield "HSET", f"user:{number}:profile", *fields, "bio", text(rng, bio)


def throttles(rng: random.Random) -> Iterator[Command]:
    """Tiny counters with a TTL, as rate limits leave them."""
    for number in range(1 << 40):
        name = f"rl:10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        yield "SET", name, rng.randrange(10_000, 20_000), "EX", rng.randrange(HOUR, 3 * HOUR)


def products(rng: random.Random) -> Iterator[Command]:
    """Documents of products, without a TTL."""
    for number in range(1 << 40):
        yield "SET", f":1:product:{number}:detail", text(rng, rng.lognormvariate(7.0, 0.7))


def inboxes(rng: random.Random) -> Iterator[Command]:
    """Lists of a few to a few hundred messages."""
    for number in range(1 << 40):
        length = min(500, int(rng.paretovariate(0.9)) + 1)
        yield "RPUSH", f"inbox:{number}", *(text(rng, rng.randrange(20, 60)) for _ in range(length))


def followers(rng: random.Random) -> Iterator[Command]:
    """Sets of members, heavy-tailed."""
    for number in range(1 << 40):
        length = min(20_000, int(rng.lognormvariate(4.0, 1.4)) + 1)
        yield "SADD", f"followers:{number}", *(f"u:{rng.getrandbits(40)}" for _ in range(length))


def rankings(rng: random.Random) -> Iterator[Command]:
    """A few large sorted sets."""
    for number in range(1 << 40):
        entries = [part for i in range(5000) for part in (rng.random(), f"player:{i}")]
        yield "ZADD", f"ranking:{number}", *entries


PATTERNS: tuple[tuple[Callable[[random.Random], Iterator[Command]], int], ...] = (
    (sessions, 300_000),
    (pages, 150_000),
    (profiles, 250_000),
    (throttles, 200_000),
    (products, 80_000),
    (inboxes, 15_000),
    (followers, 4_900),
    (rankings, 99),
)
QUEUE = 40_000
"""Messages of a thousand bytes in the one ``celery`` list."""


def text(rng: random.Random, length: float) -> str:
    """So many characters, most of them letters."""
    begin = rng.randrange(len(TEXT) // 2)
    return TEXT[begin : begin + min(len(TEXT) // 2, int(length))]


def commands(share: float = 1.0, seed: int = 0) -> Iterator[Command]:
    """All of the data, or that share of every pattern (of the queue's messages too)."""
    rng = random.Random(seed)
    for make, keys in PATTERNS:
        yield from islice(make(rng), max(1, round(keys * share)))
    for _ in range(0, round(QUEUE * share), 100):
        yield "RPUSH", "celery", *(text(rng, 1000) for _message in range(100))


def load(client: "redis.Redis", share: float = 1.0, seed: int = 0) -> None:
    """Put the data into the server."""
    waiting = commands(share, seed)
    while batch := list(islice(waiting, 1000)):
        pipeline = client.pipeline(transaction=False)
        for command in batch:
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        pipeline.execute()
