"""Bytes of keys where ``MEMORY USAGE`` is refused: from lengths and from some of the elements."""

import math
from collections.abc import Sequence

import numpy as np

from djtune.redis_memory.observed import Floats
from djtune.redis_memory.server.facts import version_of
from djtune.redis_memory.server.server import Key, Request, Server
from djtune.redis_memory.server.wire import Command, Reply

ELEMENTS = 20
"""Elements that are read of one key, at most."""
MOST_BYTES = 4 << 20
"""Of values that one batch should bring: they wait in the server's memory until they are sent."""
DEEPEST = 16
"""Keys of one batch whose elements are read."""
OBJECT, TABLE, SLOT, SKIPLIST_NODE = 16, 56, 8, 45
"""Bytes of Redis 7's structures on 64 bits: a value's head, a table, its slot, and a skip list's
node at its mean height (24 + 16 × 1.33)."""
ENTRY, LEAN_ENTRY = 24, 9
"""Bytes of a table's entry; Valkey has had none since 8.1, but buckets of 64 bytes for seven."""
_LENGTH = {
    "string": "STRLEN",
    "hash": "HLEN",
    "list": "LLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "stream": "XLEN",
}


def modelled_bytes(
    server: Server, keys: Sequence[Key], types: Sequence[str], encodings: Sequence[str]
) -> tuple[Floats, Floats]:
    """Bytes as ``MEMORY USAGE`` would count them, and lengths; ``nan``: gone, or no known type.

    Reads lengths and up to 20 elements of each key, which marks it as used without ``CLIENT
    NO-TOUCH``. Raises :class:`ServerLostError`.
    """
    lengths, sizes = np.full(len(keys), np.nan), np.full(len(keys), np.nan)
    lean = {node.facts.product for node in server.nodes} == {"Valkey"} and all(
        version_of(node.facts) >= (8, 1) for node in server.nodes
    )
    known = [place for place, kind in enumerate(types) if kind in _LENGTH]
    asking: list[Request] = []
    for place in known:
        node, database, name = keys[place]
        asking.append((node, database, (_LENGTH[types[place]], name)))
    found = {
        place: length
        for place, length in zip(known, server.ask(asking), strict=True)
        if isinstance(length, int)
    }
    held = {place: length for place, length in found.items() if types[place] != "string"}
    elements = _elements_of(server, keys, types, held)
    for place, length in found.items():
        name, parts = keys[place][2], elements.get(place, [])
        lengths[place] = length
        sizes[place] = model(types[place], encodings[place], len(name), length, parts, lean=lean)
    return sizes, lengths


Elements = list[list[int]]
"""The lengths of each element's parts: field and value, member …"""


