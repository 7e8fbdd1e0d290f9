"""Bytes of keys where ``MEMORY USAGE`` is refused: from lengths and from some of the elements."""

import math
from collections.abc import Sequence

import numpy as np

from djtune.redis_memory.observed import Floats
from djtune.redis_memory.server.facts import version_of
from djtune.redis_memory.server.server import Key, Request, Server
from djtune.redis_memory.server.wire import Command, Reply

ELEMENTS = 20
"""Elements that are read of one key."""
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
    asked: list[Request] = []
    for place in known:
        node, database, name = keys[place]
        asked.append((node, database, (_LENGTH[types[place]], name)))
        asked.append((node, database, elements_question(types[place], name)))
    replies = server.ask(asked)
    for place, length, answer in zip(known, replies[::2], replies[1::2], strict=True):
        if isinstance(length, int):
            name = keys[place][2]
            parts = elements_in(types[place], answer)
            lengths[place] = length
            sizes[place] = model(
                types[place], encodings[place], len(name), length, parts, lean=lean
            )
    return sizes, lengths


def elements_question(kind: str, name: bytes) -> Command:
    """The command that reads some elements of a key of this type."""
    match kind:
        case "hash" | "set" | "zset":
            return (f"{kind[0].upper()}SCAN", name, 0, "COUNT", ELEMENTS)
        case "list":
            return ("LRANGE", name, 0, ELEMENTS - 1)
        case "stream":
            return ("XRANGE", name, "-", "+", "COUNT", ELEMENTS)
        case _:
            return ("TYPE", name)


def elements_in(kind: str, reply: Reply) -> list[list[int]]:
    """The lengths of each element's parts (field and value, member …) in that command's reply."""
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
    elements: list[list[int]],
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
