"""Sends a request through Django's WSGI handler as a server would, to its last byte."""

from __future__ import annotations

import io
from time import perf_counter_ns, process_time_ns
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from . import login
from .clock import CURRENT, VIEW, Clock, new_clock
from .exchange import Exchange, Target, set_off_checks
from .limit import time_limit
from .markers import Marker
from .player import Request
from .scheduler import queue_delay
from .transactions import Rollback


class ReplayedRequest(WSGIRequest):
    """A request whose user may be signed in by djtune itself."""

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ)
        set_off_checks(self, environ["djtune.user"])


class Driver:
    """Serves requests one at a time, each rolled back."""

    interface = "wsgi"

    def __init__(self, target: Target, rollback: Rollback) -> None:
        self._target = target
        self._rollback = rollback
        self._handler = WSGIHandler()
        self._handler.request_class = ReplayedRequest
        self._marker: Marker | None = None

    def close(self) -> None:
        """Nothing is left open between requests."""

    def mark(self, marker: Marker | None) -> None:
        """Call bare requests through ``marker`` from now on: see :mod:`.markers`."""
        self._marker = marker

    def serve(self, request: Request, *, timed: bool, detail: Any = None) -> Exchange:
        """Serve one request and roll it back."""
        with time_limit():
            return self._serve(request, timed, detail)

    def _serve(self, request: Request, timed: bool, detail: Any) -> Exchange:
        try:
            self._rollback.begin()
            headers = login.headers_for(request.login, request.user_pk)
            environ = self._environ(request, headers)
            environ["djtune.user"] = login.forced_user(request.login, request.user_pk)
            exchange = Exchange()
            queue_delay()
            cpu = process_time_ns()
            clock = exchange.clock = new_clock(detail) if timed else None
            token = CURRENT.set(clock)
            try:
                body = self._timed(environ, exchange, clock)
            finally:
                exchange.cpu_ns = process_time_ns() - cpu
                CURRENT.reset(token)
        finally:
            login.forget_sessions()
            self._rollback.end()
        exchange.take_body(request.method, body)
        return exchange

    def _timed(
        self, environ: dict[str, Any], exchange: Exchange, clock: Clock | None
    ) -> list[bytes]:
        body: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            exchange.status = int(status.split(" ", 1)[0])
            exchange.headers = headers
            return body.append

        if clock is None:
            start = perf_counter_ns()
            if self._marker is None:
                self._handle(environ, start_response, body)
            else:
                self._marker(self._handle, environ, start_response, body)
            exchange.wall_ns = perf_counter_ns() - start
        else:
            clock.start()
            self._handle(environ, start_response, body, clock)
            exchange.wall_ns = clock.stop()
        return body

    def _handle(
        self,
        environ: dict[str, Any],
        start_response: Any,
        body: list[bytes],
        clock: Clock | None = None,
    ) -> None:
        response = self._handler(environ, start_response)
        try:
            if clock is not None and getattr(response, "streaming", False):
                clock.enter(VIEW)
                body.extend(response)
                clock.leave()
            else:
                body.extend(response)
        finally:
            response.close()

    def _environ(self, request: Request, extra: dict[str, str]) -> dict[str, Any]:
        scheme, host = self._target.scheme, self._target.host
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": decoded_path(request.path).decode("latin-1"),
            "QUERY_STRING": request.query,
            "SERVER_NAME": host,
            "SERVER_PORT": "443" if scheme == "https" else "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if request.content_type:
            environ["CONTENT_TYPE"] = request.content_type
        for name, value in self._target.headers(request, extra).items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ


def decoded_path(path: str) -> bytes:
    """A quoted path as the bytes that servers put into ``PATH_INFO``."""
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(path)
