"""A visit to real servers: everything is seen, nothing is disturbed, little is spent."""

import os
import random
import signal
from threading import Timer

import numpy as np
import pytest
from redis_helpers import IDLE, each_server, every_type, first_server, make_idle, server

from djtune.errors import ExitCode
from djtune.redis_memory.server.connecting import connected
from djtune.redis_memory.server.names import names
from djtune.redis_memory.server.pace import Budget
from djtune.redis_memory.server.questions import MOST_ELEMENTS, ages, lengths_of, measure
from djtune.redis_memory.server.server import Key, Server
from djtune.redis_memory.server.wire import ServerLostError

FAST = Budget(milliseconds_per_second=1000)


def all_keys(visit: Server) -> list[Key]:
    found = names(visit, None, random.Random(1))
    return [(some.node, some.database, name) for some in found for name in some.names]


@each_server()
def test_all_names_of_all_databases_are_listed(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.mset({f"zero:{number}": number for number in range(3000)})
        client.select(5)
        client.mset({f"five:{number}": number for number in range(1200)})
        with connected(url, [], FAST) as visit:
            keys = all_keys(visit)
            assert visit.facts.databases == {0: 3000, 5: 1200}
    expected = {(0, 0, b"zero:%d" % number) for number in range(3000)}
    expected |= {(0, 5, b"five:%d" % number) for number in range(1200)}
    assert set(keys) == expected


@each_server()
def test_a_cap_draws_each_key_with_the_same_chance(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.mset({f"rare:{number}": number for number in range(4000)})
        client.mset({f"often:{number}": number for number in range(16000)})
        with connected(url, [], FAST) as visit:
            drawn = [name for some in names(visit, 4000, random.Random(7)) for name in some.names]
    assert len(drawn) == len(set(drawn))
    assert 4000 <= len(drawn) <= 5000
    rare = sum(name.startswith(b"rare") for name in drawn) / len(drawn)
    assert rare == pytest.approx(0.2, abs=5 * (0.2 * 0.8 / len(drawn)) ** 0.5)


@each_server()
def test_bytes_are_exactly_what_the_server_counts(binary: str) -> None:
    with server(binary=binary) as (url, client):
        every_type(client)
        with connected(url, [], FAST) as visit:
            keys = all_keys(visit)
            found = measure(visit, keys).columns
        whole = [client.memory_usage(name, samples=0) for _, _, name in keys]
        encodings = [client.object("encoding", name).decode() for _, _, name in keys]
    assert found.bytes.tolist() == whole
    assert found.encoding == encodings
    assert not found.samples.any()


@each_server()
def test_no_more_than_ten_thousand_elements_are_looked_at(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.sadd("large", *range(3 * MOST_ELEMENTS))
        with connected(url, [], FAST) as visit:
            found = measure(visit, [(0, 0, b"large")]).columns
        calls = client.memory_usage("large", samples=MOST_ELEMENTS)
    assert found.samples.tolist() == [MOST_ELEMENTS]
    assert found.bytes.tolist() == [calls]


@each_server()
def test_the_visit_leaves_idle_times_as_they_are(binary: str) -> None:
    with server(binary=binary) as (url, client):
        every_type(client)
        make_idle(client, IDLE)
        with connected(url, [], FAST) as visit:
            keys = all_keys(visit)
            columns = measure(visit, keys).columns
            later = ages(visit, keys)
            lengths_of(visit, keys, columns.type)
        after = [client.object("idletime", name) for _, _, name in keys]
    assert min(*columns.idle, *later.idle, *after) >= IDLE


@each_server()
def test_frequencies_are_read_under_lfu_and_left_as_they_are(binary: str) -> None:
    with server("--maxmemory-policy", "allkeys-lfu", binary=binary) as (url, client):
        every_type(client)
        with connected(url, [], FAST) as visit:
            keys = all_keys(visit)
            columns = measure(visit, keys).columns
        after = [client.object("freq", name) for _, _, name in keys]
    assert columns.frequency.tolist() == after
    assert np.isnan(columns.idle).all()


@each_server()
def test_the_servers_hits_are_counted_without_the_visits_own(binary: str) -> None:
    with server(binary=binary) as (url, client):
        every_type(client)
        client.get("raw")
        with connected(url, [], FAST) as visit:
            measure(visit, [*all_keys(visit), (0, 0, b"nobody")])
            ages(visit, all_keys(visit))
            counters = visit.counters()
        assert (counters.hits, counters.misses) == (1, 0)
        assert counters.writes == 311


def test_keys_that_are_gone_are_left_out() -> None:
    with server() as (url, client):
        client.mset({"a": 1, "b": 2, "c": 3})
        with connected(url, [], FAST) as visit:
            keys = [(0, 0, name) for name in (b"a", b"b", b"c")]
            client.delete("b")
            found = measure(visit, keys)
    assert (found.rows.tolist(), found.gone, found.columns.bytes.size) == ([0, 2], 1, 2)


@each_server()
def test_what_the_visit_cost_is_told(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.mset({f"k{number}": number for number in range(20_000)})
        with connected(url, [], FAST) as visit:
            keys = all_keys(visit)
            measure(visit, keys)
            load = visit.load()
    assert load.commands >= 5 * len(keys)
    assert 0 < load.server_seconds < load.wall_seconds
    assert "used_cpu" in load.source


def test_the_load_is_estimated_where_others_are_served_too() -> None:
    with server() as (url, client), connected(url, [], FAST) as visit:
        for _ in range(500):
            client.get("k")
        assert "estimated" in visit.load().source


def test_an_empty_server_has_no_names() -> None:
    with server() as (url, _), connected(url, [], FAST) as visit:
        assert all_keys(visit) == []
        assert measure(visit, []).columns.bytes.size == 0


def test_only_commands_that_read_are_ever_sent() -> None:
    with server() as (url, _), connected(url, [], FAST) as visit:
        for command in [("SET", "a", 1), ("KEYS", "*"), ("CONFIG", "SET", "maxmemory", 1)]:
            with pytest.raises(ValueError, match="not for a visit"):
                visit.ask([(0, 0, command)])


@each_server()
def test_a_server_that_dies_midway_is_told_from_one_that_was_never_there(binary: str) -> None:
    with server(binary=binary) as (url, client):
        client.mset({f"k{number}": number for number in range(5000)})
        with connected(url, [], FAST) as visit:
            listing = names(visit, None, random.Random(1))
            first = next(listing)
            client.shutdown(nosave=True)
            with pytest.raises(ServerLostError) as lost:
                list(listing)
            assert first.names
            assert lost.value.exit_code is ExitCode.INCOMPLETE
            assert "estimated" in visit.load().source


def test_an_interrupted_visit_still_tells_its_load() -> None:
    with server() as (url, client):
        client.mset({f"k{number}": number for number in range(5000)})
        with connected(url, [], Budget(1)) as visit:
            ctrl_c = Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
            ctrl_c.start()
            with pytest.raises(KeyboardInterrupt):
                measure(visit, [(0, 0, b"k1")] * 2000)
            assert visit.load().commands > 0


def test_a_visitor_is_known_by_its_name() -> None:
    with server() as (url, client), connected(url, [], FAST):
        assert "djtune" in {each["name"] for each in client.client_list()}


def test_values_of_any_bytes_come_and_go_unharmed() -> None:
    name, value = bytes(range(256)), b"\r\n$-1\r\n" * 1000
    with server(binary=first_server()) as (url, client):
        client.set(name, value)
        with connected(url, [], FAST) as visit:
            assert visit.ask([(0, 0, ("GET", name)), (0, 0, ("GET", "none"))]) == [value, None]
