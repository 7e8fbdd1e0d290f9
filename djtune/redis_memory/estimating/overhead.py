"""What a key takes beyond what ``MEMORY USAGE`` says: how each server's tables are built.

Told from growing real servers by one kind of key at a time: ``docs/methods/redis-balance.md``.
"""

import re

import numpy as np
from msgspec import Struct

from djtune.redis_memory.facts import NodeFacts, ServerFacts
from djtune.redis_memory.observed import Columns, Floats

ENTRY = 24
"""Bytes of a dictionary's entry: key, value, next."""
BARE_ENTRY = 16
"""Of an entry without a value, as sets have them since Redis 7.2; the first of a bucket has none
at all, but MEMORY USAGE counts ``ENTRY`` for each member."""
OBJECT = 16
"""Bytes of an object's head."""
POINTER = 8
QUANTUM = 8
"""The allocator's step where nothing told it: that of official builds."""
ELEMENT = {"hash": 92.0, "set": 54.0, "zset": 107.0}
"""Bytes of a usual element with its part of the buckets: lengths are told from it where they were
not asked for."""
OF_TABLES = {"hashtable", "skiplist"}
COMPACT = {"embstr", "ziplist", "intset"}
NAME_HEAD = 5
"""Bytes around a name of 32 to 255 letters inside its object."""


class Build(Struct, frozen=True):
    """How a server keeps its keys."""

    kind: str
    """``entries``: in dictionaries of entries. ``embedded``: dictionaries, the name within the
    entry (Valkey 8.0). ``buckets``: in buckets of seven (Valkey from 8.1 on)."""
    bare_sets: bool = False
    counts_names: bool = True
    """Whether MEMORY USAGE counts the object's head with the name in it; Valkey 8.1 does not."""
    rounds_strings: bool = True
    """Whether it counts what was allocated; Redis 6.2 counts what was asked for."""
    known: bool = True
    """Whether such a server was measured."""


def build_of(product: str, version: str) -> Build:
    """The build of a version, or that of the nearest that was measured."""
    numbers = [int(part) for part in re.findall(r"\d+", version)[:2]] or [0]
    release = (numbers[0], numbers[1] if len(numbers) > 1 else 0)
    if product.lower() == "valkey" and release >= (8, 0):
        if release < (8, 1):
            return Build("embedded")
        return Build("buckets", counts_names=release >= (9, 0), known=release < (9, 2))
    return Build(
        "entries",
        bare_sets=release >= (7, 2),
        rounds_strings=release >= (7, 0),
        known=(6, 2) <= release <= (8, 0),
    )


