"""The cache recorder inside a project: what caches are asked for comes back as a trace."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PROJECTS

from djtune.redis_memory.trace import READ
from djtune.redis_memory.tracing.recordings import read_cache_recording
from djtune.servers.redis import redis_server

PROBE = Path(__file__).with_name("cache_recorder_probe.py")


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(scope="module")
def probe() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-W", "error", str(PROBE)],
        cwd=PROJECTS / "cached",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture
def inside(probe, redis_url, tmp_path) -> Callable[..., Any]:
    """Call a function of :mod:`cache_recorder_probe` in a process of its own."""

    def call(name: str, **env: str) -> Any:
        asked = json.dumps({"DIRECTORY": str(tmp_path / "records"), "SAMPLE": 1})
        env = {"REDIS_URL": redis_url, "CACHE": asked, **env}
        probe.stdin.write(json.dumps({"name": name, "env": env}) + "\n")
        probe.stdin.flush()
        answer = probe.stdout.readline()
        assert answer, "the call failed: stderr says why"
        return json.loads(answer)

    return call


def test_what_is_missed_stored_and_read_again_comes_back_as_two_reads(inside, tmp_path):
    inside("stored_and_read")
    trace = read_cache_recording(tmp_path / "records")
    assert trace.op.tolist() == [READ, READ]
    assert trace.key.tolist() == [0, 0]
    assert trace.size[0] == trace.size[1] > len("site:1:show:7") + len("12345")
    assert trace.ttl.tolist() == [60_000_000] * 2
    assert trace.cost[0] > 0
    assert (trace.reads, trace.hits) == (2, 1)
