"""The simulator beside a real server, where the server's clock does not matter.

``benchmarks/redis_eviction.py`` holds LRU, LFU and volatile-ttl against servers with a clock of
their own.
"""

import time
from collections.abc import Iterator

import numpy as np
import pytest
import redis
from made_of_requests import popular, trace_of

from djtune.redis_memory.curves import Policy, Rules
from djtune.redis_memory.simulating.simulate import simulate
from djtune.redis_memory.trace import READ, WRITE
from djtune.servers.redis import find_redis, redis_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_redis() is None, reason="no Redis on PATH"),
]
KEYS = 10_000
TABLE = 8 * 16_384
VALUE = "x" * 500
FETCH = """
if redis.call('GET', KEYS[1]) then return 'hit' end
return redis.pcall('SET', KEYS[1], ARGV[1])['err'] and 'refused' or 'stored'
"""


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    with redis_server() as url, redis.Redis.from_url(url, decode_responses=True) as client:
        yield client


def used(server: redis.Redis) -> int:
    return int(server.info("memory")["used_memory"])


def entry_bytes(server: redis.Redis) -> int:
    """What an entry takes without its share of the table, by loading all of them once."""
    before = used(server)
    server.mset({f"k{key:06}": VALUE for key in range(KEYS)})
    time.sleep(1)
    grown = used(server) - before
    server.execute_command("FLUSHALL", "SYNC")
    time.sleep(0.2)
    return (grown - TABLE) // KEYS


@pytest.mark.parametrize("policy", ["allkeys-random", "noeviction"])
def test_a_real_server_hits_evicts_and_refuses_as_often(server: redis.Redis, policy: Policy):
    trace = popular(60_000, KEYS)
    size = entry_bytes(server)
    trace.size[:] = size
    room = size * KEYS // 5
    fetch = server.register_script(FETCH)
    fetch(["k"], [VALUE])
    server.delete("k")
    server.config_set("maxmemory-policy", policy)
    server.config_set("maxmemory", used(server) + room)
    answers = []
    for start in range(0, trace.key.size, 50):
        pipeline = server.pipeline(transaction=False)
        for key in trace.key[start : start + 50].tolist():
            fetch([f"k{key:06}"], [VALUE], client=pipeline)
        answers += pipeline.execute()
    outcome = simulate(trace, room, Rules(policy))
    assert outcome.hit_ratio == pytest.approx(answers.count("hit") / len(answers), abs=0.01)
    assert outcome.refused == pytest.approx(answers.count("refused"), rel=0.03)
    assert outcome.evicted == pytest.approx(server.info()["evicted_keys"], rel=0.03)


def test_a_real_server_keeps_as_many_expired_entries_for_as_long(server: redis.Redis):
    lives = np.random.default_rng(0).permutation(np.where(np.arange(30_000) < 3_000, 1, 600))
    began = time.time()
    pipeline = server.pipeline(transaction=False)
    for key, life in enumerate(lives.tolist()):
        pipeline.set(f"k{key:06}", VALUE, ex=life)
    pipeline.execute()
    stored = time.time() - began
    time.sleep(6)
    kept, passed = server.dbsize(), time.time() - began
    rows = [(stored, WRITE, key, 500, life) for key, life in enumerate(lives.tolist())]
    outcome = simulate(trace_of([*rows, (passed, READ, 0, 0, 0)]), 1 << 40, Rules("noeviction"))
    assert kept > 27_000 + 1_000
    assert 30_000 - outcome.expired == pytest.approx(kept, abs=300)
