"""``djtune redis-size`` on real servers: what it says, and what it leaves behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from helpers import Outcome, djtune
from redis_helpers import cluster, each_server, first_server, port_of, server

from djtune.errors import ExitCode
from djtune.redis_memory.result import RedisSizeResult, ServerResult
from djtune.servers.redis import redis_server

SECRET = "s3cret-value"


def fill(client: Any, keys: int = 2000) -> None:
    """What a Django project leaves in its Redis."""
    pipe = client.pipeline(transaction=False)
    for n in range(keys):
        pipe.set(f":1:page:{n}", "x" * (200 + n % 500), ex=300)
        pipe.set(f":1:django.contrib.sessions.cache{n:032x}", f"{SECRET}{n}", ex=1_209_600)
        pipe.hset(f"profile:{n}", mapping={"region": "north", "mail": f"p{n}@example.org"})
        pipe.expire(f"profile:{n}", 300)
    pipe.lpush("celery", *(f"task {n} {SECRET}" for n in range(50)))
    pipe.execute()


def size(url: str, *arguments: str | Path, seconds: float = 2) -> Outcome:
    return djtune("redis-size", url, "--time-budget", str(seconds), *arguments)


def result(outcome: Outcome) -> ServerResult:
    assert outcome.exit_code == ExitCode.DONE, outcome.stderr
    decoded = msgspec.json.decode(outcome.stdout, type=RedisSizeResult)
    (found,) = decoded.servers
    return found


@pytest.fixture(scope="module")
def filled() -> Iterator[tuple[str, Any]]:
    with server("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as (url, client):
        fill(client)
        yield url, client


@pytest.fixture(scope="module")
def seen(filled: tuple[str, Any]) -> ServerResult:
    return result(size(filled[0], "--format", "json"))


def test_patterns_are_counted_exactly(seen: ServerResult) -> None:
    assert seen.estimates is not None
    assert {each.pattern: each.keys.value for each in seen.estimates.patterns} == {
        ":1:page:*": 2000,
        ":1:django.contrib.sessions.cache*": 2000,
        "profile:*": 2000,
        "celery": 1,
    }


def test_used_memory_adds_up(seen: ServerResult) -> None:
    assert seen.estimates is not None
    balance = seen.estimates.balance
    assert balance is not None
    assert balance.covered  # test_redis_looking.py has a census, to half a percent
    assert {"values and names", "TTL entries", "hash tables", "start-up"} <= {
        line.label for line in balance.lines
    }


def test_a_broker_beside_a_cache_is_told_before_all_else(seen: ServerResult) -> None:
    assert seen.findings[0].kind == "queue-evictable"
    assert seen.advice is not None
    assert not seen.advice.policy.rules.policy.startswith("allkeys")


def test_the_result_follows_its_schema(filled: tuple[str, Any]) -> None:
    schema = djtune("schema", "redis-size").json
    jsonschema.validate(size(filled[0], "--format", "json").json, schema)


def test_no_value_and_no_variable_part_of_a_key_is_shown(
    filled: tuple[str, Any], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    outcome = size(filled[0], "--html", page)
    shown = outcome.stdout + outcome.stderr + page.read_text()
    for private in (SECRET, "@example.org", f"{7:032x}", "profile:7"):
        assert private not in shown


@pytest.mark.parametrize("width", [80, 140])
def test_it_fits_the_terminal(
    filled: tuple[str, Any], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = size(filled[0], "--no-color").stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("  djtune")) <= width
    assert any("CONFIG SET maxmemory" in line for line in lines)


@each_server()
def test_every_server_is_left_as_it_was(binary: str) -> None:
    with server(binary=binary) as (url, client):
        fill(client, 300)
        time.sleep(2.1)
        before = client.info("commandstats")
        result(size(url, "--format", "json"))
        idle = [client.object("idletime", f"profile:{n}") for n in range(300)]
        after = client.info("commandstats")
    assert min(idle) >= 2
    writing = {"set", "del", "expire", "hset", "lpush", "flushall"}
    changed = {name for name in after if after[name] != before.get(name)}
    assert not {name.removeprefix("cmdstat_") for name in changed} & writing


def test_a_cluster_is_one_server() -> None:
    with cluster() as nodes:
        url = f"redis://127.0.0.1:{port_of(nodes[0])}"
        import redis

        with redis.RedisCluster(port=port_of(nodes[0]), host="127.0.0.1") as client:
            for n in range(1500):
                client.set(f"item:{n}", "x" * 100, ex=100)
        found = result(size(url, "--format", "json"))
    assert (found.cluster, len(found.nodes)) == (True, 3)
    assert found.estimates is not None
    assert [(p.pattern, p.keys.value) for p in found.estimates.patterns] == [("item:*", 1500)]


def test_an_empty_server_is_no_failure() -> None:
    with server() as (url, _):
        outcome = size(url, seconds=1)
    assert outcome.exit_code == ExitCode.DONE
    assert "empty" in outcome.stdout


def test_bare_it_visits_what_the_settings_name(tmp_path: Path) -> None:
    with server() as (url, client):
        client.set(":1:a:1", "x", ex=50)
        (tmp_path / "manage.py").write_text(
            "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'made_settings')\n"
        )
        (tmp_path / "made_settings.py").write_text(
            "SECRET_KEY = 'x'\nCACHES = {'default': {'BACKEND':"
            f" 'django.core.cache.backends.redis.RedisCache', 'LOCATION': '{url}'}}}}\n"
        )
        outcome = djtune(
            *("redis-size", "--time-budget", "1", "--format", "json"),
            cwd=tmp_path,
            env={"DJANGO_SETTINGS_MODULE": None},
        )
    assert [use.where for use in result(outcome).uses] == ["CACHES['default']"]


def test_without_memory_usage_sizes_are_modelled_if_keys_may_look_used() -> None:
    with server("--rename-command", "MEMORY", "") as (url, client):
        fill(client, 300)
        refused = size(url)
        found = result(size(url, "--touch", "--format", "json"))
    if refused.exit_code != ExitCode.DONE:  # from Redis 7.2 on lengths disturb nothing
        assert "--touch" in refused.stderr
    assert found.estimates is not None
    assert any("modelled" in note for note in [*found.notes, *found.estimates.notes])


def test_what_was_promised_is_held_against_what_came(
    filled: tuple[str, Any], tmp_path: Path
) -> None:
    before = tmp_path / "before.json"
    assert size(filled[0], "--format", "json", "--output", before).exit_code == ExitCode.DONE
    outcome = size(filled[0], "--verify", before)
    assert outcome.exit_code == ExitCode.DONE
    assert "What was promised" in outcome.stdout


class TestRefusals:
    def refused(self, url: str, *arguments: str) -> str:
        outcome = size(url, *arguments)
        assert outcome.exit_code == ExitCode.USAGE, outcome.stdout + outcome.stderr
        assert "Traceback" not in outcome.stderr
        assert "pa55" not in outcome.stdout + outcome.stderr
        return outcome.stderr

    def test_nobody_there(self) -> None:
        assert "127.0.0.1:1" in self.refused("redis://user:pa55@127.0.0.1:1/0")

    def test_no_url(self) -> None:
        assert "redis://" in self.refused("http://:pa55@localhost")

    def test_a_wrong_password(self) -> None:
        with server() as (url, client):
            client.config_set("requirepass", "pa55")
            path = url.removeprefix("unix://")
            assert "password" in self.refused(f"unix://:pa55wrong@{path}")
            assert "password" in self.refused(url)

    def test_no_permission(self) -> None:
        with server() as (url, client):
            client.acl_setuser("weak", enabled=True, passwords=["+pa55"], commands=["+ping"])
            path = url.removeprefix("unix://")
            self.refused(f"unix://weak:pa55@{path}")

    @pytest.mark.parametrize("options", [("--unpickle",), ("--as", "ada"), ("--profile", "/")])
    def test_options_that_say_nothing(self, options: tuple[str, ...]) -> None:
        assert options[0] in self.refused("redis://127.0.0.1:1", *options)

    def test_a_file_that_is_no_result(self, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_text("{}")
        self.refused("redis://127.0.0.1:1", "--verify", str(tmp_path / "x.json"))


def test_a_server_that_dies_leaves_what_was_gathered() -> None:
    with redis_server(binary=first_server()) as url:
        import redis

        with redis.Redis.from_url(url) as client:
            fill(client)
            pid = client.info("server")["process_id"]
        with calling(url, "10") as process:
            wait_for_visit(url)
            os.kill(pid, signal.SIGKILL)
            out, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INCOMPLETE, err
    assert "Cut short" in out


def test_an_interrupted_visit_prints_what_it_has(filled: tuple[str, Any]) -> None:
    with calling(filled[0], "20") as process:
        wait_for_visit(filled[0])
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED, err
    assert re.search(r"profile:\*", out)
    assert "Traceback" not in err


def calling(url: str, seconds: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "djtune.cli", "redis-size", url, "--time-budget", seconds],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def idle_times_asked(client: Any) -> int:
    stats = client.info("commandstats").get("cmdstat_object|idletime", {})
    return int(stats.get("calls", 0))


def wait_for_visit(url: str) -> None:
    """Until idle times are asked for: names and sizes are known then."""
    import redis

    with redis.Redis.from_url(url) as client:
        before = idle_times_asked(client)
        deadline = time.monotonic() + 20
        while idle_times_asked(client) == before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.3)
