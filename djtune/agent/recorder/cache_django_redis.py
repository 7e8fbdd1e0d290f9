"""django-redis's backend, with clients that record; imported by those who have it alone."""

from __future__ import annotations

from typing import Any

from django_redis.cache import RedisCache

from .cache_backends import prefix_of, server_of
from .cache_clients import recorded_class


class DjangoRedisCache(RedisCache):  # type: ignore[misc]
    """django-redis's backend, recorded."""

    @property
    def client(self) -> Any:
        """The client, made when it is needed first."""
        is_new = self._client is None
        client = super().client
        if is_new and (server := server_of(client._server)) is not None:
            factory = client.connection_factory
            factory.redis_client_cls = recorded_class(
                factory.redis_client_cls, server, prefix_of(self)
            )
        return client
