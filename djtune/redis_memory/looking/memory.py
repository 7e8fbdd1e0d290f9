"""What a server says of its own memory: ``MEMORY STATS`` and the allocator's quantum."""

import re

from djtune.redis_memory.server.server import Server
from djtune.redis_memory.server.wire import Refusal, Reply

QUANTUM = re.compile(rb"Quantum size: *(\d+)")


def read_memory(server: Server) -> None:
    """Put each node's ``MEMORY STATS`` into its facts; nothing where that is refused."""
    for node, facts in zip(server.nodes, server.facts.nodes, strict=True):
        stats, allocator = node.ask([("MEMORY", "STATS"), ("MEMORY", "MALLOC-STATS")])
        if isinstance(stats, Refusal):
            continue
        facts.memory = flat(stats)
        if isinstance(allocator, bytes) and (found := QUANTUM.search(allocator)):
            facts.memory["quantum"] = float(found[1])


def flat(stats: Reply, before: str = "") -> dict[str, float]:
    """The figures of a reply of names and values, some of them replies of the same kind."""
    figures: dict[str, float] = {}
    for name, value in zip(stats[::2], stats[1::2], strict=True):
        label = before + name.decode()
        if isinstance(value, list):
            figures |= flat(value, f"{label}.")
        else:
            figures[label] = float(value)
    return figures
