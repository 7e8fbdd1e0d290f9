"""What is asked of single keys: type, encoding, age, length, bytes."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from djtune.redis_memory.columns import chosen
from djtune.redis_memory.observed import Columns, Floats, Ints
from djtune.redis_memory.server.modelling import modelled_bytes
from djtune.redis_memory.server.server import Key, Request, Server
from djtune.redis_memory.server.wire import Argument, Refusal, Reply

MOST_ELEMENTS = 10_000
"""Elements of one key that the server is asked to look at, at most."""
ELEMENTS_AT_ONCE = 20_000
"""Elements that the keys of one batch may have together: some 5 ms of the server's, in which it
serves nobody else."""
SMALLEST_ELEMENT = 16
"""Bytes below which no element of a table, list of nodes or tree lies."""
LENGTHS = {
    "hash": "HLEN",
    "list": "LLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "stream": "XLEN",
}
MANY_PARTS = {"hashtable", "skiplist", "quicklist", "linkedlist", "stream"}
"""Encodings of more than one allocation; the others' bytes are exact whatever ``SAMPLES`` says."""


class Measured(Struct):
    """What was found out of the keys that were asked about."""

    columns: Columns
    rows: Ints
    """For each row of the columns, its key's place in what was asked; in order."""
    gone: int = 0
    """Keys that were no longer there, or had moved to another node."""
    hidden: int = 0
    """Keys that this user may not look at."""


class Ages(Struct):
    """Idle times and TTLs at one moment; ``nan`` as in :class:`Columns`."""

    rows: Ints
    """For each row, its key's place in what was asked; keys that are gone have none."""
    idle: Floats
    ttl: Floats


def measure(server: Server, keys: Sequence[Key]) -> Measured:
    """Type, encoding, TTL, idle time or frequency, length and bytes of ``keys``.

    Nothing that is asked changes a key's idle time or frequency (but see ``connected(touching)``).
    Bytes are ``MEMORY USAGE``: exact for up to 10 000 elements, above from as many; modelled where
    it is refused. ``length`` is asked for under ``CLIENT NO-TOUCH``, of encodings of many parts.
    Keys that are gone are left out. Raises :class:`ServerLostError`.
    """
    first = _each(server, keys, _first_questions(server))
    present = [place for place, row in enumerate(first) if _there(row)]
    types = [_text(first[place][0]) for place in present]
    encodings = [_text(first[place][1]) for place in present]
    age = _numbers([first[place][3] for place in present])
    nothing = np.full(len(present), np.nan)
    columns = Columns(
        bytes=_numbers([first[place][4] for place in present]),
        ttl=_seconds([first[place][2] for place in present]),
        idle=age if server.idle_known else nothing,
        frequency=age if server.frequency_known else nothing,
        length=nothing.copy(),
        samples=np.zeros(len(present), np.int64),
        type=types,
        encoding=encodings,
    )
    asked = [keys[place] for place in present]
    if server.can("MEMORY USAGE"):
        _look_deeper(server, asked, columns)
    else:
        columns.bytes, columns.length = modelled_bytes(server, asked, types, encodings)
        columns.modelled = True
    known = np.isfinite(columns.bytes)
    hidden = sum(_hidden(row) and not _there(row) for row in first)
    return Measured(
        chosen(columns, np.flatnonzero(known)),
        np.array(present, np.int64)[known],
        gone=len(keys) - hidden - int(known.sum()),
        hidden=hidden,
    )


def ages(server: Server, keys: Sequence[Key]) -> Ages:
    """How long each of ``keys`` has been idle and has left to live, now. Disturbs nothing.

    Raises :class:`ServerLostError`.
    """
    replies = _each(server, keys, [("PTTL",), ("OBJECT", "IDLETIME")])
    present = [
        place
        for place, (ttl, idle) in enumerate(replies)
        if ttl != -2 and (isinstance(ttl, int) or isinstance(idle, int))
    ]
    age = _numbers([replies[place][1] for place in present])
    return Ages(
        np.array(present, np.int64),
        idle=age if server.idle_known else np.full(len(present), np.nan),
        ttl=_seconds([replies[place][0] for place in present]),
    )


Question = tuple[Argument, ...]
"""A command; the key's name comes after its first two words, or after the only one."""


