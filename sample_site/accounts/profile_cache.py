"""Profiles in Redis, one hash each: ``profile:<id>`` → region, isp, subscriptions …"""

from functools import cache
from typing import cast

import redis
from django.conf import settings

SECONDS = 300
"""Static for a session, and safe to read afresh every five minutes."""


@cache
def client() -> redis.Redis:
    plain = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    if not settings.DJTUNE:
        return plain
    from djtune.cache import recorded_client

    return cast(redis.Redis, recorded_client(plain))


def read(user_id: int) -> dict[str, str]:
    """The hash's fields; empty where there is none."""
    return cast(dict[str, str], client().hgetall(_key(user_id)))


def write(user_id: int, fields: dict[str, str]) -> None:
    with client().pipeline() as pipeline:
        pipeline.hset(_key(user_id), mapping=fields)
        pipeline.expire(_key(user_id), SECONDS)
        pipeline.execute()


def _key(user_id: int) -> str:
    return f"profile:{user_id}"
