"""The names of a server's keys: all of them, or a fair share."""

import random
from collections.abc import Iterator

from msgspec import Struct

from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.server import Server
from djtune.redis_memory.server.wire import Refusal

COUNT = 1000
"""Names that one ``SCAN`` is asked for: more gains nothing, fewer cost the server more."""


class Names(Struct):
    """Names that the server gave at once."""

    names: list[bytes]
    node: int
    """Its place in ``Server.nodes``."""
    database: int
    population: int
    """Keys of that node's database when the visit began (``DBSIZE``)."""
    block: int = 0
    """Names with one number lie beside each other in the server's table; with a cap the blocks
    were drawn at random. Without a cap all have 0."""


def names(server: Server, cap: int | None, rng: random.Random) -> Iterator[Names]:
    """All names of all nodes and databases; with a ``cap`` about that many, drawn fairly.

    Each key that was there all the time is given at least once; where a table grows or shrinks
    meanwhile, a few are given twice (:func:`names` with a cap drops those). Keys that come or go
    may be missing. Raises :class:`ServerLostError`.
    """
    parts = [
        _all_of(node, database, population)
        for node in server.nodes
        for database, population in node.databases.items()
    ]
    seen = 0
    while parts:
        for part in list(parts):
            found = next(part, None)
            if found is None:
                parts.remove(part)
                continue
            yield found
            seen += len(found.names)
            if cap is not None and seen >= cap:
                return


def _all_of(node: Node, database: int, population: int) -> Iterator[Names]:
    cursor = b"0"
    while True:
        reply = node.ask([("SCAN", cursor, "COUNT", COUNT)], database)[0]
        if isinstance(reply, Refusal):
            return
        cursor, found = reply
        yield Names(found, node.index, database, population)
        if cursor == b"0":
            return
