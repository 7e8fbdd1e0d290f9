"""Watches the requests that a test makes through Django's handler, whichever client makes them.

The probes are those of the profile; they are in place only while somebody watches.
"""

from __future__ import annotations

import contextlib
import gc
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from threading import Lock
from time import perf_counter
from typing import Any

from django.core.handlers.base import BaseHandler

from djtune.agent import probes
from djtune.agent.clock import CURRENT, Clock
from djtune.agent.probes.patches import Patches
from djtune.agent.probes.tasks import task_factory
from djtune.agent.statements import text_of


class Request:
    """What one request did; counters are final once its answer, or its stream, has been read."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.route = ""
        """As the URLconf has it; empty where no route matched."""
        self.path = ""
        self.status = 0
        self.seconds = 0.0
        """Time in Django's handler, and in the body's iterator where it is streamed."""
        self.bytes: int | None = None
        """Length of the body as a server would send it; ``None`` for a stream not read."""
        self.gzip: int | None = None
        """The same after gzip."""
        self.statements: Counter[tuple[str, str]] = Counter()
        """Alias and SQL of each query, and how often it was made."""
        self.clock = Clock(detail=self)

    @property
    def queries(self) -> dict[str, int]:
        """Queries per database alias, without transaction control."""
        return self.clock.queries

    @property
    def collections(self) -> int:
        """Garbage collections, of all generations."""
        return sum(self.clock.collections)

    @property
    def cache_misses(self) -> int:
        """Values that a cache was asked for and did not have."""
        return self.clock.cache_misses

    @property
    def cache_calls(self) -> int:
        """Values that a cache was asked for."""
        return self.clock.cache_hits + self.clock.cache_misses

    def note_query(self, alias: str, sql: Any, _params: Any) -> None:
        """Keep a query's text, not its values (the probes' protocol)."""
        self.statements[alias, text_of(sql)] += 1

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Nothing but the count is kept (the probes' protocol)."""

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """Count what this thread or task does meanwhile as the request's."""
        token = CURRENT.set(self.clock)
        self.clock.take_thread()
        begun = perf_counter()
        try:
            yield
        finally:
            self.seconds += perf_counter() - begun
            CURRENT.reset(token)

    def answered(self, request: Any, response: Any) -> None:
        """Note the answer; a stream is followed while the test reads it."""
        self.path, self.status = request.path, response.status_code
        match = request.resolver_match
        self.route = str(match.route) if match is not None else ""
        if request.method == "HEAD" or response.status_code in (204, 304):
            self.bytes = self.gzip = 0  # RFC 9110, 6.4.1: no body is sent
        elif not response.streaming:
            body = _Body(self)
            body.add(response.content)
            body.end()
        elif response.is_async:
            response.streaming_content = _async_parts(response.streaming_content, self)
        else:
            response.streaming_content = _parts(response.streaming_content, self)


class _Body:
    """Measures a body part by part, plain and packed."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._size = self._packed = 0
        self._packer = zlib.compressobj(6, zlib.DEFLATED, 31)

    def add(self, part: bytes) -> None:
        self._size += len(part)
        self._packed += len(self._packer.compress(part))

    def end(self) -> None:
        self._request.bytes = self._size
        self._request.gzip = self._packed + len(self._packer.flush())


def _parts(parts: Iterator[bytes], request: Request) -> Iterator[bytes]:
    body = _Body(request)
    while True:
        with request.served():
            part = next(parts, None)
        if part is None:
            break
        body.add(part)
        yield part
    body.end()


async def _async_parts(parts: AsyncIterator[bytes], request: Request) -> AsyncIterator[bytes]:
    body = _Body(request)
    while True:
        with request.served():
            part = await anext(parts, None)
        if part is None:
            break
        body.add(part)
        yield part
    body.end()


_lock = Lock()
_watchers: list[list[Request]] = []
_handlers = Patches()
_fresh_heaps = 0


@contextlib.contextmanager
def watched(*, fresh_heap: bool = False) -> Iterator[list[Request]]:
    """Collect the requests made meanwhile, in this thread and others.

    With ``fresh_heap`` the heap is collected before each request, so that its collections are its
    own: how many objects the test had made before does not matter.
    """
    global _fresh_heaps
    requests: list[Request] = []
    with _lock:
        if not _watchers:
            _install()
        _watchers.append(requests)
        _fresh_heaps += fresh_heap
    try:
        yield requests
    finally:
        with _lock:
            _fresh_heaps -= fresh_heap
            _watchers[:] = [watcher for watcher in _watchers if watcher is not requests]
            if not _watchers:
                _remove()


def _install() -> None:
    try:
        probes.install()
        _handlers.wrap(BaseHandler, "get_response", _watch)
        _handlers.wrap(BaseHandler, "get_response_async", _watch_async)
    except BaseException:  # a cache that is misconfigured, say
        _remove()
        raise


def _remove() -> None:
    _handlers.undo()
    probes.remove()


def _begin(django_request: Any) -> Request:
    if _fresh_heaps:
        gc.collect()
    request = Request(django_request.method)
    for watcher in list(_watchers):
        watcher.append(request)
    return request


def _watch(get_response: Callable[..., Any]) -> Callable[..., Any]:
    def watch(self: BaseHandler, request: Any) -> Any:
        if CURRENT.get() is not None:  # a view's own request belongs to the one it serves
            return get_response(self, request)
        noted = _begin(request)
        with noted.served():
            response = get_response(self, request)
        noted.answered(request, response)
        return response

    return watch


def _watch_async(get_response: Callable[..., Any]) -> Callable[..., Any]:
    async def watch(self: BaseHandler, request: Any) -> Any:
        if CURRENT.get() is not None:
            return await get_response(self, request)
        noted = _begin(request)
        with noted.served(), _tasks_apart():
            response = await get_response(self, request)
        noted.answered(request, response)
        return response

    return watch


@contextlib.contextmanager
def _tasks_apart() -> Iterator[None]:
    """Give tasks that run beside a request clocks of their own, so that none confuses another."""
    import asyncio

    loop = asyncio.get_running_loop()
    if loop.get_task_factory() is not None:
        yield
        return
    loop.set_task_factory(task_factory)
    try:
        yield
    finally:
        loop.set_task_factory(None)
