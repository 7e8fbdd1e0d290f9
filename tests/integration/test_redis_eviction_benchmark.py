"""The benchmark of eviction: its held clock, and a cell of it against the simulator."""

import shutil

import pytest

from benchmarks.redis_eviction import Cell, Lab
from benchmarks.redis_replay import clock_library, server
from benchmarks.redis_traces import Scale
from djtune.servers.redis import find_redis

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (find_redis() and shutil.which("cc")), reason="needs Redis and cc"),
]


def test_a_server_lives_in_the_time_that_the_replay_holds(tmp_path):
    with server(clock_library(tmp_path)) as asked:
        asked.ask([("SET", "kept", "1"), ("SET", "short", "1", "EX", "100")])
        for step in range(900):
            asked.clock.reach(step * 100_000)
            asked.ask([("PING",)])
        assert int(asked.ask([("OBJECT", "IDLETIME", "kept")])[0]) == pytest.approx(90, abs=1)
        assert asked.ask([("EXISTS", "short")]) == [b"1"]

        asked.clock.reach(101_000_000)

        assert asked.ask([("EXISTS", "short")]) == [b"0"]


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "volatile-ttl"])
def test_the_simulator_agrees_with_a_server_of_which_it_has_the_requests(tmp_path, policy):
    scale = Scale(keys=20_000, requests=60_000, seconds=300)
    lab = Lab(scale, tmp_path, tmp_path / "results.jsonl", None)

    row = lab.row(Cell("stationary", 0.5, policy))

    assert row.difference == pytest.approx(0, abs=1.0)
    assert lab.kept(row.cell) == row
