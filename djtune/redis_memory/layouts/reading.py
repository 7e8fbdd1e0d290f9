"""Reads entries of one pattern from the user's server, and decodes them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.redis_memory.layouts.decoding import Decoded, decoded
from djtune.redis_memory.layouts.entries import Entries, Entry, from_hashes
from djtune.redis_memory.server.server import Key, Server
from djtune.redis_memory.server.wire import Refusal, Reply

LIMIT = 1000
"""Entries that are read at most."""
MOST_EACH = 2**20
"""Bytes of one entry; larger ones are left out, as reading them holds the server up."""
MOST_ALL = 32 * 2**20
AT_ONCE = 2**20
"""Bytes of values that are asked for in one go."""
READS = {"hash": ("HGETALL",), "string": ("GET",)}
Unpickle = Callable[[list[bytes]], tuple[list[Any], list[str]]]
"""Pickled values → their objects, as far as JSON can hold them (``None`` where it cannot), and
sentences about what was lost."""


def read(
    server: Server,
    keys: Sequence[Key],
    pattern: str,
    unpickle: Unpickle | None = None,
    limit: int = LIMIT,
) -> Entries:
    """Up to ``limit`` entries of ``keys``, which are fairly drawn names of one pattern.

    Where the server has no ``CLIENT NO-TOUCH``, reading makes them look used; a note says so.
    Raises :class:`DjtuneError` where they are neither hashes nor strings, and
    :class:`ServerLostError`.
    """
    notes: list[str] = []
    kind, chosen = _chosen(server, list(keys)[:limit], pattern, notes)
    replies = values(server, READS[kind], [(each.key, each.bytes) for each in chosen])
    rows = [
        (len(each.key[2]), each.expires, reply)
        for each, reply in zip(chosen, replies, strict=True)
        if reply is not None and reply != [] and not isinstance(reply, Refusal)
    ]
    if not server.no_touch:
        notes.append(
            f"The server has no CLIENT NO-TOUCH: the {len(rows):,} keys whose values were read "
            "look just used to it."
        )
    if kind == "hash":
        return _hashes(rows, pattern, notes)
    return _strings(rows, pattern, unpickle, notes)


def values(server: Server, command: Sequence[str], keys: Sequence[tuple[Key, int]]) -> list[Reply]:
    """What ``command`` says of each key, given with its bytes: never much at once."""
    name, *rest = command
    replies: list[Reply] = []
    batch: list[Key] = []
    held = 0
    for key, size in keys:
        if batch and held + size > AT_ONCE:
            replies += server.ask([(node, db, (name, each, *rest)) for node, db, each in batch])
            batch, held = [], 0
        batch.append(key)
        held += size
    return replies + server.ask([(node, db, (name, each, *rest)) for node, db, each in batch])


class _Chosen(Struct):
    """A key whose value is to be read."""

    key: Key
    expires: bool
    bytes: int


def _chosen(
    server: Server, keys: list[Key], pattern: str, notes: list[str]
) -> tuple[str, list[_Chosen]]:
    """The commonest type, and its keys that are not too large."""
    asked = [
        (node, db, command)
        for node, db, name in keys
        for command in (("TYPE", name), ("PTTL", name), ("MEMORY", "USAGE", name, "SAMPLES", 5))
    ]
    replies = server.ask(asked)
    facts = [replies[3 * place : 3 * place + 3] for place in range(len(keys))]
    types = Counter(_text(row[0]) for row in facts)
    types.pop("none", None)
    if not types:
        raise DjtuneError(f"no key of {pattern} could be read", hint="are its keys still there?")
    kind = types.most_common(1)[0][0]
    if kind not in READS:
        raise DjtuneError(
            f"{pattern} holds keys of type {kind}: layouts are compared for hashes and strings"
        )
    _count_out(notes, sum(types.values()) - types[kind], f"are no {kind}")
    chosen: list[_Chosen] = []
    total = large = 0
    for key, (found, ttl, size) in zip(keys, facts, strict=True):
        bytes_each = size if isinstance(size, int) else 0
        if _text(found) != kind:
            continue
        if bytes_each > MOST_EACH:
            large += 1
        elif total + bytes_each <= MOST_ALL:
            total += bytes_each
            chosen.append(_Chosen(key, isinstance(ttl, int) and ttl >= 0, bytes_each))
    _count_out(notes, large, f"take more than {MOST_EACH // 2**20} MiB")
    return kind, chosen


def _text(reply: Reply) -> str:
    return reply.decode() if isinstance(reply, bytes) else "none"


def _count_out(notes: list[str], n: int, why: str) -> None:
    if n:
        notes.append(f"{n:,} of the sampled keys {why}, and are left out.")


def _hashes(rows: Sequence[tuple[int, bool, Reply]], pattern: str, notes: list[str]) -> Entries:
    stored = [dict(zip(reply[::2], reply[1::2], strict=True)) for _, _, reply in rows]
    objects = from_hashes(stored)
    entries = [
        Entry(length, value, raw, expires)
        for (length, expires, _), value, raw in zip(rows, objects, stored, strict=True)
        if len(value) == len(raw)
    ]
    return Entries(pattern, "hash", entries, notes)


def _strings(
    rows: Sequence[tuple[int, bool, bytes]],
    pattern: str,
    unpickle: Unpickle | None,
    notes: list[str],
) -> Entries:
    found = [decoded(raw) for _, _, raw in rows]
    hows = Counter(each.how for each in found)
    how = hows.most_common(1)[0][0] if hows else "bytes"
    _count_out(notes, sum(hows.values()) - hows[how], f"hold no {how}")
    kept = [(row, each) for row, each in zip(rows, found, strict=True) if each.how == how]
    objects = _values([each for _, each in kept], how, unpickle, notes)
    entries = [
        Entry(length, value, raw, expires)
        for ((length, expires, raw), _), value in zip(kept, objects, strict=True)
        if value is not None
    ]
    return Entries(pattern, how, entries, notes)


def _values(
    found: Sequence[Decoded], how: str, unpickle: Unpickle | None, notes: list[str]
) -> list[Any]:
    plain = [each.value for each in found]
    if not how.startswith("pickle"):
        return plain
    if unpickle is None:
        notes.append(
            "The values are pickled, and loading them runs code that the server holds: without "
            "--unpickle they are compared compressed alone."
        )
        return plain
    objects, lost = unpickle(plain)
    notes += lost
    return objects
