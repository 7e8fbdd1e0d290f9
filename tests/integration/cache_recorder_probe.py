"""Runs inside ``tests/projects/cached``: what the cache recorder sees, from within.

Reads calls, one a line: ``{"name": "core", "env": {…}}``. Each is made in a fork of this process;
what the function returns is printed as JSON.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import redis

sys.path.insert(0, str(Path.cwd()))
os.environ["DJANGO_SETTINGS_MODULE"] = "conf.settings"


def finish() -> None:
    from djtune.agent.recorder.cache import this_process

    recording = this_process()
    if recording is not None:
        recording.finish()


def plain_client() -> redis.Redis:
    return redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def counted(ask: Callable[[], Any]) -> list[int]:
    """Hits and misses that the server itself counts while ``ask`` runs."""
    with plain_client() as client:
        client.flushall()
        client.config_resetstat()
        ask()
        stats = client.info("stats")
    return [stats["keyspace_hits"], stats["keyspace_misses"]]


def stored_and_read() -> None:
    """A value that is missed, stored and read again."""
    from django.core.cache import cache

    assert cache.get("show:7") is None
    cache.set("show:7", 12345, timeout=60)
    assert cache.get("show:7") == 12345


def every_operation() -> list[int]:
    from django.core.cache import caches

    cache = caches[os.environ["ALIAS"]]

    def ask() -> None:
        assert cache.get_or_set("a", lambda: "made", 10) == "made"
        cache.set_many({"b": 1, "c": [1, 2]}, 20)
        assert cache.get_many(["a", "b", "nowhere"]) == {"a": "made", "b": 1}
        assert not cache.add("a", "again")
        assert cache.add("d", "new", 30)
        assert cache.has_key("d")
        assert "nowhere" not in cache
        cache.touch("d", 40)
        cache.touch("d", None)
        cache.set("e", "never", None)
        cache.set("f", "gone", 0)
        cache.delete("c")
        cache.delete_many(["a", "b"])
        assert cache.get("a", "default") == "default"

    return counted(ask)


def every_operation_awaited() -> list[int]:
    from django.core.cache import caches

    cache = caches[os.environ["ALIAS"]]

    async def ask() -> None:
        assert await cache.aget_or_set("a", lambda: "made", 10) == "made"
        await cache.aset_many({"b": 1, "c": [1, 2]}, 20)
        assert await cache.aget_many(["a", "b", "nowhere"]) == {"a": "made", "b": 1}
        assert not await cache.aadd("a", "again")
        assert await cache.aadd("d", "new", 30)
        assert await cache.ahas_key("d")
        await cache.atouch("d", 40)
        await cache.aset("e", "never", None)
        await cache.adelete("c")
        await cache.adelete_many(["a", "b"])
        assert await cache.aget("a", "default") == "default"

    return counted(lambda: asyncio.run(ask()))


def counters() -> list[int]:
    """A core cache counts with INCRBY, after it has looked whether the key is there."""
    from django.core.cache import cache

    def ask() -> None:
        cache.set("visits", 1, 60)
        assert cache.incr("visits") == 2
        assert cache.decr("visits") == 1

    return counted(ask)


def plain_clients() -> list[int]:
    """redis-py itself: commands, pipelines and transactions."""
    from djtune.cache import recorded_client

    client = recorded_client(plain_client())
    assert type(client).__name__ == "Redis"
    assert isinstance(client, redis.Redis)

    def add_one(pipeline: Any) -> None:
        number = int(pipeline.get("n") or 0)
        pipeline.multi()
        pipeline.set("n", number + 1)

    def ask() -> None:
        assert client.hgetall("profile:1") == {}
        with client.pipeline() as pipeline:
            pipeline.hset("profile:1", mapping={"region": "north", "isp": "a"})
            pipeline.expire("profile:1", 300)
            pipeline.execute()
        assert len(client.hgetall("profile:1")) == 2
        assert client.set("lock", "x", nx=True, px=500)
        assert client.getex("lock", ex=9) == "x"
        assert client.getdel("lock") == "x"
        assert client.mget("lock", "profile") == [None, None]
        client.transaction(add_one, "n")
        assert client.get("n") == "1"
        assert client.ttl("n") == -1
        client.rpush("queue", "a", "b")
        assert client.lrange("queue", 0, -1) == ["a", "b"]

    return counted(ask)


def plain_async_clients() -> list[int]:
    from redis import asyncio as aredis

    from djtune.cache import recorded_client

    async def ask() -> None:
        plain = aredis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
        async with recorded_client(plain) as client:
            assert await client.get("a") is None
            async with client.pipeline() as pipeline:
                await pipeline.set("a", "1").expire("a", 7).get("a").execute()
            assert await client.get("a") == "1"

    return counted(lambda: asyncio.run(ask()))


def slow_to_make() -> None:
    """Values made in 30 ms by threads and tasks, and one that the next request stores."""
    from django.core.cache import cache
    from django.core.signals import request_started

    def make(name: str) -> None:
        assert cache.get(name) is None
        time.sleep(0.03)
        cache.set(name, "x", 60)

    async def make_async(name: str) -> None:
        assert await cache.aget(name) is None
        await asyncio.sleep(0.03)
        await cache.aset(name, "x", 60)

    async def both() -> None:
        await asyncio.gather(make_async("task:1"), make_async("task:2"))

    cache.clear()
    threads = [threading.Thread(target=make, args=(f"thread:{n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(both())
    cache.get("next")
    request_started.send(None)
    cache.set("next", "x", 60)


def sessions_and_pages() -> list[int]:
    """Twelve visitors, each with a session, and a page that is cached whole."""
    from django.test import Client

    def ask() -> None:
        for number in range(12):
            client = Client()
            client.get(f"/sign-in/alice{number}/")
            assert client.get("/me/").content.decode() == f"alice{number}"
        assert client.get("/page/").content == client.get("/page/").content

    return counted(ask)


def names() -> None:
    """Keys that hold names of people, however they are written."""
    from django.core.cache import cache

    for name in (*os.environ["PEOPLE"].split(), *(f"user{n}" for n in range(40))):
        for what in ("feed", "likes"):
            cache.set(f"user:{name}:{what}", f"secret of {name}", 60)
        cache.get(f"{name}@example.org")


def a_part() -> None:
    """Twice ten thousand reads: a thousand keys, ten times each, all missed."""
    from django.core.cache import cache

    cache.clear()
    for _ in range(10):
        for number in range(1000):
            cache.get(f"show:{number}")


def forked() -> list[int]:
    """The parent asks once, its child three times."""
    from django.core.cache import cache

    def ask() -> None:
        cache.get("parent")
        child = os.fork()
        if not child:
            cache.close()
            for number in range(3):
                cache.get(f"child:{number}")
            finish()
            os._exit(0)
        os.waitpid(child, 0)

    return counted(ask)


def replayed() -> bool:
    """Whether a cache's client is redis-py's own while djtune's agent is loaded."""
    from django.core.cache import cache

    sys.modules["djtune_agent"] = sys
    cache.get("a")
    return type(cache._cache.get_client()) is redis.Redis


def not_asked_for() -> list[bool]:
    """Whether the clients of the caches are those that they are without djtune."""
    from django.core.cache import caches

    for alias in ("default", "other"):
        caches[alias].get("a")
    clients = caches["default"]._cache._client, caches["other"].client.get_client()
    return [clients[0] is redis.Redis, type(clients[1]) is redis.Redis]


def own_error() -> int:
    """A fault of the recorder's own, struck in the middle of a call."""
    from django.core.cache import cache

    from djtune.agent.recorder import cache as recorder

    cache.set("a", "b")
    recorder._quoted = None  # type: ignore[assignment]
    assert cache.get("a") == "b"
    recording = recorder.this_process()
    assert recording is not None
    return recording.errors


def call(name: str, env: dict[str, str]) -> None:
    os.environ.update(env)
    django.setup()
    function: Callable[[], Any] = globals()[name]
    found = function()
    finish()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    for line in sys.stdin:
        if not os.fork():
            call(**json.loads(line))
            sys.exit()
        if os.wait()[1]:
            sys.exit("the call failed")
