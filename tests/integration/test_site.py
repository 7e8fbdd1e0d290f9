"""``djtune site``: seeding, serving, and leaving nothing behind."""

import os
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from site_helpers import command, djtune_site, environment, running

from djtune.redis_memory.tracing.recordings import read_cache_recording
from djtune.servers.redis import find_redis
from sample_site import ROOT

needs_redis = pytest.mark.skipif(
    find_redis() is None, reason="no redis-server or valkey-server on PATH"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the site's own tables."""
    with sqlite3.connect(folder / "site.sqlite3") as database:
        tables = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name.startswith(("accounts_", "auth_user", "epg_", "playback_", "streaming_"))
        ]
        found = {name: list(database.execute(f"SELECT * FROM {name}")) for name in tables}
    database.close()
    return found


class TestSeed:
    def test_a_size_is_what_it_says(self, data):
        found = rows(data)
        assert len(found["epg_channel"]) == 20
        assert len(found["auth_user"]) == 200
        assert 900 < len(found["epg_programme"]) < 1100

    def test_the_same_size_is_the_same_data(self, data, tmp_path):
        assert djtune_site("seed", "--data", str(tmp_path)).returncode == 0
        assert rows(tmp_path) == rows(data)

    def test_what_is_there_is_left_alone(self, data):
        before = (data / "site.sqlite3").stat().st_mtime_ns
        done = djtune_site("seed", "--data", str(data))
        assert done.returncode == 0
        assert done.stdout == "Already there: small, 2026-03-06, version 1.\n"
        assert (data / "site.sqlite3").stat().st_mtime_ns == before

    def test_it_ends_with_the_command_worth_running_next(self, data):
        done = djtune_site("seed", "--data", str(data))
        command = f"cd {ROOT} && SITE_DATA={data} djtune profile --workload workload.yaml"
        assert done.stderr == f"sample site: next: {command}\n"

    def test_other_data_is_not_overwritten_unless_forced(self, tmp_path):
        assert djtune_site("seed", cwd=tmp_path, SITE_DAY="2026-01-01").returncode == 0
        refused = djtune_site("seed", cwd=tmp_path)
        assert refused.returncode == 2
        assert "--force replaces it" in refused.stderr
        assert djtune_site("seed", "--force", cwd=tmp_path).returncode == 0
        ((_, _, day, _),) = rows(tmp_path / ".djtune-site")["streaming_seed"]
        assert day == "2026-03-06"

    def test_an_unfinished_seed_is_started_again(self, data, tmp_path):
        assert djtune_site("seed", "--data", str(tmp_path)).returncode == 0
        with sqlite3.connect(tmp_path / "site.sqlite3") as database:
            database.execute("DELETE FROM streaming_seed")
            database.execute("DELETE FROM epg_programme WHERE id > 10")
        database.close()
        assert djtune_site("seed", "--data", str(tmp_path)).stdout.startswith("Done: small")
        assert rows(tmp_path)["epg_programme"] == rows(data)["epg_programme"]


class TestRun:
    def test_without_data_it_says_what_to_do(self, tmp_path):
        done = djtune_site("run", "--port", "0", "--data", str(tmp_path))
        assert done.returncode == 2
        assert done.stderr == "error: The database has no data yet.\n  djtune site seed\n"

    def test_a_port_in_use_is_named(self, data):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = djtune_site("run", "--port", str(port), "--data", str(data))
        assert done.returncode == 2
        assert f"port {port} is in use" in done.stderr

    def test_a_switch_that_makes_no_sense_is_named(self, data):
        done = djtune_site("run", "--port", "0", "--data", str(data), SITE_LEAN="maybe")
        assert done.returncode == 2
        assert done.stderr.startswith("error: SITE_LEAN=maybe: must be 1 or 0")

    def test_without_redis_it_says_what_is_off(self, data, tmp_path):
        tools = {"PATH": str(tmp_path)}
        with running(data, SITE_PROFILE_CACHE="1", **tools) as site:
            said = "".join(site.said)
            assert "no redis-server or valkey-server on PATH" in said
            assert "the profile cache is off" in said
            assert site.client.signed_in().get("/api/profile/").status == 200

    @needs_redis
    def test_redis_holds_a_profile_as_a_hash_for_five_minutes(self, data):
        redis = pytest.importorskip("redis")
        with running(data, SITE_PROFILE_CACHE="1") as site:
            profile = site.client.signed_in().get("/api/profile/").json()
            with redis.Redis.from_url(redis_url(site.process.pid), decode_responses=True) as client:
                key = f"profile:{profile['id']}"
                assert client.hget(key, "region") == profile["region"]
                assert 0 < client.ttl(key) <= 300

    @needs_redis
    def test_its_cache_is_recorded_where_that_is_asked_for(self, data, tmp_path):
        recording = {"SITE_RECORD_CACHE": str(tmp_path / "records")}
        with running(data, SITE_PROFILE_CACHE="1", **recording) as site:
            viewer = site.client.signed_in()
            assert [viewer.get("/api/profile/").status for _ in range(3)] == [200] * 3
        trace = read_cache_recording(tmp_path / "records")
        assert (trace.reads, trace.hits) == (trace.op.size, trace.op.size - 1)
        assert trace.ttl.tolist() == [300_000_000] * trace.reads
        assert trace.cost[0] > 0

    @pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_nothing_outlives_it(self, data, ending):
        with running(data) as site:
            started = psutil.Process(site.process.pid).children(recursive=True)
            folders = redis_folders(started)
            assert len(started) > 2
            site.process.send_signal(ending)
            status = site.process.wait(timeout=30)
        assert status == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
        _, alive = psutil.wait_procs(started, timeout=30)
        assert not alive
        assert not [folder for folder in folders if folder.exists()]

    @needs_redis
    def test_its_redis_is_closed_to_others(self, data):
        with running(data) as site:
            (folder,) = redis_folders(psutil.Process(site.process.pid).children(recursive=True))
            assert folder.stat().st_mode & 0o777 == 0o700

    def test_it_runs_anywhere(self, data, tmp_path):
        done = djtune_site("path", cwd=tmp_path)
        assert Path(done.stdout.strip(), "manage.py").is_file()

    def test_a_server_that_dies_is_reported(self, data):
        with running(data) as site:
            servers = [
                process
                for process in psutil.Process(site.process.pid).children(recursive=True)
                if process.cmdline()[1:3] == ["-m", "gunicorn"]
            ]
            for server in servers:
                server.kill()
            assert site.process.wait(timeout=30) == 3


def redis_folders(processes: list[psutil.Process]) -> list[Path]:
    sockets = {
        Path(word)
        for process in processes
        for word in process.cmdline()
        if word.startswith("/") and word.endswith("/redis.sock") and " " not in word
    }
    return [socket.parent for socket in sockets]


def redis_url(pid: int) -> str:
    (folder,) = redis_folders(psutil.Process(pid).children(recursive=True))
    return f"unix://{folder / 'redis.sock'}"


def test_an_interrupted_seed_writes_nothing(tmp_path):
    seeding = subprocess.Popen(
        command("seed", "--size", "medium", "--data", str(tmp_path)),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    # Migrated, and so filling.
    while seeding.poll() is None and not (tmp_path / "site.sqlite3-wal").exists():
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(seeding.pid, signal.SIGINT)
    seeding.communicate(timeout=30)
    assert seeding.returncode == 130
    assert djtune_site("run", "--port", "0", "--data", str(tmp_path)).returncode == 2
