"""What the cache recorder adds to a cache call: beside the same cache without it, in pairs.

    python -m benchmarks.cache_recorder [--blocks 60] [--calls 400]

For each line of the table two processes, one of them recorded, ask the same Redis over loopback,
by turns: in each block a batch of calls each, in random order. (One process with both would pay
for the interpreter's inline caches, which know one class at a place.) A batch reads keys that are
drawn alike and stores what it misses. The ratio is the geometric mean over blocks of recorded /
plain, with Student's t on the logarithms; CPU time counts all threads of the process, the one that
writes the file included. docs/cache-recorder.md cites this.

Exits with 1 where a line at the default SAMPLE shows more than 1 % of a call's time.
"""

import argparse
import contextlib
import math
import multiprocessing
import random
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from msgspec import Struct

from djtune.agent.recorder.settings import CACHE_DEFAULTS
from djtune.cache import recorded
from djtune.experiments import noise
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
    """A line of the table; times of one call in µs."""

    backend: str
    sample: float
    plain: float
    """Median wall time of a call."""
    wall: Interval
    """Recorded / plain − 1."""
    cpu: Interval
    noise: float


def serve(pipe: Connection, folder: str, url: str, backend: str, sample: float) -> None:
    """A process with one cache: times the batches that it is told to make."""
    import django
    from django.conf import settings

    caches: dict[str, dict[str, Any]]
    caches = {"default": {"BACKEND": BACKENDS[backend], "LOCATION": url}}
    settings.configure(
        SECRET_KEY="for the benchmark only",
        CACHES=recorded(caches) if folder else caches,
        DJTUNE={"CACHE": {"DIRECTORY": folder, "SAMPLE": sample}},
    )
    django.setup()
    while (asked := pipe.recv()) is not None:
        pipe.send(price(*asked))


def price(calls: int, seed: int) -> tuple[float, float]:
    """Wall and CPU time of a call in µs, the same calls for the same seed."""
    from django.core.cache import cache

    draw = random.Random(seed)
    keys = [f"catalogue:show:{draw.randrange(KEYS)}" for _ in range(calls)]
    begin, begin_cpu = perf_counter(), process_time()
    for key in keys:
        if cache.get(key) is None:
            cache.set(key, "x" * 600, 60)
    wall, cpu = perf_counter() - begin, process_time() - begin_cpu
    return 1e6 * wall / calls, 1e6 * cpu / calls


def measure(backend: str, sample: float, blocks: int, calls: int) -> Line:
    """Let two processes ask by turns."""
    port = free_port()
    url, options = f"redis://{LOOPBACK}:{port}", ("--port", str(port), "--bind", LOOPBACK)
    with TemporaryDirectory() as folder, redis_server(*options), contextlib.ExitStack() as stack:
        pipes = {
            name: stack.enter_context(_process(into, url, backend, sample))
            for name, into in (("plain", ""), ("recorded", folder))
        }
        for pipe in pipes.values():
            _ask(pipe, 2 * KEYS, 0)
        heard, rows = [], []
        draw = random.Random(1)
        for block in range(blocks):
            heard.append(noise.probe(0.02))
            order = draw.sample(list(pipes), 2)
            rows.append({name: _ask(pipes[name], calls, block) for name in order})
    wall, cpu = (
        _ratio([math.log(row["recorded"][which] / row["plain"][which]) for row in rows])
        for which in (0, 1)
    )
    lost = noise.total(heard).lost_ms_per_s
    return Line(backend, sample, median(row["plain"][0] for row in rows), wall, cpu, lost)


@contextlib.contextmanager
def _process(folder: str, url: str, backend: str, sample: float) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(target=serve, args=(its, folder, url, backend, sample))
    process.start()
    its.close()  # so that its end shows here
    try:
        yield mine
        mine.send(None)
    finally:
        process.join(10)
        process.kill()


def _ask(pipe: Connection, calls: int, seed: int) -> tuple[float, float]:
    pipe.send((calls, seed))
    wall, cpu = pipe.recv()
    return wall, cpu


def _ratio(logs: list[float]) -> Interval:
    found = mean_interval(logs)
    low, value, high = (math.expm1(each) for each in (found.low, found.value, found.high))
    return Interval(value=value, low=low, high=high, n=found.n)


def describe(lines: list[Line]) -> str:
    """The table, in Markdown."""
    rows = [
        f"| {line.backend} | {line.sample:g} | {line.plain:.0f} µs | {_percent(line.wall)} "
        f"| {_percent(line.cpu)} | {line.noise:.0f} ms |"
        for line in lines
    ]
    head = "| cache | SAMPLE | a call | added, wall | added, CPU | noise a second |"
    return "\n".join([head, "| --- " * 6 + "|", *rows])


def _percent(found: Interval) -> str:
    return f"{found.value:+.2%} [{found.low:+.2%} to {found.high:+.2%}]"


def main() -> int:
    """Measure each line, print the table, judge the default."""
    parser = argparse.ArgumentParser(description="Price the cache recorder.")
    parser.add_argument("--blocks", type=int, default=60)
    parser.add_argument("--calls", type=int, default=400, help="calls of a batch")
    options = parser.parse_args()
    lines = [measure(*line, options.blocks, options.calls) for line in LINES]
    print(describe(lines))
    return 1 if any(line.wall.low > LIMIT for line in lines if line.sample == DEFAULT) else 0


if __name__ == "__main__":
    sys.exit(main())
