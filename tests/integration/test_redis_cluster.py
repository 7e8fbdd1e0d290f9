"""Clusters of real servers: every primary is visited, and a share of the names is a fair one."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import redis
from redis.crc import key_slot
from redis_helpers import cluster, port_of, server_params, until

from djtune.redis_memory.server.connecting import connected
from djtune.redis_memory.server.names import names, slotwise
from djtune.redis_memory.server.pace import Budget
from djtune.redis_memory.server.questions import measure
from djtune.redis_memory.server.server import Key, Server

FAST = Budget(milliseconds_per_second=1000)
TENANTS, LARGE_EVERY = 300, 10
SMALL, LARGE = 20, 200
pytestmark = pytest.mark.timeout(60)


def fill_by_tenant(node: redis.Redis) -> None:
    """Keys of 300 tenants, each in one slot: every tenth has ten times as many, and larger ones."""
    with redis.RedisCluster(host="127.0.0.1", port=port_of(node), protocol=2) as client:
        pipeline = client.pipeline()
        for tenant in range(TENANTS):
            large = tenant % LARGE_EVERY == 0
            for number in range(LARGE if large else SMALL):
                pipeline.set(f"{{{tenant}}}:{number}", "x" * (1000 if large else 10))
        pipeline.execute()


def address(node: redis.Redis) -> str:
    return f"redis://127.0.0.1:{port_of(node)}"


def listed(
    visit: Server, cap: int | None = None, seed: int = 1
) -> Iterator[tuple[int, int, bytes]]:
    for some in names(visit, cap, random.Random(seed)):
        for name in some.names:
            yield some.node, some.database, name


def share_of_large(found: list[Key]) -> float:
    tenants = [int(name[1 : name.index(b"}")]) for _, _, name in found]
    return sum(tenant % LARGE_EVERY == 0 for tenant in tenants) / len(tenants)


@pytest.fixture(scope="module", params=server_params())
def three(request: pytest.FixtureRequest) -> Iterator[list[redis.Redis]]:
    """Three primaries, without replicas."""
    with cluster(binary=request.param) as nodes:
        fill_by_tenant(nodes[0])
        yield nodes


def test_all_keys_of_all_primaries_are_listed(three: list[redis.Redis]) -> None:
    with connected(address(three[1]), [], FAST) as visit:
        everything = list(listed(visit))
        assert visit.facts.cluster
        assert [node.keys for node in visit.facts.nodes] == [node.dbsize() for node in three]
    assert len(everything) == len(set(everything)) == 270 * SMALL + 30 * LARGE


def test_a_share_of_the_names_is_a_fair_one(three: list[redis.Redis]) -> None:
    with connected(address(three[0]), [], FAST) as visit:
        truth = share_of_large(list(listed(visit)))
        drawn = list(listed(visit, 1500))
        slack = 0.02 if slotwise(visit.nodes[0]) else 0.1
        assert len(set(drawn)) == len(drawn)
        assert len(drawn) == pytest.approx(1500, abs=3)
        assert share_of_large(drawn) == pytest.approx(truth, abs=slack)
        assert measure(visit, drawn).rows.size == len(drawn)


def test_a_large_slot_is_asked_for_its_share_a_thousand_names_at_a_time(
    three: list[redis.Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("djtune.redis_memory.server.names.COUNT", 20)
    with connected(address(three[0]), [], FAST) as visit:
        if not slotwise(visit.nodes[0]):
            pytest.skip("this version keeps one table")
        truth = share_of_large(list(listed(visit)))
        drawn = list(listed(visit, 3000))
    assert len(set(drawn)) == len(drawn)
    assert len(drawn) == pytest.approx(3000, abs=3)
    assert share_of_large(drawn) == pytest.approx(truth, abs=0.02)


@pytest.mark.parametrize("cap", [None, 3000])
def test_what_a_visit_lists_first_comes_from_slots_of_all_parts_of_a_node(
    cap: int | None, three: list[redis.Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("djtune.redis_memory.server.names.COUNT", 20)
    monkeypatch.setattr("djtune.redis_memory.server.names.BLOCK", 20)
    with connected(address(three[0]), [], FAST) as visit:
        if not slotwise(visit.nodes[0]):
            pytest.skip("this version keeps one table")
        found = list(listed(visit, cap))
    assert len(found) == len(set(found))
    slots = [key_slot(name) for node, _, name in found if node == 0]
    first = slots[: len(slots) // 3]
    assert max(first) - min(first) > 0.6 * (max(slots) - min(slots))
    assert len(set(slots[len(slots) // 3 :]) & set(first)) < len(set(first)) / 5


def test_a_prefix_of_scan_is_no_fair_share_where_tables_go_by_slot(
    three: list[redis.Redis],
) -> None:
    with connected(address(three[0]), [], FAST) as visit:
        if not slotwise(visit.nodes[0]):
            pytest.skip("this version keeps one table")
        (_, prefix) = visit.nodes[0].ask([("SCAN", 0, "COUNT", 1000)], 0)[0]
        drawn = list(listed(visit, 1000))
    assert len({name[: name.index(b"}")] for name in prefix}) < TENANTS / 4
    assert len({name[: name.index(b"}")] for _, _, name in drawn}) > TENANTS / 2


def test_a_primary_without_a_replica_is_asked_itself(three: list[redis.Redis]) -> None:
    with connected(address(three[0]), [], FAST, replicas=True) as visit:
        assert not any(node.facts.replica for node in visit.nodes)
        assert len(visit.facts.notes) == 3


def test_keys_that_moved_to_another_node_are_gone(three: list[redis.Redis]) -> None:
    with connected(address(three[0]), [], FAST) as visit:
        node, database, name = next(listed(visit))
        found = measure(visit, [(node, database, name), (1 - node, database, name)])
    assert (found.rows.tolist(), found.gone) == ([0], 1)


def replicas_listed(node: redis.Redis) -> bool:
    shards: list[Any] = node.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
    return all(len(shard) > 3 for shard in shards)


@pytest.mark.slow
def test_sizes_may_come_from_replicas_and_idle_times_may_not() -> None:
    with cluster(replicas=3) as nodes:
        fill_by_tenant(nodes[0])
        for node in nodes[:3]:
            until(lambda node=node: node.wait(1, 1000) == 1)
        for node in nodes[3:]:
            until(lambda node=node: node.info("replication")["master_link_status"] == "up")
        # A node lists no replica before it has heard how much that one has replicated.
        until(lambda: replicas_listed(nodes[0]))
        with connected(address(nodes[0]), [], FAST, replicas=True) as visit:
            assert all(node.facts.replica for node in visit.nodes)
            found = measure(visit, list(listed(visit, 300))).columns
            assert np.isfinite(found.bytes).all()
            assert np.isnan(found.idle).all()
        with connected(address(nodes[4]), [], FAST) as visit:
            assert not any(node.facts.replica for node in visit.nodes)
