"""What the site starts beside itself: a Redis of its own, and processes that end with djtune."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from djtune.errors import DjtuneError
from djtune.servers import ports
from djtune.servers.redis import answers, find_redis, redis_server
from djtune.servers.tether import tethered

needs_redis = pytest.mark.skipif(
    find_redis() is None, reason="no redis-server or valkey-server on PATH"
)


def socket_of(url: str) -> Path:
    return Path(url.removeprefix("unix://"))


@needs_redis
class TestRedis:
    def test_it_answers_while_the_block_lasts(self):
        with redis_server() as url:
            path = socket_of(url)
            assert answers(path)
            assert path.parent.stat().st_mode & 0o777 == 0o700
        assert not path.parent.exists()

    def test_it_keeps_nothing_on_disk(self):
        redis = pytest.importorskip("redis")
        with redis_server() as url, redis.Redis.from_url(url, decode_responses=True) as client:
            assert client.config_get("save", "appendonly") == {"save": "", "appendonly": "no"}

    def test_it_listens_on_no_port(self):
        redis = pytest.importorskip("redis")
        with redis_server() as url, redis.Redis.from_url(url) as client:
            server = psutil.Process(client.info("server")["process_id"])
            assert server.net_connections("inet") == []

    def test_options_are_passed_on(self):
        redis = pytest.importorskip("redis")
        options = ("--maxmemory-policy", "allkeys-lru")
        with (
            redis_server(*options) as url,
            redis.Redis.from_url(url, decode_responses=True) as client,
        ):
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}

    def test_one_that_does_not_start_is_an_error_with_its_own_words(self):
        with (
            pytest.raises(DjtuneError, match="did not start") as raised,
            redis_server("--nonsense"),
        ):
            pass
        assert "nonsense" in raised.value.message


def test_without_a_redis_the_error_says_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DjtuneError, match="on PATH") as raised, redis_server():
        pass
    assert "REDIS_URL" in raised.value.hint


class TestTether:
    def test_the_commands_status_is_passed_on(self):
        with tethered([sys.executable, "-c", "raise SystemExit(7)"]) as process:
            assert process.wait(timeout=30) == 7

    def test_leaving_the_block_ends_the_command_and_what_it_started(self, tmp_path):
        folder = tmp_path / "scratch"
        folder.mkdir()
        grandchild = f"{sys.executable} -c 'import time; time.sleep(100)' & wait"
        with tethered(["sh", "-c", grandchild], folder=folder) as process:
            guardian = psutil.Process(process.pid)
            started = wait_for(guardian, count=2)
        _, alive = psutil.wait_procs(started, timeout=30)
        assert not alive
        assert not folder.exists()

    def test_a_command_that_ignores_sigterm_is_killed(self):
        stubborn = ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 1; done"]
        with tethered(stubborn, stdout=subprocess.PIPE, patience=0.5) as process:
            assert process.stdout is not None
            with process.stdout as output:
                output.readline()
            started = wait_for(psutil.Process(process.pid), count=1)
        _, alive = psutil.wait_procs(started, timeout=30)
        assert not alive


def wait_for(process: psutil.Process, count: int) -> list[psutil.Process]:
    """The process's descendants, once there are ``count``."""
    deadline = time.monotonic() + 30
    while len(found := process.children(recursive=True)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_a_free_port_is_free():
    port = ports.free_port()
    assert ports.is_free(port)
