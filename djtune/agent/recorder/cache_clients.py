"""redis-py's clients, whose commands are noted as they are answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from .cache import Server, this_process


def address(options: dict[str, Any]) -> str:
    """A server's address out of a connection's options, without user and password."""
    database = options.get("db") or 0
    if path := options.get("path"):
        return f"unix://{path}?db={database}"
    host, port = options.get("host") or "localhost", options.get("port") or 6379
    return f"redis://{host}:{port}/{database}"


@lru_cache(maxsize=256)
def address_of_url(url: str) -> str:
    """The same out of what a cache's ``LOCATION`` says first."""
    from redis.connection import parse_url

    try:
        return address(parse_url(url))  # type: ignore[no-untyped-call]
    except ValueError:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


@lru_cache(maxsize=256)
def recorded_class(plain: Any, server: Server, prefix: str = "") -> type:
    """A subclass of one of redis-py's clients, whose commands are noted as they are answered.

    It is made once: each thread has caches of its own, and under ASGI each request.
    """
    methods = _asynchronous if _is_async(plain) else _synchronous
    names = {
        "execute_command": methods(_execute(plain), server.watcher(prefix)),
        "pipeline": _pipeline(plain, server, prefix),
        MARK: True,
    }
    return _subclass(plain, names)


def recorded_client(client: Any) -> Any:
    """The client, whose commands are recorded from now on if the settings ask for it.

    Any of redis-py's, synchronous or asynchronous; settings are looked at now, so that they must be
    set up.
    """
    recording = this_process()
    if recording is None or hasattr(client, MARK):
        return client
    server = recording.server(address(_connection_options(client)))
    client.__class__ = recorded_class(cast(Any, type(client)), server)
    return client


def _connection_options(client: Any) -> dict[str, Any]:
    """Where the client connects to; a cluster's has no pool, but nodes to begin with."""
    if (pool := getattr(client, "connection_pool", None)) is not None:
        return cast(dict[str, Any], pool.connection_kwargs)
    first = next(iter(client.nodes_manager.startup_nodes.values()))
    return {"host": first.host, "port": first.port}


MARK = "_recorded_by_djtune"


def _subclass(plain: type, names: dict[str, Any]) -> type:
    return type(plain.__name__, (plain,), {**names, "__module__": plain.__module__})


def _is_async(plain: type) -> bool:
    return any(base.__module__.startswith("redis.asyncio") for base in plain.__mro__)


def _execute(plain: Any) -> Callable[..., Any]:
    """The method that asks: redis-py's ``execute_command`` does nothing but hand on to it.

    To call it at once saves as much time as noting takes.
    """
    from redis.client import Redis

    inner = getattr(plain, "_execute_command", None)
    if inner is not None and plain.execute_command is Redis.execute_command:
        return cast(Callable[..., Any], inner)
    return cast(Callable[..., Any], plain.execute_command)


def _synchronous(plain: Callable[..., Any], saw: Callable[..., None]) -> Callable[..., Any]:
    def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        reply = plain(self, *args, **options)
        saw(args, reply)
        return reply

    return execute_command


def _asynchronous(plain: Callable[..., Any], saw: Callable[..., None]) -> Callable[..., Any]:
    async def execute_command(self: Any, *args: Any, **options: Any) -> Any:
        reply = await plain(self, *args, **options)
        saw(args, reply)
        return reply

    return execute_command


def _pipeline(plain: Any, server: Server, prefix: str) -> Callable[..., Any]:
    recorded: dict[type, type] = {}

    def pipeline(self: Any, *args: Any, **options: Any) -> Any:
        made = plain.pipeline(self, *args, **options)
        kind = type(made)
        if kind not in recorded:
            recorded[kind] = _pipeline_class(kind, server, prefix)
        made.__class__ = recorded[kind]
        return made

    return pipeline


def _pipeline_class(plain: Any, server: Server, prefix: str) -> type:
    saw = server.pipeline_watcher(prefix)

    def execute(self: Any, *args: Any, **options: Any) -> Any:
        waiting = _commands(self, server)
        replies = plain.execute(self, *args, **options)
        saw(zip(waiting, replies or (), strict=False))
        return replies

    async def execute_async(self: Any, *args: Any, **options: Any) -> Any:
        waiting = _commands(self, server)
        replies = await plain.execute(self, *args, **options)
        saw(zip(waiting, replies or (), strict=False))
        return replies

    is_async = _is_async(plain)
    names: dict[str, Any] = {"execute": execute_async if is_async else execute}
    if at_once := getattr(plain, "immediate_execute_command", None):
        methods = _asynchronous if is_async else _synchronous
        names["immediate_execute_command"] = methods(at_once, server.watcher(prefix))
    return _subclass(plain, names)


def _commands(pipeline: Any, server: Server) -> list[tuple[Any, ...]]:
    """The arguments of each waiting command; a cluster's pipeline keeps them in objects."""
    try:
        strategy = getattr(pipeline, "_execution_strategy", None)  # of a cluster, since redis-py 6
        stack = pipeline.command_stack if strategy is None else strategy._command_queue
        return [tuple(getattr(command, "args", None) or command[0]) for command in stack]
    except Exception:
        server.count_error()
        return []
