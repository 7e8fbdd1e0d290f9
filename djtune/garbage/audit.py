"""From what the audit found of each route's cyclic garbage to verdicts: pure functions on data."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from djtune.garbage.audit_findings import findings
from djtune.garbage.cycles import AuditResult as AuditResult
from djtune.garbage.cycles import GarbageType, Growth, Link, RouteAudit, Spread
from djtune.garbage.remedies import remedy
from djtune.model.routes import path_of
from djtune.reports import format as fmt

Asked = tuple[str, str, float]
"""Method, route and requests among 1,000 of the workload of a step."""
Row = Mapping[str, Any]
"""A step as ``djtune.agent.garbage.audit`` sends it."""

NEAR_ZERO_BYTES = 100
"""Bytes a request up to which a route leaves next to nothing: 100 MB in a million requests."""


def audit(rows: Sequence[Row], steps: Sequence[Asked]) -> AuditResult:
    """Judge the rows of the agent's ``audit_garbage``.

    ``steps`` are those of the workload, by number. Steps that ask for one route are one route:
    counts of all, links and types of the step that leaves most. A step without a row could not
    be asked for.
    """
    known = {row["step"]: row for row in rows}
    routes: dict[tuple[str, str], list[tuple[Row, float]]] = {}
    for number, (method, route, weight) in enumerate(steps):
        row = known.get(number, {"rounds": []})
        routes.setdefault((method, route), []).append((row, weight))
    audited = [_route(method, route, found) for (method, route), found in routes.items()]
    audited.sort(key=lambda each: -each.weight * each.held_bytes)
    weight = sum(each.weight for each in audited if each.rounds) or 1.0
    objects = sum(each.weight * each.objects.median for each in audited) / weight
    leaked = 1000 * sum(each.weight * each.held_bytes for each in audited) / weight / 1e6
    why = _why_not_free(audited)
    return AuditResult(
        audited,
        objects_per_request=objects,
        leaked_mb=leaked,
        garbage_free=not why,
        why=why or "no request leaves more than 100 bytes to the collector, and nothing grows",
        findings=findings(audited),
    )


def _route(method: str, route: str, steps: Sequence[tuple[Row, float]]) -> RouteAudit:
    rounds = [each for row, _ in steps for each in row["rounds"]]
    weight = sum(weight for _, weight in steps)
    if not rounds:
        nothing = Spread(0, 0.0, 0)
        return RouteAudit(method, route, weight, 0, nothing, nothing, 0.0, [], [], {}, [])
    counted = [(row, weight) for row, weight in steps if row["rounds"]]
    largest = max((row for row, _ in counted), key=_objects)
    return RouteAudit(
        method=method,
        route=route,
        weight=weight,
        rounds=len(rounds),
        objects=_spread([each["objects"] for each in rounds]),
        bytes=_spread([each["bytes"] for each in rounds]),
        held_bytes=_held(counted),
        types=[GarbageType(**each) for each in largest["types"]],
        links=sorted(map(_link, largest["links"]), key=_order),
        frees_by_origin=largest["frees_by_origin"],
        growth=_grown([row for row, _ in counted]),
        uncollectable=max(each["uncollectable"] for each in rounds),
        cut_short=_cut_short(largest, [row for row, _ in counted]),
    )


def _objects(row: Row) -> int:
    return max(int(each["objects"]) for each in row["rounds"])


def _spread(counts: Sequence[int]) -> Spread:
    return Spread(min(counts), median(counts), max(counts))


def _held(steps: Sequence[tuple[Row, float]]) -> float:
    """Bytes a request, the steps weighted as in the workload."""
    sizes = [float(row["kept"]) for row, _ in steps]
    weights = [weight for _, weight in steps]
    return fmean(sizes, weights) if sum(weights) > 0 else fmean(sizes)


def _link(entry: Row) -> Link:
    return Link(
        name=_name(entry["owner"], entry["attribute"]),
        remedy=remedy(entry),
        **{name: entry[name] for name in _KEPT},
    )


def _name(owner: str, attribute: str) -> str:
    """``Field.parent``; of variables and the like, ``countdown (closure) n``."""
    if attribute.startswith("("):
        return f"{owner.rpartition('<locals>.')[2]} {attribute}"
    return f"{owner}.{attribute}"


_KEPT = (
    "module",
    "origin",
    "where",
    "holders",
    "targets",
    "count",
    "frees",
    "frees_bytes",
    "needed",
)


def _order(link: Link) -> tuple[bool, bool, int, str]:
    return (link.origin != "app", not link.needed, -link.frees, link.name)


def _grown(rows: Sequence[Row]) -> list[Growth]:
    """What grows, each holder once."""
    found: dict[tuple[str, tuple[str, ...]], Growth] = {}
    for row in rows:
        for entry in row.get("growth", ()):
            growth = Growth(**entry)
            known = found.setdefault((growth.holder, tuple(growth.types)), growth)
            known.objects = max(known.objects, growth.objects)
    return list(found.values())


def _cut_short(largest: Row, rows: Sequence[Row]) -> str:
    reasons = []
    if largest["looked_at"] < max(each["objects"] for each in largest["rounds"][:1]):
        reasons.append(f"links among the first {largest['looked_at']:,} objects alone")
    if any("growth" not in row for row in rows):
        reasons.append("no time was left to look for leaks")
    return "; ".join(reasons)


def _why_not_free(routes: Sequence[RouteAudit]) -> str:
    """Why a process without a collector would grow, or may; empty where it would not."""
    for route in routes:
        name = f"{route.method} {path_of(route.route)}"
        if not route.rounds:
            return f"{name} could not be audited"
        if route.growth:
            return f"{name} leaks as it is"
        if route.uncollectable:
            return f"{name} leaves objects that not even the collector frees"
        leaked = max(route.held_bytes, route.bytes.high)
        if leaked > NEAR_ZERO_BYTES:
            return f"{name} leaves {fmt.size(leaked)} to the collector each time"
        if route.cut_short:
            return f"{name}: {route.cut_short}"
    return "" if routes else "nothing was audited"
