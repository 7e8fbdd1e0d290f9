"""Real Redis and Valkey servers for tests: every version found, clusters, TLS, users."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from djtune.servers.redis import find_redis, redis_server

SLOTS = 16384
LONG = "x" * 100
IDLE = 1000


def servers_found() -> list[str]:
    """Programs of the servers to test against.

    ``DJTUNE_TEST_REDIS_SERVERS`` names them, joined by ``:``; otherwise the one on PATH.
    """
    named = os.environ.get("DJTUNE_TEST_REDIS_SERVERS", "")
    return list(filter(None, named.split(":"))) or list(filter(None, [find_redis()]))


def server_params() -> list[Any]:
    """Each server found, for a fixture's or a test's parameter; those after the first are slow."""
    missing = pytest.param("", marks=pytest.mark.skip(reason="no redis-server on this machine"))
    return [
        pytest.param(binary, id=_name(binary), marks=[pytest.mark.slow] if place else [])
        for place, binary in enumerate(servers_found())
    ] or [missing]


def each_server() -> pytest.MarkDecorator:
    """Run a test against each server found, as ``binary``."""
    return pytest.mark.parametrize("binary", server_params())


def first_server() -> str:
    """The server on PATH or the first named; skips the test where there is none."""
    if not (found := servers_found()):
        pytest.skip("no redis-server or valkey-server on this machine")
    return found[0]


def _name(binary: str) -> str:
    """``redis-7.0.15``, by what the program says of itself; the same in every process."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return f"{said.split()[0].lower()}-{said.partition('v=')[2].split()[0]}"


@contextmanager
def server(*options: str, binary: str | None = None) -> Iterator[tuple[str, Any]]:
    """A throw-away server; yields its URL and a redis-py client."""
    with (
        redis_server(*options, binary=binary or first_server()) as url,
        redis.Redis.from_url(url, protocol=2) as client,
    ):
        yield url, client


def every_type(client: Any) -> None:
    """Keys of each type, in each of its encodings."""
    client.set("int", 12345)
    client.set("embstr", "short", ex=5000)
    client.set("raw", LONG)
    client.hset("hash", mapping={"a": 1})
    client.hset("hash:table", mapping={str(field): LONG for field in range(300)})
    client.rpush("list", 1, 2, 3)
    client.rpush("list:nodes", *[LONG] * 1000)
    client.sadd("set:int", 1, 2, 3)
    client.sadd("set:table", *[f"{member}{LONG}" for member in range(300)])
    client.zadd("zset", {"a": 1})
    client.zadd("zset:skip", {f"{member}{LONG}": member for member in range(300)})
    for _ in range(300):
        client.xadd("stream", {"field": LONG})


def make_idle(client: Any, seconds: int) -> None:
    """Let every key look as if it was last used ``seconds`` ago."""
    for name in client.scan_iter():
        left, value = max(client.pttl(name), 0), client.dump(name)
        client.execute_command("RESTORE", name, left, value, "REPLACE", "IDLETIME", seconds)


def free_port() -> int:
    """A port of loopback that nobody listens on (nor on the cluster bus's, 10 000 above)."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port: int = one.getsockname()[1]
        if port > 50_000:
            continue
        try:
            with socket.create_server(("127.0.0.1", port + 10_000)):
                return port
        except OSError:
            continue


@contextmanager
def cluster(
    *options: str, binary: str | None = None, primaries: int = 3, replicas: int = 0
) -> Iterator[list[redis.Redis]]:
    """A cluster on loopback; yields a client for each node, primaries first.

    ``replicas``: how many nodes are added, each a replica of one primary in turn.
    """
    with ExitStack() as stack:
        nodes = []
        for _ in range(primaries + replicas):
            port = free_port()
            stack.enter_context(
                redis_server(
                    *("--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes"),
                    *("--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"),
                    *options,
                    binary=binary or first_server(),
                )
            )
            nodes.append(stack.enter_context(redis.Redis(port=port, protocol=2)))
        join(nodes, primaries)
        yield nodes


def join(nodes: list[redis.Redis], primaries: int) -> None:
    """Share the slots out, introduce the nodes, and wait until all agree."""
    edges = [SLOTS * place // primaries for place in range(primaries + 1)]
    for place, node in enumerate(nodes):
        if place < primaries:
            slots = range(edges[place], edges[place + 1])
            node.execute_command("CLUSTER ADDSLOTS", *slots)
        node.execute_command("CLUSTER MEET", "127.0.0.1", port_of(nodes[0]))
    until(lambda: all(_told(node, "cluster_known_nodes") == len(nodes) for node in nodes))
    for place, node in enumerate(nodes[primaries:]):
        primary = nodes[place % primaries].execute_command("CLUSTER MYID")
        until(lambda node=node, primary=primary: _replicates(node, primary))
    until(lambda: all(_told(node, "cluster_state") == "ok" for node in nodes))


def port_of(node: redis.Redis) -> int:
    port: int = node.connection_pool.connection_kwargs["port"]
    return port


def until(true: Any, seconds: float = 30) -> None:
    """Wait for something that other processes decide."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def _replicates(node: redis.Redis, primary: bytes) -> bool:
    try:
        node.execute_command("CLUSTER REPLICATE", primary)
    except redis.ResponseError:  # the primary's name has not come round yet
        return False
    until(lambda: node.info("replication")["master_link_status"] == "up")
    return True


def _told(node: redis.Redis, name: str) -> Any:
    reply = node.execute_command("CLUSTER INFO")
    pairs = (
        reply
        if isinstance(reply, dict)
        else dict(line.split(":") for line in reply.decode().split())
    )
    value = pairs[name]
    return int(value) if value.isdigit() else value


def tls_files(folder: Path) -> tuple[Path, Path]:
    """A certificate for ``localhost`` and 127.0.0.1, signed by itself, and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