def _first_questions(server: Server) -> list[Question]:
    """What is asked of every key; what is refused is asked as TYPE, to keep the places."""
    age = "FREQ" if server.frequency_known else "IDLETIME"
    wanted: list[tuple[str, Question]] = [
        ("TYPE", ("TYPE",)),
        ("OBJECT", ("OBJECT", "ENCODING")),
        ("PTTL", ("PTTL",)),
        ("OBJECT", ("OBJECT", age)),
        ("MEMORY USAGE", ("MEMORY", "USAGE")),
    ]
    return [question if server.can(command) else ("TYPE",) for command, question in wanted]


def _each(server: Server, keys: Sequence[Key], questions: Sequence[Question]) -> list[list[Reply]]:
    """A row of replies for each key."""
    requests: list[Request] = [
        (node, database, (*question[:2], name, *question[2:]))
        for node, database, name in keys
        for question in questions
    ]
    replies = server.ask(requests)
    width = len(questions)
    return [replies[start : start + width] for start in range(0, len(replies), width)]


def _look_deeper(server: Server, keys: Sequence[Key], columns: Columns) -> None:
    """Ask keys of many parts again: their lengths, and bytes from up to 10 000 elements."""
    deep = [
        place
        for place, (kind, encoding) in enumerate(zip(columns.type, columns.encoding, strict=True))
        if encoding in MANY_PARTS or (not encoding and kind in LENGTHS)
    ]
    if not deep:
        return
    asked = [keys[place] for place in deep]
    columns.length[deep] = lengths_of(server, asked, [columns.type[place] for place in deep])
    usage = ("MEMORY", "USAGE", "SAMPLES", MOST_ELEMENTS)
    for some in few_elements(deep, np.fmin(_elements(columns), MOST_ELEMENTS)):
        replies = _each(server, [keys[place] for place in some], [usage])
        for place, (size,) in zip(some, replies, strict=True):
            columns.bytes[place] = size if isinstance(size, int) else np.nan
    beyond = _elements(columns)[deep] > MOST_ELEMENTS
    columns.samples[deep] = np.where(beyond, MOST_ELEMENTS, 0)


def _elements(columns: Columns) -> Floats:
    """Elements of each key, where they are not known as many as its bytes can hold."""
    most = columns.bytes / SMALLEST_ELEMENT
    return np.where(np.isnan(columns.length), most, columns.length)


def few_elements(places: Sequence[int], elements: Floats) -> Iterator[list[int]]:
    """The places in batches whose keys have few ``elements`` together."""
    batch: list[int] = []
    held = 0.0
    for place in places:
        if batch and held + elements[place] > ELEMENTS_AT_ONCE:
            yield batch
            batch, held = [], 0.0
        batch.append(place)
        held += float(np.nan_to_num(elements[place]))
    yield batch


def lengths_of(server: Server, keys: Sequence[Key], types: Sequence[str]) -> Floats:
    """Elements of each key; ``nan`` where asking would mark it as used, or the type has none."""
    lengths = np.full(len(keys), np.nan)
    if not server.no_touch:
        return lengths
    places = [place for place, kind in enumerate(types) if kind in LENGTHS]
    requests: list[Request] = [
        (keys[place][0], keys[place][1], (LENGTHS[types[place]], keys[place][2]))
        for place in places
    ]
    lengths[places] = _numbers(server.ask(requests))
    return lengths


def _there(row: list[Reply]) -> bool:
    """Whether the key was there when it was asked about, and may be looked at."""
    return not any(reply is None or reply in (b"none", -2) for reply in row) and not (
        isinstance(row[0], Refusal) or isinstance(row[4], Refusal)
    )


def _hidden(row: list[Reply]) -> bool:
    return any(isinstance(reply, Refusal) and str(reply).startswith("NOPERM") for reply in row)


def _numbers(replies: Sequence[Reply]) -> Floats:
    return np.array([r if isinstance(r, int) else np.nan for r in replies], np.float64)


def _seconds(replies: Sequence[Reply]) -> Floats:
    """Seconds left; ``nan`` for keys that stay (``PTTL`` says -1)."""
    left = _numbers(replies)
    return np.where(left >= 0, left / 1000, np.nan)


def _text(reply: Reply) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else ""
