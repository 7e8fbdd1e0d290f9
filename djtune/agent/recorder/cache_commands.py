"""What a command of Redis's and its reply say of keys: who was read, stored, changed or removed.

Whether a command counts among ``INFO``'s ``keyspace_hits`` and ``keyspace_misses``, and whether it
refreshes a key's idle time, is as in the server (``db.c``: ``lookupKeyRead``, ``LOOKUP_NOTOUCH``).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple

Op = Literal["get", "peek", "set", "add", "update", "delete", "touch", "clear"]


class Access(NamedTuple):
    """One key under one command."""

    op: Op
    """``peek`` looks without refreshing the key (``EXISTS``, ``TTL``); ``update`` changes a part of
    the value and keeps its expiry; ``add`` stores nothing where the key is there already."""
    key: Any
    found: bool = False
    """Whether the key was there, for ``get``, ``peek`` and ``add``."""
    value: Any = None
    """The whole value, as the server has it; ``None`` where the command does not show it."""
    seconds: float | None = None
    """Until it expires, for ``set``, ``add`` and ``touch``; ``None``: never."""


Accesses = Iterable[Access]
Answered = Iterable[tuple[tuple[Any, ...], Any]]
"""Commands, each with its reply."""
Reader = Callable[[tuple[Any, ...], Any], Accesses]


def size(value: Any) -> tuple[int, int]:
    """Bytes of a value's contents, and its fields or members (0 for a string)."""
    if isinstance(value, dict):
        return sum(_length(k) + _length(v) for k, v in value.items()), len(value)
    if isinstance(value, list | tuple | set):
        return sum(map(_length, value)), len(value)
    return _length(value), 0


