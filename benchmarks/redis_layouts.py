"""Does a sample tell what a layout takes? Twelve-field profiles of 100,000 users, loaded for real.

Each layout is loaded by code of this file's own, which shares nothing with djtune's, into a server
of its own, for all users; ``real`` is the growth of ``used_memory`` a user. ``djtune`` is what
a trial says from 1,000 of them. Once with every value of at most 64 bytes, once with one of 120,
which turns every hash into a table; without and with a TTL.

Needs the ``redis`` extra. Run it from the repository; about four minutes for each server::

    python -m benchmarks.redis_layouts [--users 100000] [--server /path/to/redis-server]...
"""

import argparse
import json
import pickle
import random
import string
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import redis

from djtune.redis_memory.layouts.entries import Entries, Entry, from_hashes
from djtune.redis_memory.layouts.result import LayoutTrial
from djtune.redis_memory.layouts.trial import Conditions, trial
from djtune.redis_memory.layouts.versions import Binary, asked, installed
from djtune.servers.redis import redis_server

Profile = dict[str, Any]
Load = Callable[[Any, str, Profile], None]
RAISED = "256"
SAMPLED = 1000
TTL = 10**6
"""Seconds."""


def main() -> None:
    """Print one table: bytes a user by loading all, by djtune from a sample, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--server", action="append", default=[])
    options = parser.parse_args()
    servers = [asked(path) for path in options.server] or installed()[:1]
    for server in servers:
        assert server is not None
        compare(server, options.users)


def compare(server: Binary, users: int) -> None:
    """The table of one server."""
    print(f"\n{server.name}, {users:,} users, djtune from {SAMPLED:,} of them; bytes a user")
    print(f"{'layout':32}{'real':>8}{'djtune':>8}{'ratio':>8}{'to hash':>9}  recommended")
    worst = 0.0
    for bio, expires in ((40, False), (120, False), (120, True)):
        said = answer(server, bio, expires, users)
        found = {each.name: each.bytes.value for each in said.layouts}
        first = 0.0
        for name, (load, raised) in LAYOUTS.items():
            if name not in found:
                continue
            real = loaded(server, load, raised, bio, expires, users)
            first = first or real
            ratio = found[name] / real
            worst = max(worst, abs(ratio - 1))
            chosen = "yes" if said.recommendation.layout == name else ""
            label = f"bio {bio}{', TTL' if expires else ''}: {name}"
            print(
                f"{label:32}{real:8.1f}{found[name]:8.1f}{ratio:8.3f}{real / first:9.2f}  {chosen}"
            )
    print(f"largest difference: {worst:.1%}")


def answer(server: Binary, bio: int, expires: bool, users: int) -> LayoutTrial:
    """What djtune says from a sample."""
    some = [
        {name.encode(): str(value).encode() for name, value in profile.items()}
        for _, profile in random.Random(1).sample(list(profiles(bio, users)), SAMPLED)
    ]
    rows = [Entry(14, *pair, expires) for pair in zip(from_hashes(some), some, strict=True)]
    asked_for = Conditions(server.name, {}, users, users)
    return trial(Entries("profile:*", "hash", rows), asked_for, binaries=[server])


def loaded(server: Binary, load: Load, raised: bool, bio: int, expires: bool, users: int) -> float:
    """Growth of ``used_memory`` a user, all of them loaded and looked up."""
    limit = ("--hash-max-listpack-value", RAISED) if raised else ()
    with (
        redis_server(*limit, "--hz", "100", binary=server.path) as url,
        redis.Redis.from_url(url) as client,
    ):
        if server.version >= (7, 0, 0):
            client.config_set("latency-tracking", "no")
        before = used(client)
        with redis.Redis.from_url(url) as loader, loader.pipeline(transaction=False) as pipeline:
            for number, (key, profile) in enumerate(profiles(bio, users)):
                load(pipeline, key, profile)
                if expires:
                    for each in keys(load, key, profile):
                        pipeline.expire(each, TTL)
                if load is by_hash:
                    pipeline.hmget(key, list(profile))
                if number % 500 == 499:
                    pipeline.execute()
            pipeline.execute()
        return (used(client) - before) / users


def used(client: Any) -> int:
    """``used_memory`` once it stands still: a table of a million keys is moved for seconds."""
    last = -1
    while (now := int(client.info("memory")["used_memory"])) != last:
        last = now
        time.sleep(3)
    return now


def profiles(bio: int, users: int) -> Iterator[tuple[str, Profile]]:
    """Keys and profiles of as many users, the same ones each time."""
    rng = random.Random(bio)

    def word(letters: int) -> str:
        return "".join(rng.choices(string.ascii_lowercase, k=letters))

    for number in range(users):
        profile = {
            "id": number,
            "username": word(10),
            "email": f"{word(8)}@example.com",
            "first_name": word(7),
            "last_name": word(9),
            "plan": rng.choice(["free", "pro", "team"]),
            "locale": "en-GB",
            "timezone": "Europe/Berlin",
            "credits": rng.randrange(100_000),
            "joined": rng.randrange(1_600_000_000, 1_700_000_000),
            "is_active": 1,
            "bio": word(bio),
        }
        yield f"user:{number:09d}", profile


def keys(load: Load, key: str, profile: Profile) -> list[str]:
    """The keys that a profile takes."""
    return [f"{key}:{name}" for name in profile] if load is by_key else [key]


def by_hash(client: Any, key: str, profile: Profile) -> None:
    """One hash."""
    client.hset(key, mapping=profile)


def by_key(client: Any, key: str, profile: Profile) -> None:
    """A key for each field."""
    for name, value in profile.items():
        client.set(f"{key}:{name}", value)


def blob(encode: Callable[[Profile], bytes]) -> Load:
    """One string."""

    def load(client: Any, key: str, profile: Profile) -> None:
        client.set(key, encode(profile))

    return load


def compact(profile: Profile) -> bytes:
    """JSON without spaces."""
    return json.dumps(profile, separators=(",", ":")).encode()


LAYOUTS: dict[str, tuple[Load, bool]] = {
    "present": (by_hash, False),
    "hash_raised": (by_hash, True),
    "json": (blob(compact), False),
    "pickle": (blob(lambda profile: pickle.dumps(profile, 5)), False),
    "msgpack": (blob(msgspec.msgpack.encode), False),
    "msgpack_array": (blob(lambda profile: msgspec.msgpack.encode([*profile.values()])), False),
    "json_zlib": (blob(lambda profile: zlib.compress(compact(profile))), False),
    "key_per_field": (by_key, False),
}
"""djtune's name of a layout → how it is loaded, and whether the listpack limit is raised."""

if __name__ == "__main__":
    main()
