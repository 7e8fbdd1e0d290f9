"""Listening to a server for a moment: what was asked for is heard, and nothing stays behind."""

import threading

import numpy as np
import pytest
import redis

from djtune.errors import DjtuneError
from djtune.redis_memory.trace import READ
from djtune.redis_memory.tracing import monitor as monitoring
from djtune.redis_memory.tracing.monitor import monitor
from djtune.servers.redis import redis_server


@pytest.fixture(scope="module")
def url():
    with redis_server() as url:
        yield url


@pytest.fixture
def client(url):
    with redis.Redis.from_url(url) as client:
        yield client
        client.flushall()


@pytest.fixture
def asking(client):
    """Somebody who asks again and again until the test ends."""
    over = threading.Event()

    def ask():
        for number in range(10_000_000):
            if over.wait(0.001):
                return
            if client.get(f"show:{number % 20}") is None:
                client.set(f"show:{number % 20}", "secret \r\n\0\\" * 50, ex=60)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    over.set()
    thread.join()


def test_what_is_asked_for_is_heard(url, asking):
    shares = []
    trace = monitor(url, 1.0, shares.append)
    assert trace.keys == 20
    assert trace.patterns == ["*:*"]  # a word is spelt out for 32 keys of its kind
    assert (trace.op == READ).sum() > 40
    assert set(trace.ttl.tolist()) == {60_000_000}
    assert (trace.size > 500).all()
    assert (~np.isnan(trace.cost)).sum() <= 20
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1


def test_no_listener_stays_behind(url, client):
    before = len(client.client_list())
    monitor(url, 0.1)
    assert len(client.client_list()) == before


def test_it_ends_itself_where_the_server_becomes_slow(url, asking, monkeypatch):
    monkeypatch.setattr(monitoring, "SLOWER", 0.0)
    monkeypatch.setattr(monitoring, "LEAST_PING", 0.0)
    (_, note) = monitor(url, 10).notes
    assert note.startswith("ended early: PING took")


def test_it_ends_itself_where_too_much_waits(url, asking, monkeypatch):
    monkeypatch.setattr(monitoring, "MOST_BUFFERED", 100)
    (_, note) = monitor(url, 10).notes
    assert note.startswith("ended early")


def test_a_user_who_may_not_is_told(url, client):
    client.execute_command("ACL", "SETUSER", "reader", "on", ">hush", "~*", "+get", "+ping")
    with pytest.raises(DjtuneError, match="may not use MONITOR") as raised:
        monitor(url.replace("unix://", "unix://reader:hush@"), 0.1)
    assert "hush" not in str(raised.value)


def test_urls_are_understood_as_a_visit_understands_them(url):
    assert monitor(url.replace("unix://", "redis+socket://"), 0.1).source == "MONITOR"


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(DjtuneError, match="the server refuses"):
        monitor("redis://:hush@127.0.0.1:1/0", 0.1)