def _length(value: Any) -> int:
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value)
    text = value if isinstance(value, str) else str(value)
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _get(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (Access("get", args[1], reply is not None, reply),)


def _get_part(args: tuple[Any, ...], reply: Any) -> Accesses:
    # A field that is not there leaves open whether its hash is.
    return (Access("get", args[1], reply not in (None, 0, [], b"", "") and not _is_empty(reply)),)


def _get_whole(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (Access("get", args[1], bool(reply), reply or None),)


def _is_empty(reply: Any) -> bool:
    return isinstance(reply, list) and all(value is None for value in reply)


def _get_several(args: tuple[Any, ...], reply: Any) -> Accesses:
    pairs = zip(_flat(args[1:]), reply, strict=False)
    return [Access("get", key, value is not None, value) for key, value in pairs]


def _flat(keys: Iterable[Any]) -> Iterator[Any]:
    for key in keys:
        if isinstance(key, list | tuple):
            yield from key
        else:
            yield key


def _counted(op: Op) -> Reader:
    """Commands that tell of several keys how many were there, not which."""

    def read(args: tuple[Any, ...], reply: Any) -> Accesses:
        return [Access(op, key, place < reply) for place, key in enumerate(_flat(args[1:]))]

    return read


def _ttl(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (Access("peek", args[1], reply not in (None, -2, "none", b"none")),)


def _set(args: tuple[Any, ...], reply: Any) -> Accesses:
    options = [str(option).upper() for option in args[3:]]
    replies = "GET" in options
    if replies:
        yield Access("get", args[1], reply is not None, reply)
    if "NX" in options:
        refused = reply is not None if replies else not reply
        yield Access("add", args[1], refused, args[2], _expiry(options))
    elif "XX" in options and not reply:
        return
    elif "KEEPTTL" in options:
        yield Access("update", args[1], value=args[2])
    else:
        yield Access("set", args[1], value=args[2], seconds=_expiry(options))


def _expiry(options: list[str]) -> float | None:
    for option, value in itertools.pairwise(options):
        if option in _UNITS:
            return _UNITS[option](float(value))
    return None


_UNITS: dict[str, Callable[[float], float]] = {
    "EX": lambda seconds: seconds,
    "PX": lambda milliseconds: milliseconds / 1e3,
    "EXAT": lambda seconds: seconds - time.time(),
    "PXAT": lambda milliseconds: milliseconds / 1e3 - time.time(),
}


def _set_for(unit: str) -> Reader:
    def read(args: tuple[Any, ...], reply: Any) -> Accesses:  # noqa: ARG001
        return (Access("set", args[1], value=args[3], seconds=_expiry([unit, str(args[2])])),)

    return read


def _set_if_new(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (Access("add", args[1], not reply, args[2]),)


def _set_several(args: tuple[Any, ...], reply: Any) -> Accesses:  # noqa: ARG001
    pairs = zip(args[1::2], args[2::2], strict=False)
    return [Access("set", key, value=value) for key, value in pairs]


def _swap(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (*_get(args, reply), Access("set", args[1], value=args[2]))


def _take(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (*_get(args, reply), Access("delete", args[1]))


def _get_and_touch(args: tuple[Any, ...], reply: Any) -> Accesses:
    yield from _get(args, reply)
    options = [str(option).upper() for option in args[2:]]
    if options and reply is not None:
        yield Access("touch", args[1], seconds=_expiry(options))


def _update(args: tuple[Any, ...], reply: Any) -> Accesses:  # noqa: ARG001
    return (Access("update", args[1]),)


def _fields(args: tuple[Any, ...], reply: Any) -> Accesses:  # noqa: ARG001
    given = list(_flat(args[2:]))
    return (Access("update", args[1], value=dict(zip(given[::2], given[1::2], strict=False))),)


def _remove(args: tuple[Any, ...], reply: Any) -> Accesses:  # noqa: ARG001
    return [Access("delete", key) for key in _flat(args[1:])]


def _expire(unit: str) -> Reader:
    def read(args: tuple[Any, ...], reply: Any) -> Accesses:
        if reply:
            yield Access("touch", args[1], seconds=_expiry([unit, str(args[2])]))

    return read


def _persist(args: tuple[Any, ...], reply: Any) -> Accesses:
    return (Access("touch", args[1]),) if reply else ()


def _clear(args: tuple[Any, ...], reply: Any) -> Accesses:  # noqa: ARG001
    return (Access("clear", b""),)


def _script(args: tuple[Any, ...], reply: Any) -> Accesses:
    # What it does inside is not told: django-redis counts in one, and gives nothing for no key.
    keys = args[3 : 3 + int(args[2])] if reply is not None and reply is not False else ()
    return [Access("update", key) for key in keys]


def _names(reader: Reader, names: str) -> dict[str, Reader]:
    return dict.fromkeys(names.split(), reader)


READERS: dict[str, Reader] = {
    **_names(_get, "GET"),
    **_names(_get_several, "MGET"),
    **_names(_get_whole, "HGETALL SMEMBERS"),
    **_names(_get_part, "HGET HMGET HKEYS HVALS HLEN HEXISTS HSTRLEN STRLEN GETRANGE LRANGE LLEN"),
    **_names(_get_part, "LINDEX SCARD SISMEMBER SMISMEMBER SRANDMEMBER ZCARD ZCOUNT ZRANGE ZRANK"),
    **_names(_get_part, "ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZSCORE ZMSCORE GETBIT BITCOUNT"),
    **_names(_counted("peek"), "EXISTS"),
    **_names(_counted("get"), "TOUCH"),
    **_names(_ttl, "TTL PTTL TYPE EXPIRETIME PEXPIRETIME"),
    **_names(_set, "SET"),
    **_names(_set_for("EX"), "SETEX"),
    **_names(_set_for("PX"), "PSETEX"),
    **_names(_set_if_new, "SETNX"),
    **_names(_set_several, "MSET"),
    **_names(_swap, "GETSET"),
    **_names(_take, "GETDEL"),
    **_names(_get_and_touch, "GETEX"),
    **_names(_fields, "HSET HMSET"),
    **_names(_update, "INCR DECR INCRBY DECRBY INCRBYFLOAT APPEND SETRANGE SETBIT HINCRBY HSETNX"),
    **_names(_update, "HINCRBYFLOAT HDEL LPUSH RPUSH LPOP RPOP LTRIM LSET LREM LINSERT SADD SREM"),
    **_names(_update, "SPOP ZADD ZREM ZINCRBY ZPOPMIN ZPOPMAX ZREMRANGEBYSCORE ZREMRANGEBYRANK"),
    **_names(_remove, "DEL UNLINK"),
    **_names(_expire("EX"), "EXPIRE"),
    **_names(_expire("PX"), "PEXPIRE"),
    **_names(_expire("EXAT"), "EXPIREAT"),
    **_names(_expire("PXAT"), "PEXPIREAT"),
    **_names(_persist, "PERSIST"),
    **_names(_clear, "FLUSHDB FLUSHALL"),
    **_names(_script, "EVAL EVALSHA FCALL"),
}
"""Command → what it says of keys. Others (queues' blocking reads, streams, administration) are left
out: an evicting cache does not see them."""

UNCOUNTED = frozenset(
    ("SET", "SETEX", "PSETEX", "SETNX", "EXPIRE", "PEXPIRE", "PERSIST", "INCRBY", "DECRBY")
)
"""Commands on one key that ``INFO`` counts neither as hits nor as misses (``SET`` without ``GET``,
which has more than five words)."""


def of_command(args: tuple[Any, ...], reply: Any) -> Accesses:
    """The keys that one command was about."""
    reader = READERS.get(args[0])
    if reader is None and isinstance(args[0], str):
        reader = READERS.get(args[0].upper())
    return reader(args, reply) if reader is not None else ()


def of_pipeline(commands: Answered) -> list[Access]:
    """The keys of a pipeline's commands; an expiry that follows a write is the write's own."""
    found: list[Access] = []
    written: dict[Any, int] = {}
    for args, reply in commands:
        if isinstance(reply, Exception):
            continue
        for access in of_command(args, reply):
            if access.op in ("set", "update"):
                written[access.key] = len(found)
            elif access.op == "touch" and access.key in written:
                place = written.pop(access.key)
                found[place] = found[place]._replace(seconds=access.seconds)
                continue
            found.append(access)
    return found
