"""A server, or all primaries of a cluster, while djtune visits it."""

import time
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from djtune.redis_memory.facts import Load, ServerFacts
from djtune.redis_memory.server.facts import calls, cpu_seconds, keyspace, parse_info, whole
from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.wire import Command, Refusal, Reply, ServerLostError

Key = tuple[int, int, bytes]
"""Node (its place in ``Server.nodes``), database, name."""
Request = tuple[int, int, Command]
"""Node, database, command."""

ALONE = 0.9
"""Share of the commands served meanwhile from which on the server's CPU time is called ours."""


class Counters(Struct, frozen=True):
    """``INFO``'s counters at one moment, over all nodes; the visit's own part is taken out."""

    time: float
    """Unix time."""
    hits: int
    misses: int
    writes: int | None
    """Calls of commands that write; ``None``: the server does not tell."""
    evicted: int
    expired: int
    keys: int
    """Over all databases; expired ones that were not collected yet included."""


class Server:
    """A server that is connected to; made by ``connecting.connected``."""

    def __init__(
        self, nodes: list[Node], facts: ServerFacts, *, no_touch: bool, writing: frozenset[str]
    ) -> None:
        self.nodes = nodes
        self.facts = facts
        self.no_touch = no_touch
        """Whether reading leaves idle times and frequencies as they are: ``CLIENT NO-TOUCH``, on
        every connection. Without it nothing is asked that would change them."""
        self._writing = writing
        self._began = time.monotonic()

    @property
    def idle_known(self) -> bool:
        """Whether ``OBJECT IDLETIME`` tells when a key was last used: no LFU, and no replica."""
        return "lfu" not in self.facts.policy and not self._replica

    @property
    def frequency_known(self) -> bool:
        """Whether ``OBJECT FREQ`` tells how often a key is used."""
        return "lfu" in self.facts.policy and not self._replica

    @property
    def _replica(self) -> bool:
        return any(node.facts.replica for node in self.nodes)

    def can(self, command: str) -> bool:
        """Whether the server takes ``command`` (``MEMORY USAGE``, ``OBJECT``, ``CONFIG`` …)."""
        return command not in self.facts.refused

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """The reply to each request, in order; errors of the server's are values (``Refusal``).

        Only commands that read (``node.READING``); packed in batches within the budget, and while
        one node rests the next is asked. Without ``no_touch``, commands that read values make
        keys look used: that is for the caller to decide. Raises :class:`ServerLostError`.
        """
        replies: list[Reply] = [None] * len(requests)
        queues: dict[tuple[int, int], deque[int]] = {}
        for place, (node, database, _) in enumerate(requests):
            queues.setdefault((node, database), deque()).append(place)
        while queues:
            for (node, database), places in list(queues.items()):
                batch = [places.popleft() for _ in range(min(len(places), self._depth(node)))]
                commands = [requests[place][2] for place in batch]
                answers = self.nodes[node].ask(commands, database)
                for place, answer in zip(batch, answers, strict=True):
                    replies[place] = answer
                if not places:
                    del queues[node, database]
        return replies

    def _depth(self, node: int) -> int:
        return self.nodes[node].pace.depth

    def counters(self) -> Counters:
        """``INFO``'s counters of hits, misses, writes, evictions and expiries now."""
        infos = [self._info(node, "stats") for node in self.nodes]
        writes: int | None = None
        if self.can("INFO commandstats") and self._writing:
            stats = [calls(self._info(node, "commandstats"), self._writing) for node in self.nodes]
            writes = sum(filter(None, stats))
        return Counters(
            time=time.time(),
            hits=sum(whole(info, "keyspace_hits") for info in infos)
            - sum(node.hits for node in self.nodes),
            misses=sum(whole(info, "keyspace_misses") for info in infos)
            - sum(node.misses for node in self.nodes),
            writes=writes,
            evicted=_sum(infos, "evicted_keys"),
            expired=_sum(infos, "expired_keys"),
            keys=sum(map(self._keys, self.nodes)),
        )

    def _keys(self, node: Node) -> int:
        found = keyspace(self._info(node, "keyspace"))
        return sum(keys for keys, _ in found.values())

    def load(self) -> Load:
        """What the visit has cost the server so far."""
        estimated = sum(node.pace.server_seconds for node in self.nodes)
        load = Load(
            commands=sum(node.wire.commands for node in self.nodes),
            server_seconds=estimated,
            wall_seconds=time.monotonic() - self._began,
            bytes_received=sum(node.wire.received for node in self.nodes),
            source="estimated from how long replies took",
        )
        try:
            return self._by_processor(load)
        except ServerLostError:
            return load

    def _by_processor(self, load: Load) -> Load:
        """``load`` with the CPU time that ``INFO`` tells, if nearly all of it was for us."""
        spent, served, ours = 0.0, 0, 0
        for node, before in zip(self.nodes, self.facts.nodes, strict=True):
            ours += node.wire.commands
            now = self._info(node, "all")
            spent += cpu_seconds(now) - cpu_seconds(before.info)
            served += _served(now) - _served(before.info)
        if served and ours / served >= ALONE and spent >= 0:
            load.server_seconds = spent
            load.source = "the growth of used_cpu_user and used_cpu_sys; hardly anybody else asked"
        return load

    def _info(self, node: Node, section: str) -> dict[str, str]:
        reply = node.ask_now([("INFO", section)])[0]
        return {} if isinstance(reply, Refusal) else parse_info(reply)

    def close(self) -> None:
        """Hang up everywhere."""
        for node in self.nodes:
            node.wire.close()


def _served(info: dict[str, str]) -> int:
    return whole(info, "total_commands_processed")


def _sum(infos: list[dict[str, str]], name: str) -> int:
    return sum(whole(info, name) for info in infos)
