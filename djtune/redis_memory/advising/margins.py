"""From the bytes that entries need to ``maxmemory``, and from there to the container's RAM."""

import math
from collections.abc import Mapping, Sequence

from djtune.redis_memory.advice import Term
from djtune.redis_memory.facts import NodeFacts, ServerFacts
from djtune.reports import format as fmt

ASSUMED_GROWTH = 0.2
LEAST_TO_TELL = 100_000_000
"""Bytes of ``used_memory`` below which fragmentation says nothing."""
ASSUMED_FRAGMENTATION = 1.1
"""What jemalloc is usually near to, where the server is too small to tell."""
EMPTIED = 0.8
"""Part of the peak below which the process still holds what was freed."""
USUAL_BUFFER = 256 * 2**20
"""A replica's hard limit, as Redis has it by default."""
LEAST_SHOWN = 1000
"""Bytes of a part below which it is not worth a line."""
LEAST_LIMIT = 64 * 2**20
"""Bytes for each primary; a lower limit saves nothing that is worth a miss or a refused write."""
ROUND = 2**20
"""What `redis.conf` calls 1mb."""
_OVERHEAD = {
    "used_memory_startup": "the server itself",
    "mem_clients_normal": "clients' buffers",
    "mem_replication_backlog": "replication backlog",
    "used_memory_scripts": "scripts",
    "used_memory_functions": "functions",
    "mem_cluster_links": "links between the cluster's nodes",
}
"""``INFO memory``'s terms that count towards maxmemory beside the data (evict.c: only replicas'
output buffers beyond the backlog and the AOF buffer are left out)."""


def maxmemory_terms(
    entries: Term, facts: ServerFacts, growth: float | None, unexplained: float = 0.0
) -> list[Term]:
    """What ``maxmemory`` has to hold, of all primaries: the entries and all that counts beside.

    ``growth`` is the part by which the entries are to grow; ``None``: nobody said.
    ``unexplained`` are the bytes of ``used_memory`` that the balance leaves over: they count too.
    """
    told = growth is not None
    part = ASSUMED_GROWTH if growth is None else max(growth, 0.0)
    note = "" if told else f"assumed {fmt.share(part)}; --growth says otherwise"
    return [
        entries,
        *(
            Term(label, float(held), "measured")
            for name, label in _OVERHEAD.items()
            if (held := _sum(facts.nodes, name)) >= LEAST_SHOWN
        ),
        *(
            [Term("what nothing explains", unexplained, "measured", "used_memory's residual")]
            if unexplained >= LEAST_SHOWN
            else []
        ),
        Term("room to grow", part * entries.bytes, "set" if told else "assumed", note),
    ]


def refusal_terms(facts: ServerFacts) -> list[Term]:
    """What more to leave where a full server refuses writes: what it has needed once.

    How long queues get cannot be seen from one visit.
    """
    used = sum(node.used_memory for node in facts.nodes)
    peak = float(_sum(facts.nodes, "used_memory_peak") - used)
    if peak < LEAST_SHOWN:
        return []
    return [Term("what it once held more", peak, "measured", "used_memory_peak")]


def uneven_terms(terms: Sequence[Term], nodes: Sequence[NodeFacts]) -> list[Term]:
    """What the fullest primary of a cluster needs beyond its even part, for each of them."""
    used = [node.used_memory for node in nodes]
    if len(used) < 2 or not sum(used):
        return []
    share = max(used) / sum(used)
    more = (share * len(used) - 1) * sum(term.bytes for term in terms)
    if more < LEAST_SHOWN:
        return []
    note = f"the fullest of {len(used)} primaries holds {fmt.share(share)}"
    return [Term("slots that hold uneven parts", more, "measured", note)]


def spare_terms(terms: Sequence[Term], facts: ServerFacts, *, told: bool) -> list[Term]:
    """What else to leave: a low limit that saves nothing, or whose misses nothing has ``told``."""
    needed, least = sum(term.bytes for term in terms), LEAST_LIMIT * max(1, len(facts.nodes))
    allowed = facts.maxmemory or 0
    if not told and allowed > needed:
        note = "nothing tells what a lower limit would miss or refuse"
        return [Term("the limit that is set", allowed - needed, "set", note)]
    if needed < least:
        note = f"a limit below {fmt.size(LEAST_LIMIT)} saves too little to risk it"
        return [Term("up to the least limit", least - needed, "assumed", note)]
    return []


def rounded(terms: Sequence[Term], nodes: int) -> int:
    """The terms' sum for each of the primaries, rounded up to a mebibyte."""
    return ROUND * math.ceil(round(sum(term.bytes for term in terms)) / nodes / ROUND)


def container_terms(maxmemory: float, facts: ServerFacts, copy_on_write: Term | None) -> list[Term]:
    """What the machine has to hold for a server with ``maxmemory`` bytes, of all primaries."""
    terms = [Term("maxmemory", maxmemory, "estimated"), _fragmentation(maxmemory, facts)]
    if (buffers := _replica_buffers(facts)) is not None:
        terms.append(buffers)
    if (aof := _sum(facts.nodes, "mem_aof_buffer")) > 0:
        terms.append(Term("AOF buffer", float(aof), "measured", "not counted in maxmemory"))
    if copy_on_write is not None:
        terms.append(copy_on_write)
    return terms


def _fragmentation(maxmemory: float, facts: ServerFacts) -> Term:
    used = sum(node.used_memory for node in facts.nodes)
    resident = _sum(facts.nodes, "used_memory_rss")
    label = "fragmentation"
    if used < LEAST_TO_TELL or not resident:
        more = (ASSUMED_FRAGMENTATION - 1) * maxmemory
        note = f"assumed {ASSUMED_FRAGMENTATION:.2f}: too little is used to measure it"
        return Term(label, more, "assumed", note)
    peak = _sum(facts.nodes, "used_memory_peak")
    if used < EMPTIED * peak:
        ratio = max(1.0, resident / peak)
        note = f"used_memory_rss is {ratio:.2f}x the peak: what was freed is not given back at once"
        return Term(label, (ratio - 1) * maxmemory, "estimated", note)
    ratio = max(1.0, resident / used)
    return Term(label, (ratio - 1) * maxmemory, "measured", f"used_memory_rss is {ratio:.2f}x")


def _replica_buffers(facts: ServerFacts) -> Term | None:
    """What replicas may hold back before they are cut off: beside maxmemory, not in it."""
    replicas = _sum(facts.nodes, "connected_slaves")
    if not replicas:
        return None
    limit = _replica_limit(facts.settings)
    label = f"output buffers of {replicas} replicas"
    if limit == 0:
        return Term(label, 0.0, "set", "they have no limit (client-output-buffer-limit)")
    note = "client-output-buffer-limit replica, its hard limit"
    if limit is None:
        return Term(label, float(replicas * USUAL_BUFFER), "assumed", note)
    return Term(label, float(replicas * limit), "set", note)


def _replica_limit(settings: Mapping[str, str]) -> int | None:
    """The hard limit of ``client-output-buffer-limit`` for replicas, bytes; 0: none."""
    words = settings.get("client-output-buffer-limit", "").split()
    for name in ("slave", "replica"):
        if name in words and words.index(name) + 1 < len(words):
            return int(words[words.index(name) + 1])
    return None


def _sum(nodes: Sequence[NodeFacts], name: str) -> int:
    return sum(int(float(node.info.get(name, 0) or 0)) for node in nodes)
