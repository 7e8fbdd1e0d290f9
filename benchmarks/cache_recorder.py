"""What the cache recorder adds to a cache call, timed where it happens.

    python -m benchmarks.cache_recorder [--blocks 40] [--calls 500]

For each line of the table a process of its own reads keys, drawn alike, through Django's cache from
a Redis on loopback, and stores what it misses. The recorder's part of each call is timed from
within, behind the reply's system call, where the processor's caches are cold; the clock's own price
is taken off. (The difference of two processes, one recorded, is less than what tells two processes
apart.) Shares are means over blocks, with Student's t. The last column is the same part in a tight
loop. docs/cache-recorder.md cites this.

Exits with 1 where a line of Django's own cache at the default SAMPLE is surely above 1 %.
"""

import argparse
import math
import multiprocessing
import random
import sys
from statistics import fmean, median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Any

from msgspec import Struct

from djtune.agent.recorder.settings import CACHE_DEFAULTS
from djtune.experiments.intervals import Interval, mean_interval
from djtune.servers.ports import LOOPBACK, free_port
from djtune.servers.redis import redis_server

LIMIT = 0.01
DEFAULT: float = CACHE_DEFAULTS["SAMPLE"]
KEYS = 2000
BACKENDS = {
    "core": "django.core.cache.backends.redis.RedisCache",
    "django-redis": "django_redis.cache.RedisCache",
}
LINES = [(backend, sample) for backend in BACKENDS for sample in (DEFAULT, 0.1, 1.0)]


class Line(Struct):
    """A line of the table; times in µs."""

    backend: str
    sample: float
    call: float
    """Median time of a call, the recorder's part included."""
    part: Interval
    """The recorder's part of a call."""
    share: Interval
    """Of the call's time."""
    tight: float
    """The part of a read that is not sampled, in a tight loop."""


def serve(url: str, backend: str, sample: float, blocks: int, calls: int) -> Line:
    """Read, in a process of its own, and time the recorder's part."""
    with TemporaryDirectory() as folder:
        spent = timed_parts()
        cache = recorded_cache(url, backend, sample, folder)
        clock = median(-perf_counter_ns() + perf_counter_ns() for _ in range(1001))
        draw = random.Random(1)
        for key in range(KEYS):
            read(cache, key)
        calls_took, parts, shares = [], [], []
        for _ in range(blocks):
            spent.clear()
            took = [read(cache, draw.randrange(KEYS)) for _ in range(calls)]
            part = max(0.0, fmean(spent) - clock)
            calls_took += took
            parts.append(part / 1000)
            shares.append(part / (fmean(took) - 2 * clock))
        return Line(
            backend,
            sample,
            median(calls_took) / 1000,
            mean_interval(parts),
            mean_interval(shares),
            tight_loop(),
        )


def timed_parts() -> list[int]:
    """Have the recorder's part of each call timed; return where its nanoseconds will be."""
    from djtune.agent.recorder import cache_clients

    spent: list[int] = []

    def timed(plain: Any, saw: Any) -> Any:
        def execute_command(self: Any, *args: Any, **options: Any) -> Any:
            reply = plain(self, *args, **options)
            begun = perf_counter_ns()
            saw(args, reply)
            spent.append(perf_counter_ns() - begun)
            return reply

        return execute_command

    cache_clients._synchronous = timed
    return spent


def recorded_cache(url: str, backend: str, sample: float, folder: str) -> Any:
    """A cache that is recorded, of a project of its own."""
    import django
    from django.conf import settings

    from djtune.cache import recorded

    wanted = {"CACHE": {"DIRECTORY": folder, "SAMPLE": sample}}
    settings.configure(SECRET_KEY="a benchmark's", DJTUNE=wanted, USE_TZ=True, CACHES={})
    settings.CACHES = recorded({"default": {"BACKEND": BACKENDS[backend], "LOCATION": url}})
    django.setup()
    from django.core.cache import caches

    return caches["default"]


def read(cache: Any, key: int) -> int:
    """Read a key and store it if it is not there; nanoseconds of the read."""
    begun = perf_counter_ns()
    value = cache.get(f"page:{key}")
    took = perf_counter_ns() - begun
    if value is None:
        cache.set(f"page:{key}", "x" * 500, 3600)
    return took


def tight_loop(times: int = 200_000) -> float:
    """µs of the part of a read whose key is not sampled, again and again."""
    from djtune.agent.recorder import cache

    recording = cache.this_process()
    assert recording is not None
    saw = recording.server("redis://tight:6379/0").watcher()
    chooses = recording.chooses
    key = next((k for n in range(KEYS) if not chooses((k := f":1:page:{n}").encode())), "")
    if not key:
        return float("nan")
    args = ("GET", key)
    begun = perf_counter_ns()
    for _ in range(times):
        saw(args, b"")
    return (perf_counter_ns() - begun) / times / 1000


def describe(lines: list[Line]) -> str:
    """The table, in Markdown."""
    rows = [
        f"| {line.backend} | {line.sample:g} | {line.call:.0f} µs | {_figure(line.part, 1, ' µs')} "
        f"| {_figure(line.share, 100, ' %')} | {_tight(line)} |"
        for line in lines
    ]
    head = "| cache | SAMPLE | a call | the recorder's part | share | in a tight loop |"
    return "\n".join([head, "| --- " * 6 + "|", *rows])


def _tight(line: Line) -> str:
    return "–" if math.isnan(line.tight) else f"{line.tight:.2f} µs"


def _figure(found: Interval, times: float, unit: str) -> str:
    value, low, high = (times * each for each in (found.value, found.low, found.high))
    return f"{value:.2f}{unit} [{low:.2f}–{high:.2f}]"


def main() -> int:
    """Measure each line, print the table, judge the default."""
    parser = argparse.ArgumentParser(description="Price the cache recorder.")
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--calls", type=int, default=500, help="calls of a block")
    options = parser.parse_args()
    port = free_port()
    url, server = f"redis://{LOOPBACK}:{port}", ("--port", str(port), "--bind", LOOPBACK)
    lines = []
    for line in LINES:
        context = multiprocessing.get_context("spawn")
        with redis_server(*server), context.Pool(1) as pool:
            lines.append(pool.apply(serve, (url, *line, options.blocks, options.calls)))
    print(describe(lines))
    judged = [each for each in lines if (each.backend, each.sample) == ("core", DEFAULT)]
    return 1 if any(line.share.low > LIMIT for line in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
