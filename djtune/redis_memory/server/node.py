"""One server process: its connection, its pace, and what it holds."""

import time
from collections.abc import Sequence

from djtune.redis_memory.server.pace import Pace
from djtune.redis_memory.server.wire import Command, Refusal, Reply, Wire

_PING_EVERY = 50
"""Batches."""
READING = {
    "keys": "SCAN TYPE PTTL TTL OBJECT MEMORY DBSIZE",
    "strings": "GET GETRANGE MGET STRLEN BITCOUNT PFCOUNT",
    "hashes": "HEXISTS HGET HGETALL HKEYS HLEN HMGET HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS",
    "lists": "LINDEX LLEN LRANGE",
    "sets": "SCARD SMEMBERS SRANDMEMBER SSCAN",
    "sorted sets": "ZCARD ZRANGE ZSCAN ZSCORE",
    "streams and others": "XINFO XLEN XRANGE XREVRANGE VCARD",
    "the server": "ACL CLIENT CLUSTER CONFIG INFO PING READONLY SELECT",
}
"""All that is ever sent: anything else is a mistake of djtune's own."""
_KNOWN = frozenset(" ".join(READING.values()).split())
_ONLY = {
    "ACL": {"CAT"},
    "CLIENT": {"SETNAME", "NO-TOUCH", "NO-EVICT"},
    "CLUSTER": {"SLOTS", "COUNTKEYSINSLOT", "GETKEYSINSLOT", "MYID"},
    "CONFIG": {"GET"},
    "MEMORY": {"USAGE", "STATS", "MALLOC-STATS"},
    "XINFO": {"STREAM"},
}


class Node:
    """One server process that is visited."""

    def __init__(self, index: int, wire: Wire, pace: Pace, *, replica: bool) -> None:
        self.index = index
        """Its place in ``Server.nodes``."""
        self.wire = wire
        self.pace = pace
        self.replica = replica
        self.databases: dict[int, int] = {}
        """Database → keys, when the visit began."""
        self._database: int | None = None
        self._batches = 0

    def ask(self, commands: Sequence[Command], database: int | None = None) -> list[Reply]:
        """One batch, as soon as the pace allows; replies in order, errors as values.

        ``database``: where the keys are; ``None`` where it does not matter. Raises
        :class:`ServerLostError`.
        """
        check_reading(commands)
        self._ping_now_and_then()
        self.pace.wait()
        moving = database is not None and database != self._database
        sent = [("SELECT", str(database)), *commands] if moving else commands
        began = time.perf_counter()
        replies = self.wire.ask(sent)
        self.pace.spent(time.perf_counter() - began, len(sent))
        if not moving:
            return replies
        if isinstance(replies[0], Refusal):
            return [replies[0]] * len(commands)
        self._database = database
        return replies[1:]

    def ping(self, times: int = 1) -> None:
        """Measure the idle round trip."""
        for _ in range(times):
            began = time.perf_counter()
            self.wire.ask([("PING",)])
            self.pace.pinged(time.perf_counter() - began)

    def _ping_now_and_then(self) -> None:
        if self._batches % _PING_EVERY == 0:
            self.ping(5 if self._batches == 0 else 1)
        self._batches += 1


def check_reading(commands: Sequence[Command]) -> None:
    """Raise :class:`ValueError` for a command that could change or stop a server."""
    for command in commands:
        name = str(command[0])
        if name not in _KNOWN or (name in _ONLY and command[1] not in _ONLY[name]):
            raise ValueError(f"{name} is not for a visit")
