"""What users install to record their caches: ``CACHES = djtune.cache.recorded(CACHES)``."""

from typing import Any

from djtune.agent.recorder.cache_backends import RedisCache, recorded
from djtune.agent.recorder.cache_clients import recorded_client

__all__ = ["RedisCache", "recorded", "recorded_client"]


def __getattr__(name: str) -> Any:
    # django-redis is there for those alone whose settings name it.
    if name == "DjangoRedisCache":
        from djtune.agent.recorder.cache_django_redis import DjangoRedisCache

        return DjangoRedisCache
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
