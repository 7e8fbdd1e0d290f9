"""Profiles of twelve fields, as a site keeps them in Redis."""

import random
import string

from djtune.redis_memory.layouts.entries import Entries, Entry, from_hashes


def profiles(n: int, bio: int, *, expires: bool = False) -> Entries:
    """Hashes whose longest value has ``bio`` bytes."""
    rng = random.Random(7)
    stored = [_profile(number, bio, rng) for number in range(n)]
    objects = from_hashes(stored)
    rows = [Entry(12, *pair, expires) for pair in zip(objects, stored, strict=True)]
    return Entries("profile:*", "hash", rows)


def _profile(number: int, bio: int, rng: random.Random) -> dict[bytes, bytes]:
    def word(letters: int) -> str:
        return "".join(rng.choices(string.ascii_lowercase, k=letters))

    fields = {
        "id": str(number),
        "username": word(10),
        "email": f"{word(8)}@example.com",
        "first_name": word(7),
        "last_name": word(9),
        "plan": rng.choice(["free", "pro", "team"]),
        "locale": "en-GB",
        "timezone": "Europe/Berlin",
        "credits": str(rng.randrange(100_000)),
        "joined": str(rng.randrange(1_600_000_000, 1_700_000_000)),
        "is_active": "1",
        "bio": word(bio),
    }
    return {name.encode(): value.encode() for name, value in fields.items()}
