"""What the recorder costs a service: CPU time added to a request, and hops between threads.

    python -m benchmarks.recorder [--blocks 40] [--requests 250]

A process for each line of the table serves an empty view through Django's handler, in blocks: in
each, bare and recorded requests by turns, whole batches of them, in random order. The added time
is the mean difference within blocks, with Student's t over blocks; all threads of the process
count. docs/recorder.md cites this.

Exits with 1 when a hop between threads is added.
"""

import argparse
import asyncio
import io
import multiprocessing
import random
import sys
from collections.abc import Callable
from statistics import fmean
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from msgspec import Struct

from djtune.experiments import noise
from djtune.experiments.intervals import Interval, mean_interval

Batch = Callable[[int], None]
LINES = [(interface, sample) for interface in ("wsgi", "asgi") for sample in (1.0, 0.1)]


class Line(Struct):
    """A line of the table; times in µs of CPU a request."""

    interface: str
    sample: float
    bare: float
    added: Interval
    hops: int
    noise: float


def sync_view(request: Any, pk: int) -> Any:  # noqa: ARG001
    """Do nothing."""
    from django.http import HttpResponse

    return HttpResponse("nothing")


async def async_view(request: Any, pk: int) -> Any:
    """Do nothing, without a hop to a thread."""
    return sync_view(request, pk)


def set_up(folder: str, interface: str, sample: float) -> None:
    """A project of one empty view, recorded as asked for."""
    import django
    from django.conf import settings
    from django.urls import path

    view = async_view if interface == "asgi" else sync_view
    settings.configure(
        SECRET_KEY="for the benchmark only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=(path("shows/<int:pk>/", view),),
        DJTUNE={"RECORD": {"DIRECTORY": folder, "SAMPLE": sample}},
    )
    django.setup()


def wsgi_batch() -> Batch:
    """Requests through a WSGI handler, made with the middleware that the settings name now."""
    from django.core.handlers.wsgi import WSGIHandler

    handler = WSGIHandler()

    def serve(requests: int) -> None:
        for _ in range(requests):
            environ = {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/shows/7/",
                "QUERY_STRING": "page=2",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "wsgi.input": io.BytesIO(),
                "wsgi.errors": sys.stderr,
                "wsgi.url_scheme": "http",
            }
            response = handler(environ, lambda *_: None)  # type: ignore[arg-type]
            b"".join(response)
            response.close()

    return serve


def asgi_batch(loop: asyncio.AbstractEventLoop) -> Batch:
    """The same through an ASGI handler."""
    from django.core.handlers.asgi import ASGIHandler

    handler = ASGIHandler()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/shows/7/",
        "query_string": b"page=2",
        "headers": [],
    }

    async def send(_: Any) -> None:
        return

    async def serve(requests: int) -> None:
        for _ in range(requests):
            messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

            async def receive(messages: Any = messages) -> Any:
                message = next(messages, None)
                return message or await asyncio.Event().wait()

            await handler(dict(scope), receive, send)

    return lambda requests: loop.run_until_complete(serve(requests))


def count_hops(batch: Batch) -> int:
    """Calls of ``sync_to_async`` that one request makes."""
    from asgiref.sync import SyncToAsync

    call, calls = SyncToAsync.__call__, 0

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return await call(self, *args, **kwargs)

    SyncToAsync.__call__ = counted  # type: ignore[method-assign]
    try:
        batch(1)
    finally:
        SyncToAsync.__call__ = call  # type: ignore[method-assign]
    return calls


def measure(interface: str, sample: float, blocks: int, requests: int) -> Line:
    """Serve both ways by turns in this process."""
    with TemporaryDirectory() as folder:
        set_up(folder, interface, sample)
        from django.test import override_settings

        loop = asyncio.new_event_loop()
        batches: dict[str, Batch] = {}
        for name, middleware in (("bare", []), ("recorded", ["djtune.middleware.Recorder"])):
            with override_settings(MIDDLEWARE=middleware):
                batches[name] = wsgi_batch() if interface == "wsgi" else asgi_batch(loop)
                batches[name](requests)
        hops = {name: count_hops(batch) for name, batch in batches.items()}
        heard, rows = [], []
        draw = random.Random(1)
        for _ in range(blocks):
            heard.append(noise.probe(0.02))
            order = draw.sample(list(batches), 2)
            rows.append({name: _price(batches[name], requests) for name in order})
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    return Line(
        interface,
        sample,
        bare=fmean(row["bare"] for row in rows),
        added=mean_interval([row["recorded"] - row["bare"] for row in rows]),
        hops=hops["recorded"] - hops["bare"],
        noise=noise.total(heard).lost_ms_per_s,
    )


def _price(batch: Batch, requests: int) -> float:
    """CPU time of a request in µs, all threads together."""
    begin = process_time()
    batch(requests)
    return 1e6 * (process_time() - begin) / requests


def describe(lines: list[Line]) -> str:
    """The table, in Markdown."""
    rows = [
        f"| {line.interface.upper()} | {line.sample:g} | {line.bare:.0f} µs "
        f"| {line.added.value:+.1f} µs [{line.added.low:.1f} to {line.added.high:.1f}] "
        f"| {line.hops} | {line.noise:.0f} ms |"
        for line in lines
    ]
    head = "| interface | SAMPLE | bare | added | hops added | noise a second |"
    return "\n".join([head, "| --- " * 6 + "|", *rows])


def main() -> int:
    """Measure each line in a process of its own, print the table, judge the hops."""
    parser = argparse.ArgumentParser(description="Price the recorder.")
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--requests", type=int, default=250, help="requests of a batch")
    options = parser.parse_args()
    lines = []
    for interface, sample in LINES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            asked = (interface, sample, options.blocks, options.requests)
            lines.append(pool.apply(measure, asked))
    print(describe(lines))
    return 1 if any(line.hops for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
