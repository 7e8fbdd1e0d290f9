"""django-redis's backend, with clients that record; imported by those who have it alone."""

from __future__ import annotations

from typing import Any

from django_redis.cache import RedisCache

from .cache_backends import prefix_of, server_of
from .cache_clients import recorded_class


class DjangoRedisCache(RedisCache):  # type: ignore[misc]
    """django-redis's backend, recorded."""

    _client_cls: Any

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        plain = self._client_cls

        def recorded(*args: Any) -> Any:
            client = plain(*args)
            if (server := server_of(client._server)) is not None:
                factory = client.connection_factory
                classes = (factory.redis_client_cls, server, prefix_of(self))
                factory.redis_client_cls = recorded_class(*classes)
            return client

        self._client_cls = recorded
