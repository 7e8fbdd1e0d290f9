"""What was read from a cache is counted key by key, whichever client asks."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio
from django.core.cache.backends.locmem import LocMemCache

from djtune.agent.clock import CURRENT, Clock
from djtune.agent.probes.cache import _install_redis, _timed_get, _timed_get_many
from djtune.agent.probes.patches import Patches
from djtune.servers.redis import find_redis, redis_server

READS = [
    (("get", "one"), [("one",)], 0),
    (("get", "empty"), [("empty",)], 0),
    (("get", "none"), [], 1),
    (("mget", ["one", "none", "two"]), [("one",), ("two",)], 1),
    (("hgetall", "hash"), [("hash",)], 0),
    (("hgetall", "none"), [], 1),
    (("hmget", "hash", ["a", "none"]), [("hash", "a")], 1),
    (("hget", "hash", "a"), [("hash", "a")], 0),
]
"""A call, the keys that are found, and how many are not."""


class Found:
    """Stands where the detail pass collects repeats."""

    def __init__(self) -> None:
        self.keys: list[Any] = []

    def note_cache_get(self, key: Any, hit: bool) -> None:
        if hit:
            self.keys.append(key)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock(detail=Found())
    token = CURRENT.set(clock)
    yield clock
    CURRENT.reset(token)


@pytest.fixture
def patches() -> Iterator[Patches]:
    patches = Patches()
    yield patches
    patches.undo()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if not find_redis():
        pytest.skip("no redis-server or valkey-server on PATH")
    with redis_server() as url:
        with redis.Redis.from_url(url) as client:
            client.mset({"one": 1, "two": 2, "empty": ""})
            client.hset("hash", "a", "1")
        yield url


def counted(clock: Clock) -> tuple[list[Any], int, int]:
    return clock.detail.keys, clock.cache_hits, clock.cache_misses


@pytest.mark.parametrize(("call", "found", "missed"), READS)
def test_reads_by_redis_py(
    url: str, patches: Patches, clock: Clock, call: Any, found: list[Any], missed: int
) -> None:
    name, *arguments = call
    _install_redis(patches)
    with redis.Redis.from_url(url) as client:
        getattr(client, name)(*arguments)
    assert counted(clock) == (found, len(found), missed)


@pytest.mark.parametrize(("call", "found", "missed"), READS)
def test_reads_by_its_asyncio(
    url: str, patches: Patches, clock: Clock, call: Any, found: list[Any], missed: int
) -> None:
    name, *arguments = call

    async def read() -> None:
        async with redis.asyncio.Redis.from_url(url) as client:
            await getattr(client, name)(*arguments)

    _install_redis(patches)
    asyncio.run(read())
    assert counted(clock) == (found, len(found), missed)


def test_reads_of_many_by_djangos_cache(patches: Patches, clock: Clock) -> None:
    cache = LocMemCache("reads", {})
    cache.set_many({"one": 1, "nothing": None})
    patches.wrap(LocMemCache, "get", _timed_get)
    patches.wrap(LocMemCache, "get_many", _timed_get_many)
    values = cache.get_many(key for key in ("one", "nothing", "none"))
    assert values == {"one": 1, "nothing": None}
    assert counted(clock) == (["one", "nothing"], 2, 1)
