"""From what clients of a cache did, in order of time, to a trace that a simulator replays."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE, Trace
from djtune.redis_memory.tracing.entries import EntryBytes, Stored
from djtune.redis_memory.tracing.warming import Columns, warm

UNKNOWN = -1


class Access(NamedTuple):
    """One key under one command; the words are those of the recorder."""

    time: float
    """Unix time."""
    op: str
    key: str
    """Its digest."""
    key_length: int = 0
    pattern: str = ""
    found: bool | None = None
    """``None``: nobody told. A read then counts as found, unless what it asked for is stored
    next."""
    payload: int = UNKNOWN
    elements: int = 0
    seconds: float | None = None
    """Until it expires; ``None``: never, for ``set`` and ``add``; as before, for ``update``."""
    cost: float | None = None
    """Seconds since the miss that this fills, in the same thread or task."""


class _Key:
    """What is known of a key at a moment of the trace."""

    __slots__ = ("deadline", "misses", "number", "pattern", "size", "ttl")

    def __init__(self, number: int) -> None:
        self.number = number
        self.pattern = ""
        self.size = UNKNOWN
        self.ttl = UNKNOWN
        self.deadline = 0
        self.misses: list[int] = []


class Builder:
    """Turns accesses into rows, one by one.

    A miss and what is stored for it become one ``READ`` with the size, TTL and cost of what was
    stored; so a replay decides by itself which reads miss. What changes a part of a value stores
    the whole again, with the time that it has left.
    """

    def __init__(self, entry_bytes: EntryBytes) -> None:
        self._entry_bytes = entry_bytes
        self._keys: dict[str, _Key] = {}
        self._start: float | None = None
        self._there: list[int] = []
        """Rows of reads that found a key which nothing in the recording had stored."""
        self.time: list[int] = []
        self.op: list[int] = []
        self.key: list[int] = []
        self.size: list[int] = []
        self.ttl: list[int] = []
        self.cost: list[float] = []

    def add(self, access: Access) -> None:
        """Take the next access in order of time."""
        if self._start is None:
            self._start = access.time
        now = round((access.time - self._start) * 1e6)
        if access.op == "clear":
            for each in self._keys.values():
                self._remove(now, each)
            return
        key = self._keys.get(access.key)
        if key is None:
            key = self._keys[access.key] = _Key(len(self._keys))
            if access.op == "get" and access.found:
                self._there.append(len(self.time))
        if len(access.pattern) > len(key.pattern):
            key.pattern = access.pattern  # each process spells it out as it learns its words
        _TAKES[access.op](self, now, key, access)

    def _row(self, now: int, op: int, key: _Key, size: int, ttl: int) -> None:
        self.time.append(now)
        self.op.append(op)
        self.key.append(key.number)
        self.size.append(size)
        self.ttl.append(ttl)
        self.cost.append(np.nan)

    def _read(self, now: int, key: _Key, access: Access) -> None:
        if access.found:
            key.misses.clear()
            self._learn_size(key, access)
        else:
            key.misses.append(len(self.time))
        known = (0, 0) if access.found is False else (key.size, key.ttl)
        self._row(now, READ, key, *known)

    def _store(self, now: int, key: _Key, access: Access) -> None:
        key.size = UNKNOWN
        self._learn_size(key, access)
        self._expire_in(now, key, access.seconds)
        if not self._fill(key, access):
            self._row(now, WRITE, key, key.size, key.ttl)

    def _add(self, now: int, key: _Key, access: Access) -> None:
        if access.found:
            self._update(now, key, access._replace(payload=UNKNOWN, seconds=None))
        else:
            self._store(now, key, access)

    def _update(self, now: int, key: _Key, access: Access) -> None:
        self._learn_size(key, access)
        if access.seconds is not None:
            self._expire_in(now, key, access.seconds)
        if not self._fill(key, access):
            self._row(now, WRITE, key, key.size, self._left(now, key))

    def _touch(self, now: int, key: _Key, access: Access) -> None:
        if access.seconds is not None and access.seconds <= 0:
            self._remove(now, key)
            return
        self._expire_in(now, key, access.seconds)
        self._row(now, EXPIRE, key, 0, key.ttl)

    def _delete(self, now: int, key: _Key, access: Access) -> None:  # noqa: ARG002
        self._remove(now, key)

    def _peek(self, now: int, key: _Key, access: Access) -> None:
        """It refreshes nothing and stores nothing."""

    def _remove(self, now: int, key: _Key) -> None:
        key.misses.clear()
        self._row(now, DELETE, key, 0, 0)

    def _fill(self, key: _Key, access: Access) -> bool:
        """Give what was stored to the first miss that waits for it, if this fills one."""
        if access.cost is None or not key.misses:
            return False
        row = key.misses.pop(0)
        self.size[row], self.ttl[row], self.cost[row] = key.size, key.ttl, access.cost
        return True

    def _learn_size(self, key: _Key, access: Access) -> None:
        if access.payload == UNKNOWN:
            return
        expires = key.ttl > 0 if access.op == "get" else access.seconds is not None
        stored = Stored(access.payload, access.elements, access.key_length, expires)
        size = self._entry_bytes(stored)
        key.size = max(key.size, size) if access.op == "update" else size

    def _expire_in(self, now: int, key: _Key, seconds: float | None) -> None:
        key.ttl = 0 if seconds is None else max(round(seconds * 1e6), 1)
        key.deadline = now + key.ttl

    def _left(self, now: int, key: _Key) -> int:
        return key.ttl if key.ttl <= 0 else max(key.deadline - now, 1)

    def trace(self, *, rate: float, reads: int, hits: int, source: str, notes: list[str]) -> Trace:
        """The rows; sizes and TTLs that nothing told are those of their pattern."""
        keys = list(self._keys.values())
        patterns = sorted({key.pattern for key in keys})
        place = {pattern: number for number, pattern in enumerate(patterns)}
        of_key = np.array([place[key.pattern] for key in keys], np.int32)
        key = np.array(self.key, np.int64)
        pattern = of_key[key] if len(keys) else np.zeros(0, np.int32)
        columns = Columns(
            time=np.array(self.time, np.int64),
            op=np.array(self.op, np.uint8),
            key=key,
            size=_completed(np.array(self.size, np.int64), pattern),
            ttl=_completed(np.array(self.ttl, np.int64), pattern),
            cost=np.array(self.cost, np.float64),
            pattern=pattern,
        )
        columns, warmed = warm(columns, np.array(self._there, np.int64))
        return Trace(
            **columns._asdict(),
            warmed=warmed,
            patterns=patterns,
            keys=len(keys),
            rate=rate,
            reads=reads,
            hits=hits,
            source=source,
            notes=notes,
        )


_TAKES = {
    "get": Builder._read,
    "peek": Builder._peek,
    "set": Builder._store,
    "add": Builder._add,
    "update": Builder._update,
    "delete": Builder._delete,
    "touch": Builder._touch,
}


def _completed(values: NDArray[np.int64], pattern: NDArray[np.int32]) -> NDArray[np.int64]:
    """Unknown values made the median of their pattern's, or of all."""
    unknown = values == UNKNOWN
    if not unknown.any():
        return values
    known: dict[int, list[int]] = defaultdict(list)
    told = values[~unknown]
    for of, value in zip(pattern[~unknown].tolist(), told.tolist(), strict=True):
        known[of].append(value)
    fallback = int(np.median(told)) if told.size else 0
    medians = {of: int(np.median(several)) for of, several in known.items()}
    done = values.copy()
    done[unknown] = [medians.get(of, fallback) for of in pattern[unknown].tolist()]
    return done


def build(accesses: Iterable[Access], entry_bytes: EntryBytes) -> Builder:
    """All accesses, in order of time."""
    builder = Builder(entry_bytes)
    for access in accesses:
        builder.add(access)
    return builder
