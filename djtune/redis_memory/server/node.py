"""One server process: its connection, its pace, and what it holds."""

from collections.abc import Sequence

from djtune.redis_memory.facts import NodeFacts
from djtune.redis_memory.server.facts import cpu_seconds, parse_info
from djtune.redis_memory.server.pace import Pace
from djtune.redis_memory.server.wire import Command, Refusal, Reply, Wire

_PING_EVERY, _LOOK_EVERY = 50, 20
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
_LOOKING_UP = _KNOWN - set(f"SCAN MEMORY DBSIZE {READING['the server']}".split())
"""Each of these counts as a hit or a miss, in all versions from Redis 6.2 to Valkey 9.1."""
_TELLING = {"TYPE", "PTTL", "TTL", "OBJECT"}
"""These answer 0 for keys that are there."""
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

    def __init__(self, wire: Wire, pace: Pace) -> None:
        self.wire = wire
        self.pace = pace
        self.index = 0
        """Its place in ``Server.nodes``."""
        self.facts: NodeFacts
        self.databases: dict[int, int] = {}
        """Database → keys, when the visit began; those that can be seen."""
        self.slots: list[range] = []
        """Of a cluster's node."""
        self.hits = 0
        """The visit's own part in ``keyspace_hits``."""
        self.misses = 0
        self._database: int | None = wire.database
        self._batches = 0

    def ask(self, commands: Sequence[Command], database: int | None = None) -> list[Reply]:
        """One batch, as soon as the pace allows; replies in order, errors as values.

        ``database``: where the keys are; ``None`` where it does not matter. Raises
        :class:`ServerLostError`.
        """
        self._ping_now_and_then()
        self.pace.wait()
        return self.ask_now(commands, database)

    def ask_now(self, commands: Sequence[Command], database: int | None = None) -> list[Reply]:
        """:meth:`ask` without a wait: for the few questions of a visit's beginning and end."""
        check_reading(commands)
        moving = database is not None and database != self._database
        sent = [("SELECT", str(database)), *commands] if moving else commands
        replies = self.wire.ask(sent)
        self.pace.spent(self.wire.latency, len(sent))
        if moving:
            selected, *replies = replies
            if isinstance(selected, Refusal):
                return [selected] * len(commands)
            self._database = database
        self._note_lookups(commands, replies)
        return replies

    def ping(self, times: int = 1) -> None:
        """Measure the idle round trip."""
        for _ in range(times):
            self.wire.ask([("PING",)])
            self.pace.pinged(self.wire.latency)

    def _note_lookups(self, commands: Sequence[Command], replies: list[Reply]) -> None:
        """Count what these commands add to the server's own count of hits and misses."""
        for command, reply in zip(commands, replies, strict=True):
            if command[0] in _LOOKING_UP and not isinstance(reply, Refusal):
                empty = (b"none", -2) if command[0] in _TELLING else (0, [])
                missing = reply is None or reply in empty
                self.misses += missing
                self.hits += not missing

    def _ping_now_and_then(self) -> None:
        if self._batches % _PING_EVERY == 0:
            self.ping(5 if self._batches == 0 else 1)
        if self._batches % _LOOK_EVERY == 0:
            self._look_at_its_work()
        self._batches += 1

    def _look_at_its_work(self) -> None:
        (reply,) = self.wire.ask([("INFO", "cpu")])
        if isinstance(reply, bytes):
            self.pace.worked(cpu_seconds(parse_info(reply)))


def check_reading(commands: Sequence[Command]) -> None:
    """Raise :class:`ValueError` for a command that could change or stop a server."""
    for command in commands:
        name = str(command[0])
        if name not in _KNOWN or (name in _ONLY and command[1] not in _ONLY[name]):
            raise ValueError(f"{name} is not for a visit")
