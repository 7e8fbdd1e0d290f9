"""What a server's memory is made of, line by line, and what is left over."""

from typing import Literal

from djtune.redis_memory.estimated import Amount, Line, Reconciliation
from djtune.redis_memory.estimating.overhead import Overhead, bucket_bytes
from djtune.redis_memory.facts import NodeFacts, ServerFacts
from djtune.redis_memory.server.facts import HISTOGRAMS

SURE_TO = 0.005
"""Share of ``used_memory`` to which the modelled lines are sure: on the servers that were measured,
a whole census leaves less than this."""
UNNAMED = 500_000
"""Bytes of connections' buffers and the like that no figure of a server names."""
HISTOGRAM = 24_688
"""Bytes of one command's latencies: measured on Redis 7.0.15."""
MORE_ELEMENTS = 0.5
"""A table whose length was not asked for has no more elements beyond the usual number than this
share of it: its smallest element has 64 bytes. Of large ones it may have hardly any."""
SMALLEST = 100_000_000
"""Bytes below which the ratio of resident to used memory says nothing: most is the program."""
COUNTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("start-up", ("startup.allocated",)),
    ("clients' buffers", ("clients.normal", "clients.slaves")),
    ("replication backlog", ("replication.backlog", "replica.fullsync.buffer")),
    ("append-only buffer", ("aof.buffer",)),
    ("scripts and functions", ("lua.caches", "functions.caches")),
    ("cluster links", ("cluster.links",)),
)
"""Lines that ``MEMORY STATS`` counts, and the figures that they are made of."""
BY_INFO = {
    "startup.allocated": "used_memory_startup",
    "clients.normal": "mem_clients_normal",
    "clients.slaves": "mem_clients_slaves",
    "replication.backlog": "mem_replication_backlog",
    "aof.buffer": "mem_aof_buffer",
    "lua.caches": "used_memory_scripts",
    "cluster.links": "mem_cluster_links",
}
"""The same figures' names in ``INFO``."""


def reconcile(
    facts: ServerFacts,
    overhead: Overhead,
    values: Amount,
    within: float,
    resident: Amount,
    guessed: float = 0.0,
) -> Reconciliation:
    """The lines of ``used_memory``.

    ``values`` is what ``MEMORY USAGE`` says of all keys, ``within`` what their own tables and
    names take beyond it; ``resident`` is both with the keys' part of the server's tables, and its
    interval is that of the lines' sum, but for what the modelled lines are sure to. ``guessed``:
    bytes of ``within`` that rest on lengths of collections that could not be asked for.
    """
    nodes = facts.nodes
    keys = sum(node.memory.get("keys.count", node.keys) for node in nodes)
    expiring = sum(node.keys_with_ttl for node in nodes)
    tables = sum(sum(bucket_bytes(node, overhead.build)) for node in nodes)
    told = all(node.memory for node in nodes)
    inside = Amount(within, within - guessed, within + MORE_ELEMENTS * guessed)
    lines = [
        Line("values and names", values, "estimated", "MEMORY USAGE of all keys"),
        Line("inside collections and names", inside, "modelled", _how(overhead)),
        _line("TTL entries", expiring * overhead.expiry(), "modelled", f"{expiring:,} keys"),
        _line("hash tables", tables, "counted" if told else "modelled", "of all keys and TTLs"),
        _line("rounding of entries", keys * overhead.entry(), "modelled", _step(overhead)),
        *(_line(label, _figures(facts, names), "counted") for label, names in COUNTED),
        _histograms(facts),
    ]
    lines = [line for line in lines if line.bytes.value]
    # As the visit began: its own buffers came after that.
    used = sum(node.used_memory for node in nodes)
    total = sum(line.bytes.value for line in lines)
    unsure = SURE_TO * used + UNNAMED * len(nodes)
    low = total + resident.low - resident.value - guessed - unsure
    high = total + resident.high - resident.value + MORE_ELEMENTS * guessed + unsure
    in_ram = sum(int(node.info.get("used_memory_rss", 0)) for node in nodes)
    return Reconciliation(
        lines=lines,
        used_memory=used,
        residual=used - total,
        covered=low <= used <= high,
        resident_set=in_ram or None,
        fragmentation=in_ram / used if in_ram and used >= SMALLEST else None,
    )


def _histograms(facts: ServerFacts) -> Line:
    """The latencies of each command that was called, from Redis 7.0 on (``latency-tracking``)."""
    commands = sum(int(node.info.get(HISTOGRAMS, 0)) for node in facts.nodes)
    note = f"of {commands} commands (latency-tracking)"
    return _line("latency histograms", commands * HISTOGRAM, "modelled", note)


def _line(label: str, value: float, source: Literal["counted", "modelled"], note: str = "") -> Line:
    return Line(label, Amount(value, value, value), source, note)


def _figures(facts: ServerFacts, names: tuple[str, ...]) -> float:
    return sum(_figure(node, name) for node in facts.nodes for name in names)


def _figure(node: NodeFacts, name: str) -> float:
    return node.memory.get(name, float(node.info.get(BY_INFO.get(name, ""), 0)))


def _step(overhead: Overhead) -> str:
    return f"the allocator gives multiples of {overhead.quantum} B"


def _how(overhead: Overhead) -> str:
    known = "as builds like this one keep them"
    return known if overhead.build.known else f"{known}; this version was not measured"
