"""What users install to record their caches: ``CACHES = djtune.cache.recorded(CACHES)``."""

from typing import Any

from djtune.agent.recorder.cache_backends import RedisCache, django_redis_cache, recorded
from djtune.agent.recorder.cache_clients import recorded_client

__all__ = ["RedisCache", "recorded", "recorded_client"]


def __getattr__(name: str) -> Any:
    if name == "DjangoRedisCache":
        return django_redis_cache()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
