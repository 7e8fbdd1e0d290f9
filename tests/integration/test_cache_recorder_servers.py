"""The cache recorder under gunicorn: four workers together count what the server counts."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
import redis
from helpers import PROJECTS

from djtune.redis_memory.trace import READ
from djtune.redis_memory.tracing.recordings import read_cache_recording, servers_in
from djtune.servers.redis import redis_server

WORKERS = 4
PATIENCE = 30.0


@dataclass
class Service:
    socket: Path
    records: Path
    server: "redis.Redis"

    def get(self, path: str) -> int:
        connection = HTTPConnection("localhost", timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(self.socket))
            connection.request("GET", path)
            return connection.getresponse().status

    def ask(self, number: int) -> None:
        """Each of a core cache, django-redis, a plain client and a session."""
        for path in (
            f"/show/default/{number % 40}/",
            f"/show/other/{number % 40}/",
            f"/profile/{number % 25}/",
            f"/sign-in/alice{number}/",
            "/page/",
        ):
            assert self.get(path) == 200

    def files(self) -> list[Path]:
        return list(self.records.glob("*.cache.jsonl"))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as tried:
        return tried.connect_ex(str(path)) == 0


@contextlib.contextmanager
def running(folder: Path, url: str, sample: float) -> Iterator[Service]:
    """Four workers of two threads each, until the block ends in order."""
    path, records = folder / "socket", folder / "records"
    asked = {"DIRECTORY": str(records), "SAMPLE": sample, "BUFFER_SECONDS": 0.05}
    workers = ["-w", str(WORKERS), "--threads", "2", "-b", f"unix:{path}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "conf.wsgi", *workers, "--log-level", "warning"],
        cwd=PROJECTS / "cached",
        env={**os.environ, "REDIS_URL": url, "CACHE": json.dumps(asked)},
        start_new_session=True,
    )
    try:
        until(lambda: connects(path) or process.poll() is not None)
        assert process.poll() is None
        with redis.Redis.from_url(url) as server:
            yield Service(path, records, server)
        process.terminate()
        process.wait(PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module", params=[1, 0.3])
def recorded(request, tmp_path_factory) -> Iterator[tuple[float, Path, list[int], int]]:
    """A sample, a stopped service's recording, ``INFO``'s counts, and the server's keys."""
    with redis_server() as url:
        with running(tmp_path_factory.mktemp("cached"), url, request.param) as service:

            def all_workers_were_asked() -> bool:
                with ThreadPoolExecutor(8) as pool:
                    list(pool.map(service.ask, range(60)))
                return len(service.files()) == WORKERS

            until(all_workers_were_asked)
        with redis.Redis.from_url(url) as server:
            stats, keys = server.info("stats"), server.dbsize()
        counts = [stats["keyspace_hits"], stats["keyspace_misses"]]
        yield request.param, service.records, counts, keys


def test_workers_together_count_what_the_server_counts(recorded):
    _, records, counts, _ = recorded
    (server,) = servers_in(records)
    hits = server.hits + server.found
    assert [hits, server.reads + server.peeks - hits] == counts


def test_reads_are_all_there_or_their_part(recorded):
    sample, records, _, _ = recorded
    trace = read_cache_recording(records)
    reads = int((trace.op == READ).sum())
    assert trace.notes == []
    if sample == 1:
        assert reads == trace.reads
    else:
        assert 0.1 * trace.reads < reads < 0.6 * trace.reads


def test_workers_agree_on_keys(recorded):
    sample, records, _, keys = recorded
    found = read_cache_recording(records).keys
    if sample == 1:
        assert found == keys
    else:
        assert 0.15 * keys < found < 0.45 * keys
