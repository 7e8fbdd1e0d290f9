"""Django's caches, and redis-py used beside them; a call made inside another counts once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..clock import CACHE, CURRENT, Clock
from .patches import Patches, in_phase

_MISSING = object()
OTHERS = (
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
        _note(clock, key, hit)
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
        for key in keys:
            _note(clock, key, key in found)
        return found

    return timed


def _note(clock: Clock, key: Any, hit: bool) -> None:
    root = clock.root
    if hit:
        root.cache_hits += 1
    else:
        root.cache_misses += 1
    if clock.detail is not None:
        clock.detail.note_cache_get(key, hit)


def _note_redis(clock: Clock, args: tuple[Any, ...], reply: Any) -> None:
    """Note what a command of redis-py's read, key by key; a hash's fields are keys too."""
    command, keys = args[0], args[1:]
    if command in ("GET", "HGET", "HGETALL"):
        _note(clock, keys, reply is not None and reply != {})
    elif command in ("MGET", "HMGET") and isinstance(reply, list):
        name, keys = (keys[:1], keys[1:]) if command == "HMGET" else ((), keys)
        for key, value in zip(keys, reply, strict=False):
            _note(clock, (*name, key), value is not None)


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
        _note_redis(clock, args, reply)
        return reply

    return timed


def _timed_async_redis(execute: Callable[..., Any]) -> Callable[..., Any]:
    async def timed(self: Any, *args: Any, **options: Any) -> Any:
        clock = CURRENT.get()
        if clock is None or clock.stack[-1] == CACHE:
            return await execute(self, *args, **options)
        clock.enter(CACHE)
        try:
            reply = await execute(self, *args, **options)
        finally:
            clock.leave()
        _note_redis(clock, args, reply)
        return reply

    return timed


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


def _install_redis(patches: Patches) -> None:
    if "redis.client" in sys.modules:
        client = sys.modules["redis.client"]
        patches.wrap(client.Redis, "execute_command", _timed_redis)
        patches.wrap(client.Pipeline, "execute", in_phase(CACHE))
    if "redis.asyncio.client" in sys.modules:
        client = sys.modules["redis.asyncio.client"]
        patches.wrap(client.Redis, "execute_command", _timed_async_redis)
        patches.wrap(client.Pipeline, "execute", _async_in_cache)


def install(patches: Patches) -> None:
    """Wrap the classes of the configured caches, and redis-py where the app has imported it."""
    from django.conf import settings
    from django.core.cache import caches

    for backend in {type(caches[alias]) for alias in settings.CACHES}:
        patches.wrap(backend, "get", _timed_get)
        patches.wrap(backend, "get_many", _timed_get_many)
        for name in OTHERS:
            patches.wrap(backend, name, in_phase(CACHE))
    _install_redis(patches)
