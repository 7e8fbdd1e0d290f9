"""From a user's server to layouts and cliffs, without a trace on it."""

import json
import pickle
import zlib
from contextlib import contextmanager

import pytest
from layout_entries import profiles
from redis_helpers import each_server, server

from djtune.errors import DjtuneError
from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.asking import Asked, conditions, layouts
from djtune.redis_memory.layouts.cliffs import cliffs
from djtune.redis_memory.layouts.findings import cliff_finding
from djtune.redis_memory.layouts.possible import forms
from djtune.redis_memory.layouts.reading import read
from djtune.redis_memory.server.connecting import connected


@contextmanager
def visited(load, *options, binary=None):
    """A visit to a server that ``load`` has filled; yields it, its names as keys, and a client."""
    with server(*options, binary=binary) as (url, client):
        if int(client.info("server")["redis_version"][0]) >= 7:
            # Or the first call of each command would take memory of its own.
            client.config_set("latency-tracking", "no")
        load(client)
        names = sorted(client.keys())
        with connected(url, []) as visit:
            yield visit, [(0, 0, name) for name in names], client


def hashes(n, bio, **given):
    def load(client):
        for number, entry in enumerate(profiles(n, bio).entries):
            client.hset(f"profile:{number:04d}", mapping=entry.stored)

    return load


def strings(encode, n=20):
    def load(client):
        for number in range(n):
            value = {"id": number, "tags": ["a", "b"], "title": "a title of a product"}
            client.set(f"product:{number:03d}", encode(value), ex=3600)

    return load


@pytest.mark.parametrize(
    ("encode", "how"),
    [
        (lambda value: json.dumps(value).encode(), "JSON"),
        (lambda value: zlib.compress(json.dumps(value).encode()), "JSON + zlib"),
        (lambda value: b"<p>%d</p>" % value["id"], "text"),
    ],
)
def test_strings_are_known_by_what_is_in_them(encode, how):
    with visited(strings(encode)) as (visit, keys, _):
        entries = read(visit, keys, "product:*")
    assert entries.stored_as == how
    assert len(entries.entries) == 20
    assert all(entry.expires for entry in entries.entries)


def test_pickles_are_not_loaded_unless_allowed():
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    with visited(strings(lambda _: pickle.dumps(Trap()))) as (visit, keys, _):
        entries = read(visit, keys, "product:*")
    assert entries.stored_as == "pickle"
    assert any("--unpickle" in note for note in entries.notes)
    assert all(isinstance(entry.value, bytes) for entry in entries.entries)


def test_lists_have_no_layouts():
    def load(client):
        client.rpush("celery", "task")

    with visited(load) as (visit, keys, _), pytest.raises(DjtuneError, match="type list"):
        read(visit, keys, "celery")


def test_what_is_not_of_the_commonest_kind_is_counted():
    def load(client):
        strings(lambda value: json.dumps(value).encode())(client)
        client.rpush("product:list", "x")
        client.set("product:html", "<p>")

    with visited(load) as (visit, keys, _):
        entries = read(visit, keys, "product:*")
    assert len(entries.entries) == 20
    assert sum("are left out" in note for note in entries.notes) == 2


@each_server()
def test_reading_leaves_idle_times_or_says_so(binary):
    with visited(hashes(10, 40), binary=binary) as (visit, keys, _):
        entries = read(visit, keys, "profile:*")
        said = any("look just used" in note for note in entries.notes)
    assert said is not visit.no_touch


@pytest.mark.slow
@each_server()
def test_a_pattern_is_tried_on_a_server_like_the_users(binary, monkeypatch):
    from djtune.redis_memory.layouts import trial
    from djtune.redis_memory.layouts.versions import asked

    monkeypatch.setattr(trial, "installed", lambda: [asked(binary)])
    with visited(hashes(50, 120), binary=binary) as (visit, keys, client):
        result = layouts(visit, keys, Asked("profile:*", population=50))
        told = sum(client.memory_usage(name, samples=0) for _, _, name in keys) / 50
    assert not result.modelled
    assert result.layouts[0].bytes.value == pytest.approx(told, rel=0.25)
    assert result.recommendation.layout == "hash_raised"


def test_the_users_own_limits_are_tried():
    with visited(hashes(1, 40), "--hash-max-listpack-value", "256") as (visit, keys, _):
        told = conditions(visit.facts, keys, 1)
    found, _ = forms(profiles(5, bio=120), told.settings)
    assert "hash_raised" not in {each.name for each in found}


def put(client, entries):
    """Store hashes and look their fields up, so that tables that have grown are moved."""
    for number, entry in enumerate(entries):
        name = f"profile:{number:04d}"
        client.delete(name)
        client.hset(name, mapping=entry.stored)
        client.hmget(name, list(entry.fields))


def some_long(client):
    put(client, [*profiles(600, 120).entries, *profiles(1400, 40).entries])


def test_a_cliff_is_found_and_what_it_frees_is_what_is_freed():
    with visited(some_long) as (visit, keys, client):
        (cliff,) = cliffs(visit, keys, "profile:*", Amount(2000, 2000, 2000), touching=True)
        before = client.memory_stats()["dataset.bytes"]
        client.config_set("hash-max-listpack-value", cliff.settings["hash-max-listpack-value"])
        put(client, profiles(600, 120).entries)
        freed = before - client.memory_stats()["dataset.bytes"]
    assert cliff.settings == {"hash-max-listpack-value": "128"}
    assert cliff.now == {"hash-max-listpack-value": "64"}
    assert cliff.beyond.low < 0.3 < cliff.beyond.high
    assert cliff.frees.low < freed < cliff.frees.high
    assert cliff.frees.value == pytest.approx(freed, rel=0.15)
    assert "30.0 %" in cliff_finding(cliff).evidence[0]


@pytest.mark.slow
def test_sorted_sets_beyond_their_entries_are_found():
    def load(client):
        for number in range(12):
            scores = {f"member:{number}:{each}": each for each in range(200)}
            client.zadd(f"board:{number:02d}", scores)

    with visited(load) as (visit, keys, _):
        (cliff,) = cliffs(visit, keys, "profile:*", Amount(12, 12, 12), touching=True)
    assert cliff.settings == {"zset-max-listpack-entries": "256"}
    assert cliff.frees.low > 12 * 200 * 20


def test_no_values_are_read_where_that_would_disturb():
    with visited(some_long) as (visit, keys, _):
        visit.no_touch = False
        assert cliffs(visit, keys, "profile:*", Amount(2000, 2000, 2000)) == []


def test_small_keys_have_no_cliff():
    with visited(hashes(20, 40)) as (visit, keys, _):
        assert cliffs(visit, keys, "profile:*", Amount(20, 20, 20), touching=True) == []
