"""Django's cache backends for Redis, with clients that record."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.core.cache.backends.redis import RedisCache as CoreRedisCache
from django.utils.functional import cached_property

from .cache import Server, this_process
from .cache_clients import address_of_url, recorded_class

BACKENDS = {
    "django.core.cache.backends.redis.RedisCache": "djtune.cache.RedisCache",
    "django_redis.cache.RedisCache": "djtune.cache.DjangoRedisCache",
}
"""Backend → the one that records in its place."""


def recorded(caches: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """``CACHES`` with backends that record; those that are not Redis stay as they are."""
    return {
        alias: {**options, "BACKEND": BACKENDS.get(backend, backend)}
        if (backend := options.get("BACKEND", ""))
        else options
        for alias, options in caches.items()
    }


def server_of(locations: Any) -> Server | None:
    """The server that a cache writes to; ``None`` where nothing is to be recorded."""
    recording = this_process()
    if recording is None:
        return None
    first = next(iter(locations), "")
    return recording.server(address_of_url(str(first)))


def prefix_of(cache: Any) -> str:
    """What the keys of a cache begin with, unless a function of the project's makes them."""
    made = str(cache.make_key("", None))
    return made if made.endswith(":") else ""


class RedisCache(CoreRedisCache):
    """Django's own backend, recorded."""

    @cached_property
    def _cache(self) -> Any:
        this: Any = self
        client: Any = super()._cache
        server = server_of(this._servers)
        if server is not None:
            client._client = recorded_class(client._client, server, prefix_of(self))
        return client


@cache
def django_redis_cache() -> type:
    """django-redis's backend, recorded; made for those alone who have django-redis.

    Raises:
        ImportError: django-redis is not there.

    """
    from django_redis.cache import RedisCache

    class DjangoRedisCache(RedisCache):  # type: ignore[misc]
        _client_cls: Any

        def __init__(self, server: Any, params: dict[str, Any]) -> None:
            super().__init__(server, params)
            plain = self._client_cls

            def connected(*args: Any) -> Any:
                client = plain(*args)
                if (server := server_of(client._server)) is not None:
                    factory = client.connection_factory
                    classes = (factory.redis_client_cls, server, prefix_of(self))
                    factory.redis_client_cls = recorded_class(*classes)
                return client

            self._client_cls = connected

    return DjangoRedisCache
