"""Sends a request through Django's ASGI handler on an event loop of its own, to its last byte."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from time import perf_counter_ns, process_time_ns
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db import connections

from . import limit, login, markers
from .clock import CURRENT, new_clock
from .exchange import Exchange, Target, set_off_checks
from .player import Request
from .probes.tasks import SERVES_REQUEST, Stepped, task_factory
from .scheduler import queue_delay
from .transactions import Rollback
from .wsgi import decoded_path


class ReplayedRequest(ASGIRequest):
    """A request whose user may be signed in by djtune itself."""

    def __init__(self, scope: dict[str, Any], body_file: Any) -> None:
        super().__init__(scope, body_file)
        set_off_checks(self, scope["djtune.user"])


class Driver:
    """Serves requests one at a time, each rolled back, on one event loop."""

    interface = "asgi"

    def __init__(self, target: Target, rollback: Rollback) -> None:
        self._target = target
        self._rollback = rollback
        self._handler = ASGIHandler()
        self._handler.request_class = ReplayedRequest
        self._loop = asyncio.new_event_loop()
        self._loop.set_task_factory(task_factory)
        self._marker: markers.Marker | None = None

    def close(self) -> None:
        """Close the event loop."""
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def mark(self, marker: markers.Marker | None) -> None:
        """Run bare requests below ``marker`` from now on: see :mod:`.markers`."""
        self._marker = marker
        self._loop.set_task_factory(markers.task_factory if marker else task_factory)

    def serve(self, request: Request, *, timed: bool, detail: Any = None) -> Exchange:
        """Serve one request and roll it back."""
        task = self._loop.create_task(self._serve(request, timed, detail))
        alarm = self._loop.call_later(limit.SECONDS, task.cancel)
        try:
            return self._finish(task)
        except asyncio.CancelledError:
            raise limit.NotDoneError from None
        finally:
            alarm.cancel()

    def _finish(self, task: asyncio.Task[Exchange]) -> Exchange:
        """Run the loop until the task is done.

        SystemExit in any task stops the loop; those that await the task have yet to hear of it.
        """
        while True:
            try:
                return self._loop.run_until_complete(task)
            except SystemExit:
                if task.done():
                    raise

    async def _serve(self, request: Request, timed: bool, detail: Any) -> Exchange:
        # The handler's own context joins this one, so that the transaction's thread serves.
        async with ThreadSensitiveContext():
            scope = await sync_to_async(self._begin)(request)
            try:
                return await self._exchange(scope, request, timed, detail)
            finally:
                await sync_to_async(self._end)()

    def _begin(self, request: Request) -> dict[str, Any]:
        try:
            self._rollback.begin()
            scope = self._scope(request, login.headers_for(request.login, request.user_pk))
            scope["djtune.user"] = login.forced_user(request.login, request.user_pk)
        except BaseException:
            self._end()
            raise
        queue_delay()
        return scope

    def _end(self) -> None:
        login.forget_sessions()
        self._rollback.end()
        # The thread ends with the request, and its connections with it.
        connections.close_all()

    async def _exchange(
        self, scope: dict[str, Any], request: Request, timed: bool, detail: Any
    ) -> Exchange:
        exchange = Exchange()
        body: list[bytes] = []
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.headers = [
                    (key.decode("latin-1"), value.decode("latin-1"))
                    for key, value in message["headers"]
                ]
            elif message["type"] == "http.response.body":
                body.append(message.get("body", b""))

        others = asyncio.all_tasks()
        queue_delay()
        context = copy_context()
        task = context.run(self._start_task, scope, receive, send, exchange, timed, detail)
        try:
            await task
        except asyncio.CancelledError:
            await _stop(asyncio.all_tasks() - others)
            raise
        exchange.take_body(request.method, body)
        return exchange

    def _start_task(
        self,
        scope: dict[str, Any],
        receive: Any,
        send: Any,
        exchange: Exchange,
        timed: bool,
        detail: Any,
    ) -> asyncio.Task[None]:
        served = self._timed(scope, receive, send, exchange, timed, detail)
        return asyncio.Task(served, loop=self._loop)

    async def _timed(
        self,
        scope: dict[str, Any],
        receive: Any,
        send: Any,
        exchange: Exchange,
        timed: bool,
        detail: Any,
    ) -> None:
        cpu, wall = process_time_ns(), perf_counter_ns()
        clock = new_clock(detail) if timed else None
        CURRENT.set(clock)
        # Up to 6.0 Django serves a request in a task of its own, later in the one that it is in.
        SERVES_REQUEST.set(_serves_in_a_task())
        try:
            handled = self._handler(scope, receive, send)
            if self._marker is not None:
                handled = markers.serve(self._marker, handled)
            if clock is None or _serves_in_a_task():
                await handled
            else:
                await Stepped(handled, clock)
        finally:
            exchange.wall_ns = perf_counter_ns() - wall
            exchange.cpu_ns = process_time_ns() - cpu
            if clock is not None:
                exchange.wall_ns = clock.stop()
                exchange.clock = clock

    def _scope(self, request: Request, extra: dict[str, str]) -> dict[str, Any]:
        headers = self._target.headers(request, extra)
        if request.content_type:
            headers["Content-Type"] = request.content_type
        headers["Content-Length"] = str(len(request.body))
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": self._target.scheme,
            "path": decoded_path(request.path).decode("utf-8", "replace"),
            "raw_path": request.path.encode(),
            "query_string": request.query.encode(),
            "root_path": "",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in headers.items()
            ],
            "client": ("127.0.0.1", 0),
            "server": (self._target.host, 443 if self._target.scheme == "https" else 80),
        }


async def _stop(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel what a request has begun: a stream without an end would run beside the next ones."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=1)


def _serves_in_a_task() -> bool:
    import django

    return django.VERSION < (6, 1)
