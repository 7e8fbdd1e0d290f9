"""Django's caches, and redis-py used beside them; a call made inside another counts once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..clock import CACHE, CURRENT, Clock
from .patches import Patches, in_phase

_MISSING = object()
_OTHERS = (
    "add",
    "set",
    "touch",
    "delete",
    "set_many",
    "delete_many",
    "has_key",
    "incr",
    "decr",
    "clear",
)


def _timed_get(get: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, key: Any, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == CACHE:
            return get(self, key, default, *args, **kwargs)
        clock.enter(CACHE)
        try:
            value = get(self, key, _MISSING, *args, **kwargs)
        finally:
            clock.leave()
        hit = value is not _MISSING
        _count(clock, hits=int(hit), misses=int(not hit))
        if clock.detail is not None:
            clock.detail.note_cache_get(key, hit)
        return value if hit else default

    return timed


def _timed_get_many(get_many: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, keys: Any, *args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == CACHE:
            return get_many(self, keys, *args, **kwargs)
        keys = list(keys)
        clock.enter(CACHE)
        try:
            found = get_many(self, keys, *args, **kwargs)
        finally:
            clock.leave()
        _count(clock, hits=len(found), misses=len(keys) - len(found))
        return found

    return timed


def _count(clock: Clock, *, hits: int, misses: int) -> None:
    clock.root.cache_hits += hits
    clock.root.cache_misses += misses


def _async_in_cache(function: Callable[..., Any]) -> Callable[..., Any]:
    async def timed(*args: Any, **kwargs: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == CACHE:
            return await function(*args, **kwargs)
        clock.enter(CACHE)
        try:
            return await function(*args, **kwargs)
        finally:
            clock.leave()

    return timed


_REDIS_READS = frozenset(("GET", "HGET", "HGETALL", "HMGET"))


def _timed_redis(execute: Callable[..., Any]) -> Callable[..., Any]:
    def timed(self: Any, *args: Any, **options: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == CACHE:
            return execute(self, *args, **options)
        clock.enter(CACHE)
        try:
            reply = execute(self, *args, **options)
        finally:
            clock.leave()
        if len(args) > 1 and args[0] in _REDIS_READS:
            hit = bool(reply)
            _count(clock, hits=int(hit), misses=int(not hit))
            if clock.detail is not None:
                clock.detail.note_cache_get(args[1:], hit)
        return reply

    return timed


def _install_redis(patches: Patches) -> None:
    if "redis.client" in sys.modules:
        client = sys.modules["redis.client"]
        patches.wrap(client.Redis, "execute_command", _timed_redis)
        patches.wrap(client.Pipeline, "execute", in_phase(CACHE))
    if "redis.asyncio.client" in sys.modules:
        client = sys.modules["redis.asyncio.client"]
        patches.wrap(client.Redis, "execute_command", _async_in_cache)
        patches.wrap(client.Pipeline, "execute", _async_in_cache)


def install(patches: Patches) -> None:
    """Wrap the classes of the configured caches, and redis-py where the app has imported it."""
    from django.conf import settings
    from django.core.cache import caches

    for backend in {type(caches[alias]) for alias in settings.CACHES}:
        patches.wrap(backend, "get", _timed_get)
        patches.wrap(backend, "get_many", _timed_get_many)
        for name in _OTHERS:
            patches.wrap(backend, name, in_phase(CACHE))
    _install_redis(patches)