def _elements_of(
    server: Server, keys: Sequence[Key], types: Sequence[str], lengths: dict[int, int]
) -> dict[int, Elements]:
    """Some elements of each key that has a length: one tells how many more may be read at once."""
    found = _read(server, keys, types, dict.fromkeys(lengths, (1, 0.0)))
    more = {}
    for place, first in found.items():
        each = sum(map(sum, first)) / max(1, len(first))
        count = int(min(ELEMENTS, MOST_BYTES // max(each, 1)))
        if len(first) < min(count, lengths[place]):
            more[place] = (count, count * each)
    return found | _read(server, keys, types, more)


def _read(
    server: Server,
    keys: Sequence[Key],
    types: Sequence[str],
    wanted: dict[int, tuple[int, float]],
) -> dict[int, Elements]:
    """That many elements of each key, with the bytes they are thought to have, in small batches."""
    found: dict[int, Elements] = {}
    left, depth = list(wanted), 1
    while left:
        expected = np.cumsum([wanted[place][1] for place in left[:depth]])
        fitting = max(1, int((expected <= MOST_BYTES).sum()))
        batch, left = left[:fitting], left[fitting:]
        before = _received(server)
        replies = server.ask([_request(keys[p], types[p], wanted[p][0]) for p in batch])
        for place, reply in zip(batch, replies, strict=True):
            found[place] = elements_in(types[place], reply)
        fits = MOST_BYTES * len(batch) // max(1, _received(server) - before)
        depth = max(1, min(fits, 2 * depth, DEEPEST))
    return found


def _request(key: Key, kind: str, count: int) -> Request:
    node, database, name = key
    return node, database, elements_question(kind, name, count)


def _received(server: Server) -> int:
    return sum(node.wire.received for node in server.nodes)


def elements_question(kind: str, name: bytes, count: int) -> Command:
    """The command that reads about so many elements of a key of this type; not of a string."""
    match kind:
        case "list":
            return ("LRANGE", name, 0, count - 1)
        case "stream":
            return ("XRANGE", name, "-", "+", "COUNT", count)
        case _:
            return (f"{kind[0].upper()}SCAN", name, 0, "COUNT", count)


def elements_in(kind: str, reply: Reply) -> Elements:
    """The elements in that command's reply."""
    match kind, reply:
        case "hash", [_, list(flat)]:
            return [[len(name), len(value)] for name, value in _pairs(flat)]
        case "zset", [_, list(flat)]:
            return [[len(member), len(score)] for member, score in _pairs(flat)]
        case "set", [_, list(members)]:
            return [[len(member)] for member in members]
        case "list", list(items):
            return [[len(item)] for item in items]
        case "stream", list(entries):
            return [[len(value) for _, value in _pairs(fields)] for _, fields in entries]
        case _:
            return []


def _pairs(flat: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def model(
    kind: str,
    encoding: str,
    name: int,
    length: int,
    elements: Elements,
    *,
    lean: bool = False,
) -> float:
    """Bytes of a key, from the ``name``'s bytes, its ``length`` and some ``elements``' parts.

    After ``objectComputeSize`` of Redis 7 (object.c): structures, and each string in the
    allocator's next size. ``elements`` stand for all; ``lean``: as Valkey does from 8.1 on.
    """
    link = LEAN_ENTRY if lean else ENTRY
    entry = link + string(name)
    if kind == "string":
        return entry + _plain(encoding, length)
    count = max(len(elements), 1)
    parts = sum(map(sum, elements)) / count
    pieces = sum(map(len, elements)) / count
    strings = sum(string(part) for element in elements for part in element) / count
    match encoding:
        case "hashtable":
            return entry + OBJECT + _table(length) + length * (link + strings)
        case "skiplist":
            members = sum(string(element[0]) for element in elements) / count
            node = link + members + allocated(SKIPLIST_NODE)
            return entry + 2 * OBJECT + 32 + _table(length) + length * node
        case "intset":
            return entry + OBJECT + allocated(8 + length * _width(parts))
        case "quicklist":
            packed = length * (parts + 2)
            return entry + OBJECT + 40 + packed + 40 * max(1, packed / 8192)
        case "stream":
            return entry + 160 + length * (parts + 2 * pieces + 20) + 64 * math.ceil(length / 100)
        case _:
            return entry + OBJECT + allocated(7 + length * (parts + 2 * pieces))


def _plain(encoding: str, length: int) -> float:
    match encoding:
        case "int":
            return OBJECT
        case "embstr":
            return allocated(OBJECT + 4 + length)
        case _:
            return OBJECT + string(length)


def _table(length: int) -> float:
    return TABLE + SLOT * float(2 ** math.ceil(math.log2(max(length, 4))))


def _width(digits: float) -> int:
    """Bytes of an intset's members, from how many digits they have."""
    return 2 if digits < 5 else 4 if digits < 10 else 8


def string(length: int) -> float:
    """Bytes of a string of Redis's own: its head, its end, and the allocator's rounding."""
    head = 1 if length < 32 else 3 if length < 256 else 5 if length < 65536 else 9
    return allocated(head + length + 1)


def allocated(size: float) -> float:
    """The allocator's next size: jemalloc has four in each doubling, from 16 bytes on."""
    if size <= 128:
        return 16.0 * math.ceil(size / 16)
    step = 2.0 ** (math.ceil(math.log2(size)) - 3)
    return step * math.ceil(size / step)
