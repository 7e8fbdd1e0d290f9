"""An earlier result against what became of it."""

from pathlib import Path

import msgspec
import pytest

from djtune.errors import DjtuneError
from djtune.experiments.host import read_machine
from djtune.redis_memory.advice import Advice, Policy, Size
from djtune.redis_memory.curves import Rules
from djtune.redis_memory.estimated import Amount, Estimates, PatternEstimate, Spread
from djtune.redis_memory.observed import Load
from djtune.redis_memory.result import Counters, Node, RedisSizeResult, ServerResult
from djtune.redis_memory.verifying import load_result, verify

MB = 2**20


def result(counters: Counters) -> ServerResult:
    size = Size("idle times", 100 * MB, [], [], 120 * MB, hit_ratio=Amount(0.9, 0.88, 0.92))
    return ServerResult(
        address="h:6379",
        uses=[],
        nodes=[Node("Redis", "7.0.15", False, 10, 1000, "jemalloc")],
        cluster=False,
        databases={"0": 10},
        policy=counters.policy,
        maxmemory=counters.maxmemory,
        refused=[],
        estimates=None,
        sampled=10,
        names=10,
        load=Load(),
        counters=counters,
        advice=Advice(Policy(Rules("allkeys-lru"), [], changes=True), size),
    )


def seen(hits: int, misses: int, **given: object) -> Counters:
    counters = Counters("run", hits, misses, 0, 0, 50 * MB, 100 * MB, "allkeys-lru", 1000.0)
    return msgspec.structs.replace(counters, **given)


def test_the_ratio_since_then_is_held_against_the_promise() -> None:
    found = verify(result(seen(100, 900)), result(seen(9100, 1900, time=4600.0)))
    assert found.seconds == 3600.0
    hits = found.checked[0]
    assert (hits.what, hits.n, hits.observed, hits.within) == ("hit ratio", 10_000, 0.9, True)


def test_a_promise_that_was_not_kept_is_said() -> None:
    found = verify(result(seen(0, 0)), result(seen(8000, 2000)))
    assert not found.checked[0].within


def test_after_a_restart_the_counters_stand_for_themselves() -> None:
    found = verify(result(seen(50_000, 0)), result(seen(9000, 1000, run_id="other")))
    assert found.checked[0].observed == 0.9
    assert "set to zero" in found.checked[0].note


def test_too_few_reads_are_no_verdict() -> None:
    found = verify(result(seen(0, 0)), result(seen(9, 1)))
    assert [each.what for each in found.checked] == ["used_memory"]
    assert "too few" in found.notes[0]


def test_another_policy_than_advised_is_not_held_against_the_promise() -> None:
    found = verify(result(seen(0, 0)), result(seen(9000, 1000, policy="allkeys-random")))
    assert [each.what for each in found.checked] == ["used_memory"]
    assert any("allkeys-lru had been advised" in note for note in found.notes)


def holding(keys: float, ttl: float = 0.0) -> Estimates:
    amount, spread = Amount(keys, keys, keys), Spread(100)
    size = Amount(1000 * keys, 0.0, 0.0)
    ttls = Amount(ttl, ttl, ttl)
    pattern = PatternEstimate(
        "seen:*", "other", amount, size, size, ttls, 100, spread, spread, spread, ttls
    )
    return Estimates([pattern], amount, size, size, None)


@pytest.mark.parametrize(
    ("before", "after", "ttl", "told"),
    [(100, 300, 0.0, True), (100, 300, 1.0, False), (300, 100, 0.0, False)],
)
def test_what_grows_without_ttls_is_told(before: int, after: int, ttl: float, told: bool) -> None:
    earlier = msgspec.structs.replace(result(seen(0, 0)), estimates=holding(before))
    later = seen(0, 0, time=1000.0 + 43_200)
    now = msgspec.structs.replace(result(later), estimates=holding(after, ttl))
    grown = [note for note in verify(earlier, now).notes if "grows" in note]
    assert grown == (
        ["seen:* grows without TTLs: 200 keys more, 400 kB a day at that pace"] if told else []
    )


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = RedisSizeResult(machine=read_machine(), servers=[result(seen(1, 2))])
    file = tmp_path / "before.json"
    file.write_bytes(msgspec.json.encode(written))
    assert load_result(file) == written


@pytest.mark.parametrize("content", ["", "[]", '{"servers": 3}'])
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(DjtuneError, match="no result of djtune redis-size"):
        load_result(file)
