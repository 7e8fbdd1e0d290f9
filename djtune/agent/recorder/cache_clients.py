"""redis-py's clients, whose commands are noted as they are answered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .cache import Server, this_process
from .cache_commands import of_command, of_pipeline


def address(options: dict[str, Any]) -> str:
    """A server's address out of a connection's options, without user and password."""
    database = options.get("db") or 0
    if path := options.get("path"):
        return f"unix://{path}?db={database}"
    host, port = options.get("host") or "localhost", options.get("port") or 6379
    return f"redis://{host}:{port}/{database}"


def address_of_url(url: str) -> str:
    """The same out of what a cache's ``LOCATION`` says first."""
    from redis.connection import parse_url

    try:
        return address(parse_url(url))  # type: ignore[no-untyped-call]
    except ValueError:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


class Recorded:
    """A client, in front of one of redis-py's own classes."""

    _djtune_server: Server
    _djtune_prefix = ""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Ask the server, and note what was asked and answered."""
        reply = super().execute_command(*args, **options)  # type: ignore[misc]
        self._djtune_server.saw(of_command, args, reply, prefix=self._djtune_prefix)
        return reply

    def pipeline(self, *args: Any, **options: Any) -> Any:
        """A pipeline that is noted once it is answered."""
        made = super().pipeline(*args, **options)  # type: ignore[misc]
        return _into(made, RecordedPipeline, self._djtune_server, self._djtune_prefix)


class RecordedPipeline:
    """A pipeline, in front of one of redis-py's own."""

    _djtune_server: Server
    _djtune_prefix = ""

    def execute(self, raise_on_error: bool = True) -> Any:
        """Ask the server for all that waits."""
        waiting = _commands(self)
        replies = super().execute(raise_on_error)  # type: ignore[misc]
        pairs = zip(waiting, replies, strict=False)
        self._djtune_server.saw(of_pipeline, pairs, prefix=self._djtune_prefix)
        return replies

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Ask at once, between ``watch`` and ``multi``."""
        reply = super().immediate_execute_command(*args, **options)  # type: ignore[misc]
        self._djtune_server.saw(of_command, args, reply, prefix=self._djtune_prefix)
        return reply


class AsyncRecorded:
    """An asynchronous client, in front of one of redis-py's own classes."""

    _djtune_server: Server
    _djtune_prefix = ""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Ask the server, and note what was asked and answered."""
        reply = await super().execute_command(*args, **options)  # type: ignore[misc]
        self._djtune_server.saw(of_command, args, reply, prefix=self._djtune_prefix)
        return reply

    def pipeline(self, *args: Any, **options: Any) -> Any:
        """A pipeline that is noted once it is answered."""
        made = super().pipeline(*args, **options)  # type: ignore[misc]
        return _into(made, AsyncRecordedPipeline, self._djtune_server, self._djtune_prefix)


class AsyncRecordedPipeline:
    """An asynchronous pipeline, in front of one of redis-py's own."""

    _djtune_server: Server
    _djtune_prefix = ""

    async def execute(self, raise_on_error: bool = True) -> Any:
        """Ask the server for all that waits."""
        waiting = _commands(self)
        replies = await super().execute(raise_on_error)  # type: ignore[misc]
        pairs = zip(waiting, replies, strict=False)
        self._djtune_server.saw(of_pipeline, pairs, prefix=self._djtune_prefix)
        return replies

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Ask at once, between ``watch`` and ``multi``."""
        reply = await super().immediate_execute_command(*args, **options)  # type: ignore[misc]
        self._djtune_server.saw(of_command, args, reply, prefix=self._djtune_prefix)
        return reply


def _commands(pipeline: Any) -> list[tuple[Any, ...]]:
    """The arguments of each waiting command; a cluster's pipeline keeps them in objects."""
    return [
        tuple(getattr(command, "args", None) or command[0]) for command in pipeline.command_stack
    ]


def recorded_class(plain: type, server: Server, prefix: str = "", front: type = Recorded) -> type:
    """A subclass of one of redis-py's clients whose commands are noted."""
    names = {"_djtune_server": server, "_djtune_prefix": prefix}
    return type(plain.__name__, (front, plain), {**names, "__module__": plain.__module__})


def _into(made: Any, front: type, server: Server, prefix: str) -> Any:
    made.__class__ = recorded_class(type(made), server, prefix, front)
    return made


def recorded_client(client: Any) -> Any:
    """The client, whose commands are recorded from now on if the settings ask for it.

    Any of redis-py's, synchronous or asynchronous; settings are looked at now, so that they must be
    set up.
    """
    recording = this_process()
    if recording is None or isinstance(client, Recorded | AsyncRecorded):
        return client
    server = recording.server(address(client.connection_pool.connection_kwargs))
    is_async = type(client).__module__.startswith("redis.asyncio")
    return _into(client, AsyncRecorded if is_async else Recorded, server, "")
