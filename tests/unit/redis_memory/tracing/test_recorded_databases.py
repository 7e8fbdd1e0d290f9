"""Databases of one server share its memory: a recording of them is one trace."""

import json
from pathlib import Path
from typing import Any

import pytest

from djtune.redis_memory.replaying import LEAST_OPERATIONS, LEAST_SECONDS, decides, read
from djtune.redis_memory.result import TraceSummary
from djtune.redis_memory.tracing.recordings import servers_in, without_database


def recording(folder: Path, *addresses: str) -> Path:
    """One process that has read the same key in each of the servers, the last one most often."""
    head = {"djtune": "cache recording", "version": 1, "recording": "r", "sample": 1.0}
    servers = [
        {"s": n, "address": each, "reads": n + 1, "hits": 0, "peeks": 0, "found": 0}
        for n, each in enumerate(addresses)
    ]
    reads: list[dict[str, Any]] = [
        {"t": 10.0 + n, "o": "get", "s": n, "k": "same", "n": 9, "p": "a:*", "h": 0}
        for n in range(len(addresses))
    ]
    lines = [head, {"servers": servers}, *reads, {"errors": 0, "dropped": 0}]
    file = folder / "r-1-1.cache.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_databases_of_a_server_are_one_trace(tmp_path: Path) -> None:
    trace = read(recording(tmp_path, "redis://h:6379/0", "redis://h:6379/1"))
    assert (trace.keys, trace.reads) == (2, 3)


def test_of_several_servers_the_one_that_is_visited_is_replayed(tmp_path: Path) -> None:
    folder = recording(tmp_path, "redis://one:6379/0", "unix:///run/r.sock?db=2")
    assert [each.address for each in servers_in(folder)] == [
        "unix:///run/r.sock",
        "redis://one:6379",
    ]
    assert read(folder, ["redis://:secret@ONE:6379/3"]).reads == 1
    assert read(folder, ["unix:///run/r.sock"]).reads == 2


def test_otherwise_the_busiest(tmp_path: Path) -> None:
    folder = recording(tmp_path, "redis://one:6379/0", "redis://two:6379/0")
    assert read(folder, ["redis://elsewhere:6379"]).reads == 2


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("redis://h:6379/0", "redis://h:6379"),
        ("redis://h:6379", "redis://h:6379"),
        ("unix:///run/r.sock?db=1", "unix:///run/r.sock"),
    ],
)
def test_a_server_is_its_address_without_a_database(address: str, server: str) -> None:
    assert without_database(address) == server


@pytest.mark.parametrize(
    ("seconds", "operations", "enough"),
    [
        (LEAST_SECONDS, LEAST_OPERATIONS, True),
        (LEAST_SECONDS - 1, 10 * LEAST_OPERATIONS, False),
        (10 * LEAST_SECONDS, LEAST_OPERATIONS - 1, False),
    ],
)
def test_a_moment_decides_nothing(seconds: float, operations: int, enough: bool) -> None:
    assert decides(TraceSummary("", seconds, operations, 10, 1.0, 0, None, 0.0)) is enough
