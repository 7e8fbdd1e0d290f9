"""One recorded request, from its arrival to the last byte of its answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

from django.utils.functional import LazyObject, empty

from .recording import Recording

CLIENT_LEFT = 499
"""nginx's status for a client that closed the connection before its answer came."""


class Entry:
    """Times a request, counts its answer's bytes, and hands one line over when both are known."""

    __slots__ = ("_begun", "_finished", "_recording", "_request", "_time", "size", "status")

    def __init__(self, recording: Recording, request: Any) -> None:
        self._recording = recording
        self._request = request
        self._finished = False
        self.status = 500
        self.size = 0
        self._time = time.time()
        self._begun = time.perf_counter()

    def answer(self, response: Any) -> None:
        """The app has answered; a streamed body is followed to its end."""
        try:
            self.status = response.status_code
            if response.streaming:
                self._follow(response)
            else:
                self.size = len(response.content)
                self.finish()
        except Exception:
            self._give_up()

    def fail(self, error: BaseException) -> None:
        """There is no answer, or not all of it."""
        left = isinstance(error, asyncio.CancelledError | GeneratorExit)
        self.status = CLIENT_LEFT if left else 500
        self.finish()

    def finish(self) -> None:
        """Record the request, once."""
        if self._finished:
            return
        seconds = time.perf_counter() - self._begun
        self._finished = True
        try:
            self._recording.add(self._line(seconds))
        except Exception:
            self._recording.count_error()

    def _give_up(self) -> None:
        if not self._finished:
            self._finished = True
            self._recording.count_error()

    def _follow(self, response: Any) -> None:
        if getattr(response, "file_to_stream", None) is not None and _length(response) is not None:
            # Counting its parts would keep the server from sending the file by itself.
            self.size = _length(response) or 0
            response._resource_closers.append(self.finish)
            return
        parts = response.streaming_content
        counted = _AsyncParts(parts, self) if response.is_async else _Parts(parts, self)
        response.streaming_content = counted

    def _line(self, seconds: float) -> str:
        """The line as JSON, put together by hand: an encoder costs several times as much."""
        request, digest = self._request, self._recording.digest
        match = request.resolver_match
        route = "null" if match is None else _quoted(str(match.route))
        asked = digest(f"path {request.path}?{request.META.get('QUERY_STRING', '')}")
        visitor = _visitor(request)
        return (
            f'{{"t":{self._time:.3f},"m":{_quoted(request.method)},"r":{route},"s":{self.status:d},'
            f'"b":{self.size:d},"d":{seconds:.6f},"p":"{asked}",'
            f'"u":"{digest(visitor) if visitor else ""}"}}'
        )


_quoted = lru_cache(maxsize=1024)(json.dumps)
"""Routes and methods, of which there are few."""


def _length(response: Any) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _visitor(request: Any) -> str:
    """Who asks, as far as the app itself has found out: no query is made to tell.

    A user whom the app has looked up, else the session whose key the cookie holds, else nobody.
    """
    for name in ("user", "_cached_user", "_acached_user"):
        user = request.__dict__.get(name)
        if isinstance(user, LazyObject):
            user = user.__dict__.get("_wrapped", empty)
        if user is not None and user is not empty:
            key = getattr(user, "pk", None)
            return "" if key is None else f"user {key}"
    session = request.__dict__.get("session")
    key = getattr(session, "session_key", None)
    return f"session {key}" if key else ""


class _Parts:
    """A streamed body that is counted while the server takes it."""

    def __init__(self, parts: Iterator[bytes], entry: Entry) -> None:
        self._parts = parts
        self._entry = entry

    def __iter__(self) -> _Parts:
        return self

    def __next__(self) -> bytes:
        try:
            part = next(self._parts)
        except StopIteration:
            self._entry.finish()
            raise
        except BaseException as error:
            self._entry.fail(error)
            raise
        self._entry.size += len(part)
        return part

    def close(self) -> None:
        """The server is done with the answer, read to its end or not."""
        self._entry.finish()


class _AsyncParts:
    """The same for an asynchronous body."""

    def __init__(self, parts: AsyncIterator[bytes], entry: Entry) -> None:
        self._parts = parts
        self._entry = entry

    def __aiter__(self) -> _AsyncParts:
        return self

    async def __anext__(self) -> bytes:
        try:
            part = await anext(self._parts)
        except StopAsyncIteration:
            self._entry.finish()
            raise
        except BaseException as error:
            self._entry.fail(error)
            raise
        self._entry.size += len(part)
        return part

    def close(self) -> None:
        """The server is done with the answer, read to its end or not."""
        self._entry.finish()
