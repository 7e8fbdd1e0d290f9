"""The cache recorder inside a project: what caches are asked for comes back as a trace."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import PROJECTS

from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE, Trace
from djtune.redis_memory.tracing.recordings import read_cache_recording, servers_in
from djtune.servers.redis import redis_server

PEOPLE = "alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy"
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


@pytest.fixture
def records(tmp_path) -> Path:
    return tmp_path / "records"


def counted(records: Path) -> list[int]:
    """Hits and misses by the recording, as the server counts them."""
    (server,) = servers_in(records)
    hits = server.hits + server.found
    return [hits, server.reads + server.peeks - hits]


def rows(trace: Trace) -> list[tuple[str, float]]:
    """What each row does, and its TTL in seconds."""
    words = {READ: "read", WRITE: "write", DELETE: "delete", EXPIRE: "expire"}
    pairs = zip(trace.op.tolist(), trace.ttl.tolist(), strict=True)
    return [(words[op], ttl / 1e6) for op, ttl in pairs]


def test_what_is_missed_stored_and_read_again_comes_back_as_two_reads(inside, records):
    inside("stored_and_read")
    trace = read_cache_recording(records)
    assert rows(trace) == [("read", 60), ("read", 60)]
    assert trace.key.tolist() == [0, 0]
    assert trace.size[0] == trace.size[1] > len("site:1:show:7") + len("12345")
    assert trace.cost[0] > 0
    assert (trace.reads, trace.hits) == (2, 1)


@pytest.mark.parametrize("alias", ["default", "other"])
def test_every_operation_is_there(alias, inside, records):
    assert inside("every_operation", ALIAS=alias) == counted(records)
    assert [row for row in rows(read_cache_recording(records)) if row[0] != "read"] == [
        ("write", 20),
        ("write", 20),
        ("write", pytest.approx(10, abs=0.5)),
        ("write", 30),
        ("expire", 40),
        ("expire", 0),
        ("write", 0),
        ("delete", 0),
        ("delete", 0),
        ("delete", 0),
        ("delete", 0),
    ]


@pytest.mark.parametrize("alias", ["default", "other"])
def test_what_is_awaited_is_there_too(alias, inside, records):
    assert inside("every_operation_awaited", ALIAS=alias) == counted(records)
    trace = read_cache_recording(records)
    assert (trace.op == WRITE).sum() == 5
    assert (trace.op == DELETE).sum() == 3


def test_counters_keep_the_time_that_they_have_left(inside, records):
    assert inside("counters") == counted(records)
    ((_, first), *later) = rows(read_cache_recording(records))
    assert first == 60
    assert [what for what, _ in later] == ["write"] * 2
    assert all(59 < ttl < 60 for _, ttl in later)


def test_plain_clients_pipelines_and_transactions_are_there(inside, records):
    assert inside("plain_clients") == counted(records)
    trace = read_cache_recording(records)
    assert rows(trace)[:2] == [("read", 300)] * 2
    assert trace.size[0] == trace.size[1]
    assert trace.cost[0] > 0


def test_asynchronous_clients_are_there(inside, records):
    assert inside("plain_async_clients") == counted(records)
    assert rows(read_cache_recording(records)) == [("read", 7)] * 3


def test_the_cost_of_a_miss_is_the_time_until_its_thread_or_task_stores_the_value(inside, records):
    inside("slow_to_make")
    trace = read_cache_recording(records)
    made = trace.cost[~np.isnan(trace.cost)]
    assert made.size == 4
    assert (made >= 0.03).all()
    assert rows(trace)[-2:] == [("read", 0), ("write", 60)]


def test_sessions_and_cached_pages_are_there_under_their_names(inside, records):
    assert inside("sessions_and_pages") == counted(records)
    found = {pattern.removeprefix("site:1:") for pattern in read_cache_recording(records).patterns}
    assert found == {
        "django.contrib.sessions.cache*",
        "views.decorators.cache.cache_page.*",
        "views.decorators.cache.cache_header.*",
    }


def test_nothing_personal_is_in_the_files(inside, records):
    inside("names", SECRET="hush-hush", PEOPLE=PEOPLE)
    text = "".join(file.read_text() for file in records.iterdir())
    for word in (*PEOPLE.split(), "user1", "example.org", "hush"):
        assert word not in text
    assert "site:1:user:*:likes" in read_cache_recording(records).patterns


def test_a_part_of_the_keys_is_recorded_with_all_of_their_reads(inside, records):
    inside("a_part", CACHE=json.dumps({"DIRECTORY": str(records), "SAMPLE": 0.1}))
    trace = read_cache_recording(records)
    assert 60 < trace.keys < 140  # binomial, n = 1000, p = 0.1: within four standard deviations
    assert np.bincount(trace.key).tolist() == [10] * trace.keys
    assert (trace.rate, trace.reads, trace.hits) == (0.1, 10_000, 0)


def test_a_fork_records_for_itself(inside, records):
    assert inside("forked") == counted(records) == [0, 4]
    assert read_cache_recording(records).keys == 4
    assert len(list(records.iterdir())) == 2


def test_nothing_is_recorded_while_djtune_replays(inside, records):
    assert inside("replayed")
    assert not records.exists()


def test_without_a_directory_clients_are_left_as_they_are(inside, records):
    assert inside("not_asked_for", CACHE="{}") == [True, True]


def test_its_own_errors_are_counted_and_the_call_is_answered(inside):
    assert inside("own_error") == 1
