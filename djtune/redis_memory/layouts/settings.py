"""Settings by the names that a server knows them by: Redis 6 says ziplist for listpack."""

import re

import redis

OLD = ("listpack", "ziplist")


def limit(settings: dict[str, str], name: str, default: int) -> int:
    """A limit of ``settings``, whatever name the server gave it."""
    return int(settings.get(name) or settings.get(name.replace(*OLD)) or default)


def for_server(settings: dict[str, str], server: str) -> dict[str, str]:
    """Settings as ``server`` (``Redis 6.2.16``) calls them."""
    if not re.match(r"Redis [1-6]\.", server):
        return settings
    return {name.replace(*OLD): value for name, value in settings.items()}


def spelled(client: "redis.Redis", name: str) -> str | None:
    """The name by which the server behind ``client`` knows a setting; ``None``: it has none."""
    return next((each for each in (name, name.replace(*OLD)) if client.config_get(each)), None)
