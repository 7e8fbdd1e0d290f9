"""The names of a server's keys: all of them, or a fair share.

A prefix of ``SCAN`` is a fair share of no cluster whose tables are kept slot by slot (Redis 7.4,
Valkey 8 and later): it holds the first slots' keys alone. There every slot gives its share, and
slots come in random order, so that a visit that is cut short has seen a fair share too; elsewhere
``SCAN`` starts at random places of the one table.
"""

import math
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

from msgspec import Struct
from redis.crc import key_slot

from djtune.redis_memory.server.cluster import SLOTS
from djtune.redis_memory.server.facts import version_of
from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.refusals import explained
from djtune.redis_memory.server.server import Server
from djtune.redis_memory.server.wire import Command, Refusal, Reply

COUNT = 1000
"""Names that one ``SCAN`` is asked for: more gains nothing, fewer cost the server more."""
BLOCK = 200
"""Names that are taken from one random place."""
ALL_FROM = 0.6
"""A larger share of the keys than this is no cheaper to get at random places than in whole."""
SCANS_OF_A_RANGE = 10
"""The last one reaches beyond the range of slots, so that shorter ranges would waste more."""
SLOTWISE = {"Redis": (7, 4), "Valkey": (8, 0)}
"""From these versions on a cluster's tables are kept slot by slot."""


T = TypeVar("T")


class Names(Struct):
    """Names that the server gave at once."""

    names: list[bytes]
    node: int
    """Its place in ``Server.nodes``."""
    database: int
    population: int
    """Keys of that node's database when the visit began."""
    block: int = 0
    """Names with the same number were neighbours in the server's table."""


def names(server: Server, cap: int | None, rng: random.Random) -> Iterator[Names]:
    """All names of all nodes and databases; with a ``cap`` that many, drawn fairly.

    The nodes take turns. In whole, each key that was there all the time is given at least once;
    while a table grows or shrinks, some are given twice. With a cap none is given twice, and each
    key has the same chance to be given. A cap above the population is none.

    Raises :class:`ServerLostError`.
    """
    total = sum(keys for node in server.nodes for keys in node.databases.values())
    share = 1.0 if cap is None or not total else cap / total
    parts = [
        _part(node, database, population, share, rng)
        for node in server.nodes
        for database, population in node.databases.items()
    ]
    while parts:
        for part in list(parts):
            found = next(part, None)
            if found is None:
                parts.remove(part)
            elif found.names:
                yield found


def _part(
    node: Node, database: int, population: int, share: float, rng: random.Random
) -> Iterator[Names]:
    """The names of one database of one node."""
    if share > ALL_FROM:
        for found in _all_of(node, database, population, rng):
            yield Names(found, node.index, database, population)
        return
    drawn = _by_slots if slotwise(node) else _at_random
    wanted = max(1, round(share * population))
    for block, found in enumerate(drawn(node, database, wanted, rng)):
        yield Names(found, node.index, database, population, block)


def slotwise(node: Node) -> bool:
    """Whether the node keeps a table for each slot, so that ``SCAN`` goes slot by slot."""
    if not node.slots:
        return False
    return version_of(node.facts) >= SLOTWISE[node.facts.product]


def _all_of(
    node: Node, database: int, population: int, rng: random.Random
) -> Iterator[list[bytes]]:
    """All names; where tables are kept slot by slot, by ranges of slots in random order."""
    if not slotwise(node):
        yield from _between(node, database, 0, SLOTS)
        return
    slots = [slot for part in node.slots for slot in part]
    ranges = max(1, population // (SCANS_OF_A_RANGE * COUNT))
    # The first and the last reach to the ends: keys on their way may be in another node's slots.
    bounds = [0, *slots[:: math.ceil(len(slots) / ranges)][1:], SLOTS]
    pairs = list(pairwise(bounds))
    rng.shuffle(pairs)
    for first, beyond in pairs:
        yield from _between(node, database, first, beyond)


def _between(node: Node, database: int, first: int, beyond: int) -> Iterator[list[bytes]]:
    """The names of these slots, a thousand at a time.

    Where tables are kept slot by slot, the low bits of ``SCAN``'s cursor are the slot's number;
    the one table of other nodes is that of all slots.
    """
    cursor, inside = first, True
    while inside:
        then, found = _asked(node, [("SCAN", cursor, "COUNT", COUNT)], database)[0]
        cursor = int(then)
        inside = cursor != 0 and (beyond == SLOTS or cursor % SLOTS < beyond)
        if not inside and beyond < SLOTS:
            found = [name for name in found if first <= key_slot(name) < beyond]
        yield found


def _at_random(node: Node, database: int, wanted: int, rng: random.Random) -> Iterator[list[bytes]]:
    """Blocks of names from random places of the one table, until ``wanted`` are found."""
    seen: set[bytes] = set()
    for _ in range(10 + 10 * wanted // BLOCK):
        count = min(BLOCK, wanted)
        scans: list[Command] = [
            ("SCAN", rng.getrandbits(64), "COUNT", count) for _ in range(COUNT // BLOCK)
        ]
        for _, found in _asked(node, scans, database):
            new = list(set(found) - seen)[: wanted - len(seen)]
            seen.update(new)
            yield new
            if len(seen) >= wanted:
                return


def _by_slots(node: Node, database: int, wanted: int, rng: random.Random) -> Iterator[list[bytes]]:
    """``wanted`` names, from each slot as many as its share of the keys is.

    Drawn systematically: of all keys in a row, slot after slot, every n-th from a random first.
    Within a slot the server's order is that of its hash, which is random.
    """
    slots = [slot for part in node.slots for slot in part]
    counts: list[int] = []
    for some in _batches(slots, COUNT):
        counting: list[Command] = [("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in some]
        counts += _asked(node, counting, database)
    step = max(sum(counts) / wanted, 1.0)
    shares: list[tuple[int, int]] = []
    place, passed = rng.random() * step, 0
    for slot, count in zip(slots, counts, strict=True):
        passed += count
        taken = 0
        while place < passed:
            taken += 1
            place += step
        if taken:
            shares.append((slot, taken))
    rng.shuffle(shares)
    for batch in _batches(shares, BLOCK):
        few: list[Command] = [
            ("CLUSTER", "GETKEYSINSLOT", slot, taken) for slot, taken in batch if taken <= COUNT
        ]
        yield from _asked(node, few, database)
        for slot, taken in batch:
            if taken > COUNT:
                yield from _of_large_slot(node, database, slot, taken)


def _of_large_slot(node: Node, database: int, slot: int, wanted: int) -> Iterator[list[bytes]]:
    """Names of one slot, a thousand at a time: all keys with one hash tag are in one slot."""
    for found in _between(node, database, slot, slot + 1):
        yield found[:wanted]
        wanted -= len(found)
        if wanted <= 0:
            return


def _asked(node: Node, commands: list[Command], database: int) -> list[Reply]:
    """The replies of a batch; raises where one is refused."""
    replies = node.ask(commands, database)
    for reply in replies:
        if isinstance(reply, Refusal):
            raise explained(node.wire.address, reply, str(commands[0][0]))
    return replies


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