class Overhead(Struct, frozen=True):
    """Bytes that come on top for each key, on one server."""

    build: Build
    quantum: int = QUANTUM
    buckets: float = 0.0
    """Of the table of keys, for each key."""
    expiring_buckets: float = 0.0
    """Of the table of TTLs, for each key that has one."""

    def entry(self) -> float:
        """What the allocator rounds each key's entry up by."""
        return self.rounded(ENTRY) - ENTRY if self.build.kind == "entries" else 0.0

    def expiry(self) -> float:
        """A TTL's entry."""
        return 0.0 if self.build.kind == "buckets" else self.rounded(ENTRY)

    def rounded(self, size: float) -> float:
        """What the allocator gives for so many bytes (up to 128)."""
        return float(-(-size // self.quantum) * self.quantum)

    def within(self, columns: Columns) -> Floats:
        """What each row's value takes beyond what was said: its own tables, its name."""
        extra = self._inner(columns)
        if not self.build.counts_names:
            heads = OBJECT + NAME_HEAD + _names(columns) + POINTER * ~np.isnan(columns.ttl)
            extra = extra + np.ceil(heads / self.quantum) * self.quantum - OBJECT
        if not self.build.rounds_strings:
            extra = extra + self._unrounded(columns)
        return np.asarray(extra)

    def _unrounded(self, columns: Columns) -> Floats:
        """What the allocator adds to values of one allocation, which were counted as asked for."""
        single = np.array([encoding in COMPACT for encoding in columns.encoding], bool)
        apart = np.array([encoding != "embstr" for encoding in columns.encoding], bool)
        heads = ENTRY + size_class(_names(columns) + 2, self.quantum) + OBJECT * apart
        values = np.where(single, np.maximum(columns.bytes - heads, 1), self.quantum)
        return np.asarray(size_class(values, self.quantum) - values)

    def _inner(self, columns: Columns) -> Floats:
        if self.build.kind == "buckets":
            return np.zeros(columns.bytes.size)
        more = self.rounded(ENTRY) - ENTRY
        tables = np.array([encoding in OF_TABLES for encoding in columns.encoding], bool)
        types = np.array(columns.type, object)
        lengths = lengths_of(columns)
        extra = np.where(tables, more * lengths, 0.0)
        sets = tables & (types == "set")
        if self.build.kind == "embedded":
            return np.where(sets, 0.0, extra)
        return np.where(sets, self._bare(lengths), extra) if self.build.bare_sets else extra

    def guessed(self, columns: Columns) -> Floats:
        """What of each row's tables rests on a length that was not asked for; never negative."""
        return np.where(np.isnan(columns.length), np.abs(self._inner(columns)), 0.0)

    def _bare(self, lengths: Floats) -> Floats:
        """A set's entries less what was counted for them; tables are the next power of two."""
        slots = 2.0 ** np.ceil(np.log2(np.maximum(lengths, 4)))
        occupied = slots * (1 - np.exp(-lengths / slots))
        return np.asarray(self.rounded(BARE_ENTRY) * (lengths - occupied) - ENTRY * lengths)

    def resident(self, columns: Columns) -> Floats:
        """What each row takes in the server, its part of the tables included."""
        expires = ~np.isnan(columns.ttl)
        fixed = self.entry() + self.buckets
        expiring = (self.expiry() + self.expiring_buckets) * expires
        return np.asarray(columns.bytes + self.within(columns) + fixed + expiring)


def lengths_of(columns: Columns) -> Floats:
    """Elements of each row; where they were not asked for, as many as usual ones would fill."""
    usual = np.array([ELEMENT.get(kind, np.inf) for kind in columns.type])
    return np.where(np.isnan(columns.length), columns.bytes / usual, columns.length)


def _names(columns: Columns) -> Floats:
    """Letters of each row's name; a usual number where that was not kept."""
    return (
        columns.name if columns.name.size == columns.bytes.size else np.full_like(columns.bytes, 32)
    )


def size_class(sizes: Floats, quantum: int) -> Floats:
    """What jemalloc gives for allocations of these sizes: four steps for each doubling."""
    step = 2.0 ** (np.ceil(np.log2(np.maximum(sizes, 1))) - 3)
    step = np.maximum(step, quantum)
    return np.asarray(np.ceil(sizes / step) * step)


def bucket_bytes(node: NodeFacts, build: Build) -> tuple[float, float]:
    """Bytes of the bucket arrays of the keys and of the TTLs, by ``MEMORY STATS``.

    What it calls overhead of the tables are these with a head and an entry for each key. Where it
    is refused: the next power of two of pointers, or buckets of 64 bytes for five keys.
    """
    counted = build.kind != "buckets"
    keys, expiring = node.memory.get("keys.count", node.keys), node.keys_with_ttl
    main = _figure(node, "overhead.hashtable.main")
    if main is None:
        return _modelled(node.keys, counted), _modelled(expiring, counted)
    of_ttls = _figure(node, "overhead.hashtable.expires") or 0.0
    entry = ENTRY if counted else 0
    return max(0.0, main - (OBJECT + entry) * keys), max(0.0, of_ttls - entry * expiring)


def _figure(node: NodeFacts, name: str) -> float | None:
    found = [value for label, value in node.memory.items() if label.endswith(f".{name}")]
    return sum(found) if found else None


def _modelled(keys: int, dictionary: bool) -> float:
    if not keys:
        return 0.0
    return float(POINTER * 2 ** int(np.ceil(np.log2(max(4, keys))))) if dictionary else keys * 12.8


def overhead_of(facts: ServerFacts) -> Overhead:
    """As this server has it, over all of its nodes."""
    first = facts.nodes[0]
    build = build_of(first.product, first.version)
    buckets = [bucket_bytes(node, build) for node in facts.nodes]
    keys = sum(node.keys for node in facts.nodes)
    expiring = sum(node.keys_with_ttl for node in facts.nodes)
    return Overhead(
        build,
        quantum=int(first.memory.get("quantum", QUANTUM)),
        buckets=sum(main for main, _ in buckets) / max(1, keys),
        expiring_buckets=sum(ttls for _, ttls in buckets) / max(1, expiring),
    )
