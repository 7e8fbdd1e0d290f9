"""What a server says of itself, as ``INFO`` words it."""

import re

from djtune.redis_memory.facts import NodeFacts

HISTOGRAMS = "latency_histograms"
"""Commands that were called since the server keeps their latencies (``INFO latencystats``)."""
_BULKY = ("cmdstat_", "latency_percentiles_", "errorstat_", "db0_distrib", "module")


def parse_info(text: bytes) -> dict[str, str]:
    """``INFO``'s figures by their names, in the order of its sections."""
    lines = text.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


def whole(info: dict[str, str], name: str) -> int:
    """An integer of ``INFO``'s; 0 where it is absent or no number."""
    try:
        return int(info.get(name, "0"))
    except ValueError:
        return 0


def real(info: dict[str, str], name: str) -> float:
    """A number of ``INFO``'s; 0 where it is absent or none."""
    try:
        return float(info.get(name, "0"))
    except ValueError:
        return 0.0


def keyspace(info: dict[str, str]) -> dict[int, tuple[int, int]]:
    """Database → (keys, keys with a TTL)."""
    found = {}
    for name, value in info.items():
        if name.startswith("db") and name[2:].isdigit():
            figures = dict(part.partition("=")[::2] for part in value.split(","))
            found[int(name[2:])] = (int(figures.get("keys", 0)), int(figures.get("expires", 0)))
    return found


def node_facts(info: dict[str, str]) -> NodeFacts:
    """One server process, from its ``INFO ALL``."""
    databases = keyspace(info)
    valkey = info.get("valkey_version")
    return NodeFacts(
        product="Valkey" if valkey else "Redis",
        version=valkey or info.get("redis_version", ""),
        allocator=info.get("mem_allocator", ""),
        replica=info.get("role") == "slave",
        keys=sum(keys for keys, _ in databases.values()),
        keys_with_ttl=sum(expires for _, expires in databases.values()),
        used_memory=whole(info, "used_memory"),
        info=_kept(info),
    )


def _kept(info: dict[str, str]) -> dict[str, str]:
    """What is needed later; of the commands' latencies their number alone."""
    kept = {name: value for name, value in info.items() if not name.startswith(_BULKY)}
    kept[HISTOGRAMS] = str(sum(name.startswith("latency_percentiles_") for name in info))
    return kept


def version_of(facts: NodeFacts) -> tuple[int, ...]:
    """Major and minor, to be compared."""
    return tuple(map(int, re.findall(r"\d+", facts.version)[:2]))


def calls(info: dict[str, str], commands: frozenset[str]) -> int | None:
    """Calls of ``commands`` by ``INFO commandstats``; ``None`` where it tells nothing."""
    stats = {
        name.removeprefix("cmdstat_"): value
        for name, value in info.items()
        if name.startswith("cmdstat_")
    }
    if not stats:
        return None
    return sum(
        int(value.partition("calls=")[2].partition(",")[0])
        for name, value in stats.items()
        if name in commands
    )


def cpu_seconds(info: dict[str, str]) -> float:
    """CPU seconds of the server process, its children's left out."""
    return real(info, "used_cpu_user") + real(info, "used_cpu_sys")
