"""From what was seen to the result: pure functions on plain data."""

from collections.abc import Iterator

from msgspec.structs import replace

from djtune.errors import DjtuneError
from djtune.redis_memory.advice import Term
from djtune.redis_memory.advising.advise import Known, advise
from djtune.redis_memory.advising.findings import findings
from djtune.redis_memory.advising.reading import best
from djtune.redis_memory.copy_on_write import copy_on_write
from djtune.redis_memory.curves import Curve
from djtune.redis_memory.estimated import Estimates
from djtune.redis_memory.facts import ServerFacts
from djtune.redis_memory.idle.curve import curve_from_idle
from djtune.redis_memory.layouts.findings import cliff_finding
from djtune.redis_memory.observed import Seen
from djtune.redis_memory.plan import Users, make_plan, queries_saved
from djtune.redis_memory.replaying import LEAST_OPERATIONS, LEAST_SECONDS, decides
from djtune.redis_memory.result import Node, RedisSizeResult, ServerResult, Verification
from djtune.redis_memory.verifying import verify
from djtune.redis_memory.visiting import Visit

TOO_SHORT = (
    f"the trace is shorter than {LEAST_SECONDS:.0f} s or {LEAST_OPERATIONS:,} operations: its "
    "curves are shown, and nothing is decided by them"
)
HORIZON = 3
"""Months of growth that maxmemory leaves room for."""


def server_result(visit: Visit, growth: float | None) -> ServerResult:
    """One server's part of the result; ``growth`` is the part a month."""
    seen, facts, estimates = visit.seen, visit.seen.server, visit.estimates
    idle = _idle_curve(seen, estimates)
    traced = visit.replayed.curves if visit.replayed else []
    result = ServerResult(
        address=facts.address,
        uses=facts.uses,
        nodes=_nodes(facts),
        cluster=facts.cluster,
        databases={str(number): keys for number, keys in facts.databases.items()},
        policy=facts.policy,
        maxmemory=facts.maxmemory,
        refused=facts.refused,
        estimates=estimates,
        sampled=sum(one.whole.bytes.size + one.sampled.bytes.size for one in seen.patterns),
        names=seen.names,
        load=seen.load,
        counters=visit.counters,
        idle=idle,
        traced=traced,
        trace=visit.replayed.summary if visit.replayed else None,
        ideal=visit.replayed.ideal if visit.replayed else None,
        cliffs=visit.cliffs,
        notes=[*facts.notes, *seen.notes],
        complete=seen.complete and not visit.failures,
        cut=seen.cut,
    )
    if estimates is not None and estimates.patterns and _weighed(seen, estimates):
        room = None if growth is None else (1 + growth) ** HORIZON - 1
        copied = _copied(seen, estimates)
        deciding = traced if visit.replayed and decides(visit.replayed.summary) else []
        if traced and not deciding:
            result.notes.append(TOO_SHORT)
        result.advice = advise(Known(facts, estimates, idle, deciding, room, copied))
        tried = visit.layouts.source if visit.layouts else ""
        result.findings = [
            *findings(facts, estimates, seen.moments, result.advice),
            # What --layouts has tried stands with the layouts.
            *(cliff_finding(c) for c in visit.cliffs if c.frees.low > 0 and c.pattern != tried),
        ]
    result.notes += _evicted_before(visit)
    return result


def _evicted_before(visit: Visit) -> Iterator[str]:
    counters = visit.counters
    if counters is not None and counters.evicted:
        yield (
            f"{counters.evicted:,} keys were evicted since the server's counters were set to zero: "
            "what is here is what was left"
        )


def _weighed(seen: Seen, estimates: Estimates) -> bool:
    """Whether sizes are known: those that a visit was too short for would be advised to be 0."""
    return seen.complete or all(pattern.sampled for pattern in estimates.patterns)


def _idle_curve(seen: Seen, estimates: Estimates | None) -> Curve | None:
    if estimates is None or not seen.moments:
        return None
    curve = curve_from_idle(seen.moments, seen.server)
    # Idle times are weighed by MEMORY USAGE, and memory is paid for with what that leaves out.
    more = estimates.resident.value / estimates.bytes.value if estimates.bytes.value else 1.0
    curve.points = [replace(point, bytes=more * point.bytes) for point in curve.points]
    return curve


def _copied(seen: Seen, estimates: Estimates) -> Term | None:
    """What a save would copy, where the server saves at all."""
    facts = seen.server
    saves = facts.settings.get("save", "") or facts.settings.get("appendonly") == "yes"
    if not saves and not any(int(n.info.get("connected_slaves", 0) or 0) for n in facts.nodes):
        return None
    writes = _writes_per_second(seen)
    of_each = None if writes is None else writes / len(facts.nodes)
    size = estimates.resident.value / (estimates.keys.value or 1.0)
    terms = [
        copy_on_write(node.used_memory, node.used_memory, node.info, of_each, size)
        for node in facts.nodes
    ]
    known = [term for term in terms if term is not None]
    return replace(known[0], bytes=sum(term.bytes for term in known)) if known else None


def _writes_per_second(seen: Seen) -> float | None:
    if len(seen.moments) < 2:
        return None
    first, last = seen.moments[0], seen.moments[-1]
    if first.writes is None or last.writes is None or last.time <= first.time:
        return None
    return (last.writes - first.writes) / (last.time - first.time)


def _nodes(facts: ServerFacts) -> list[Node]:
    return [
        Node(node.product, node.version, node.replica, node.keys, node.used_memory, node.allocator)
        for node in facts.nodes
    ]


def verified(servers: list[ServerResult], before: RedisSizeResult | None) -> list[Verification]:
    """The servers held against an earlier result of the same ones."""
    if before is None:
        return []
    return [
        verify(then, now)
        for now in servers
        for then in before.servers
        if then.address == now.address
    ]


def add_plan(
    result: RedisSizeResult,
    users: Users | None,
    growth: float | None,
    queries_per_second: float | None,
) -> None:
    """Plan for more users, and tell what each step of memory saves the database."""
    for server in result.servers:
        if server.estimates is None or not server.estimates.patterns:
            continue
        if users is None:
            continue
        try:
            size = server.advice.size.maxmemory if server.advice and server.advice.size else None
            plan = make_plan(server.estimates.patterns, users, growth, size)
        except DjtuneError as error:
            result.warnings.append(f"{server.address}: {error.message}: {error.hint}")
            continue
        if queries_per_second is not None:
            curve = best(server.traced)
            plan.saved, plan.saved_missing = (
                queries_saved(curve, queries_per_second)
                if curve is not None
                else ([], "no trace tells what misses cost: --trace")
            )
        server.plan = plan
