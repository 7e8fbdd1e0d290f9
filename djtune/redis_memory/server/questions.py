"""What is asked of single keys: type, encoding, age, bytes."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from djtune.redis_memory.observed import Columns, Floats, Ints
from djtune.redis_memory.server.server import Key, Request, Server
from djtune.redis_memory.server.wire import Refusal, Reply


class Measured(Struct):
    """What was found out of the keys that were asked about."""

    columns: Columns
    rows: Ints
    """For each row of the columns, its key's place in what was asked; in order."""
    gone: int = 0
    """Keys that were no longer there (or had moved to another node)."""
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

    Nothing that is asked changes a key's idle time or frequency. Never looks at more than 10 000
    elements of a key: above, bytes rest on a sample of ``samples`` elements. Keys that are gone
    are left out. Raises :class:`ServerLostError`.
    """
    age = "FREQ" if server.frequency_known else "IDLETIME"
    requests: list[Request] = []
    for node, database, name in keys:
        for command in (
            ("TYPE", name),
            ("OBJECT", "ENCODING", name),
            ("PTTL", name),
            ("OBJECT", age, name),
            ("MEMORY", "USAGE", name, "SAMPLES", 5),
        ):
            requests.append((node, database, command))
    replies = server.ask(requests)
    rows = [place for place in range(len(keys)) if isinstance(replies[5 * place + 4], int)]
    table = [replies[5 * place : 5 * place + 5] for place in rows]
    idle = _floats([row[3] for row in table])
    unknown = np.full(len(rows), np.nan)
    columns = Columns(
        bytes=_floats([row[4] for row in table]),
        ttl=_ttl([row[2] for row in table]),
        idle=idle if server.idle_known else unknown,
        frequency=idle if server.frequency_known else unknown,
        length=unknown.copy(),
        samples=np.zeros(len(rows), np.int64),
        type=[_text(row[0]) for row in table],
        encoding=[_text(row[1]) for row in table],
    )
    return Measured(columns, np.array(rows, np.int64), gone=len(keys) - len(rows))


def ages(server: Server, keys: Sequence[Key]) -> Ages:
    """How long each of ``keys`` has been idle and has left to live, now. Disturbs nothing.

    Raises :class:`ServerLostError`.
    """
    requests: list[Request] = []
    for node, database, name in keys:
        requests.append((node, database, ("PTTL", name)))
        requests.append((node, database, ("OBJECT", "IDLETIME", name)))
    replies = server.ask(requests)
    rows = [place for place in range(len(keys)) if isinstance(replies[2 * place + 1], int)]
    return Ages(
        np.array(rows, np.int64),
        idle=_floats([replies[2 * place + 1] for place in rows]),
        ttl=_ttl([replies[2 * place] for place in rows]),
    )


def _floats(replies: list[Reply]) -> Floats:
    return np.array([r if isinstance(r, int) else np.nan for r in replies], np.float64)


def _ttl(replies: list[Reply]) -> Floats:
    """Seconds left; ``nan`` for keys that stay (``PTTL`` says -1)."""
    left = _floats(replies)
    return np.where(left >= 0, left / 1000, np.nan)


def _text(reply: Reply) -> str:
    return "" if reply is None or isinstance(reply, Refusal) else reply.decode()
