"""A look at real servers: what it finds, what it leaves, and how it ends."""

import pytest
from redis.exceptions import ResponseError
from redis_helpers import cluster, each_server, make_idle, port_of, server

from benchmarks.redis_data import load
from djtune.redis_memory.estimating.estimates import estimate
from djtune.redis_memory.facts import Use
from djtune.redis_memory.looking.look import Asked, look
from djtune.redis_memory.looking.patterns import Patterns
from djtune.redis_memory.looking.sizing import Sizes
from djtune.redis_memory.observed import Seen
from djtune.redis_memory.server.connecting import Budget, connected
from djtune.redis_memory.server.server import Server

GIVEN = [Use("command line", "given")]
PATTERNS = {
    ":1:django.contrib.sessions.cache*",
    ":1:views.decorators.cache.cache_page..GET.*.en-us.UTC",
    "user:*:profile",
    "rl:*",
    ":1:product:*:detail",
    "inbox:*",
    "followers:*",
    "ranking:*",
    "celery",
}


def seen_of(url: str, **asked) -> Seen:
    options = {"seconds": 20, "moments": 1} | asked
    with connected(url, GIVEN, Budget(900)) as found:
        return look(found, Asked(**options))


@each_server()
def test_a_census_reconciles_with_used_memory_on_every_version(binary):
    with server(binary=binary) as (url, client):
        load(client, share=0.04)
        client.connection_pool.disconnect()  # its buffers are large, and not among the figures
        found = estimate(seen_of(url, precision=0, seconds=60))

    assert {pattern.pattern for pattern in found.patterns} == PATTERNS
    assert found.bytes.low == found.bytes.value == found.bytes.high
    assert abs(found.balance.residual) < 0.01 * found.balance.used_memory
    assert found.balance.covered


def test_a_look_estimates_what_a_census_counts_and_leaves_idle_times_alone():
    with server() as (url, client):
        load(client, share=0.002)
        make_idle(client, 1000)
        sampled, census = (estimate(seen_of(url, precision=p)) for p in (0.05, 0))
        idle = [client.object("idletime", name) for name in client.scan_iter(count=1000)]

    assert {pattern.pattern for pattern in sampled.patterns} == PATTERNS
    assert sampled.keys == census.keys
    assert sampled.bytes.value == pytest.approx(census.bytes.value, rel=0.2)
    assert min(idle) >= 1000


def test_with_a_cap_counts_are_estimates():
    with server() as (url, client):
        load(client, share=0.02)
        found = seen_of(url, cap=5000)

    assert found.names <= 6000
    pattern = max(found.patterns, key=lambda each: each.keys)
    assert pattern.keys_low <= 6000 <= pattern.keys_high
    queue = [each for each in found.patterns if each.pattern == "celery"]
    assert [each.keys_high for each in queue] in ([], [1])  # one name is one key
    assert "estimates" in " ".join(found.notes)


def test_sizes_that_take_too_long_end_with_the_time_and_stand_for_the_others():
    with server() as (url, client):
        for number in range(200):
            client.hset(f"user:{number}:cart", mapping={f"item{i:04}": 1 for i in range(2000)})
        truth = client.memory_usage("user:7:cart", samples=0)
        with connected(url, GIVEN, Budget(5)) as visit:
            seen = look(visit, Asked(precision=0, seconds=1, moments=1))
        found = estimate(seen).patterns[0]

    (pattern,) = seen.patterns
    assert 5 <= pattern.whole.bytes.size + pattern.sampled.bytes.size < 200
    assert found.keys.value == 200
    assert found.bytes.value == pytest.approx(200 * truth, rel=0.02)
    assert any("the time was up before" in note for note in seen.notes)


def test_no_key_is_asked_about_twice_when_time_is_up_and_then_is_not():
    with server() as (url, client):
        client.mset({f"user:{n}:cart": n for n in range(300)})
        client.mset({f"page:{n}": n for n in range(40)})
        patterns = Patterns()
        patterns.add(list(client.scan_iter(count=1000)), (0, 0))
        left = [0.0]
        with connected(url, GIVEN, Budget(900)) as visit:
            sizes = Sizes(visit, patterns.groups(), 1.0, lambda: left[0])
            sizes.begin()
            assert 1 <= sizes.measured <= 5
            left[0] = 60.0
            sizes.finish(1000)
    keys, _, _ = sizes.rows()
    assert len(keys) == len(set(keys)) == 340


def test_an_empty_server_is_seen_and_empty():
    with server() as (url, _):
        found = seen_of(url)

    assert found.complete
    assert (found.patterns, found.names) == ([], 0)
    assert estimate(found).bytes.value == 0


def test_a_cluster_is_seen_as_one():
    with cluster() as nodes:
        for number in range(300):
            for node in nodes:
                try:
                    node.set(f"user:{number}:cart", "x" * 100)
                except ResponseError:  # another node's
                    continue
        found = estimate(seen_of(f"redis://127.0.0.1:{port_of(nodes[0])}"))

    assert [(each.pattern, each.keys.value) for each in found.patterns] == [("user:*:cart", 300)]


def test_what_a_server_showed_before_it_died_is_kept():
    with server() as (url, client):
        load(client, share=0.002)

        class Dies:
            def advance(self, steps=1, *, description=None):
                if description.startswith("sizes"):
                    client.shutdown(nosave=True)

        with connected(url, GIVEN, Budget(900)) as found:
            seen = look(found, Asked(), Dies())

    assert not seen.complete
    assert "lost" in seen.cut
    assert {pattern.pattern for pattern in seen.patterns} == PATTERNS


def test_an_interrupt_keeps_what_was_seen():
    with server() as (url, client):
        load(client, share=0.002)

        class Interrupts:
            def advance(self, steps=1, *, description=None):
                if "so far" in description:
                    raise KeyboardInterrupt

        with connected(url, GIVEN, Budget(900)) as found:
            assert isinstance(found, Server)
            seen = look(found, Asked(), Interrupts())

    assert (seen.complete, seen.cut) == (False, "interrupted")
    assert sum(p.whole.bytes.size + p.sampled.bytes.size for p in seen.patterns) > 100
