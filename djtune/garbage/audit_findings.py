"""Findings of the audit: leaks first, then the app's own cycles, then what frameworks leave."""

from collections.abc import Sequence

from djtune.garbage.cycles import Growth, Link, RouteAudit
from djtune.garbage.remedies import CONTEXTS, PREFETCH, SERIALIZERS
from djtune.model.findings import FindingData
from djtune.model.routes import path_of
from djtune.reports import format as fmt

COUNTED = "counted, not timed: the same on any machine"
HEAVY_BYTES = 100_000
"""Bytes a request from which the garbage of a framework's is worth a finding of its own."""
WORTH_SAYING = 0.05
"""Part of a route's objects from which what holds them is worth a finding."""
ROUTES_NAMED = 5


def request_of(route: RouteAudit) -> str:
    """A route with its method, as every part of the report names it."""
    return f"{route.method} {path_of(route.route)}"


def findings(routes: Sequence[RouteAudit]) -> list[FindingData]:
    """What is worth doing about what requests leave behind."""
    return [*_leaks(routes), *_uncollectable(routes), *_own_links(routes), *_frameworks(routes)]


def _leaks(routes: Sequence[RouteAudit]) -> list[FindingData]:
    found: dict[tuple[str, tuple[str, ...]], list[tuple[RouteAudit, Growth]]] = {}
    for route in routes:
        for growth in route.growth:
            found.setdefault((growth.holder, tuple(growth.types)), []).append((route, growth))
    return [_leak(cases) for cases in found.values()]


def _leak(cases: Sequence[tuple[RouteAudit, Growth]]) -> FindingData:
    growth = cases[0][1]
    held = " and ".join(growth.types) or "something"
    return FindingData(
        kind="leak",
        title=f"{growth.holder or 'Something'} grows with every request: {held}",
        where=growth.where,
        evidence=[
            f"{fmt.count(each.objects)} more after each equal request of {request_of(route)}, "
            "with a full collection in between"
            for route, each in cases[:ROUTES_NAMED]
        ],
        remedy="Bound it (`collections.deque(maxlen=…)`, `functools.lru_cache(maxsize=…)`, a "
        "cache with a timeout), or do not keep it beyond the request. No setting of the "
        "collector frees it.",
        severity="high",
        routes=[request_of(route) for route, _ in cases],
        confidence=COUNTED,
    )


def _uncollectable(routes: Sequence[RouteAudit]) -> list[FindingData]:
    return [
        FindingData(
            kind="uncollectable",
            title=f"{request_of(route)} leaves {route.uncollectable:,} objects in gc.garbage",
            evidence=["the collector found them unreachable, and could not free them"],
            remedy="An extension type among them has a finaliser of the old kind (tp_del): break "
            "the cycle that it is in by hand.",
            severity="high",
            routes=[request_of(route)],
            confidence=COUNTED,
        )
        for route in routes
        if route.uncollectable
    ]


def _own_links(routes: Sequence[RouteAudit]) -> list[FindingData]:
    """One finding for each of the app's own links that a set of cuts cannot spare."""
    found: dict[tuple[str, str], list[tuple[RouteAudit, Link]]] = {}
    for route in routes:
        for link in route.links:
            if link.origin == "app" and link.needed:
                found.setdefault((link.module, link.name), []).append((route, link))
    return [_own_link(cases) for cases in found.values()]


def _own_link(cases: Sequence[tuple[RouteAudit, Link]]) -> FindingData:
    route, link = cases[0]
    return FindingData(
        kind="cycle",
        title=f"{link.name} closes a cycle in what {request_of(route)} makes",
        where=link.where,
        evidence=[_freed(each, one) for each, one in cases[:ROUTES_NAMED]],
        remedy=link.remedy,
        severity="medium" if route.held_bytes >= HEAVY_BYTES else "low",
        routes=[request_of(each) for each, _ in cases],
        confidence=COUNTED,
    )


def _freed(route: RouteAudit, link: Link) -> str:
    """What the cut does, computed and not hoped for."""
    text = (
        f"{request_of(route)}: {fmt.plural(link.count, 'reference', 'references')} from "
        f"{', '.join(link.holders)} to {', '.join(link.targets)}; without them reference counts "
        f"free {link.frees:,} of {route.objects.high:,} objects"
    )
    others = [each.name for each in route.links if each.needed and each is not link]
    if link.frees < route.objects.low and others:
        text += f", the rest only if {_listed(others)} are cut too"
    return text


def _listed(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _frameworks(routes: Sequence[RouteAudit]) -> list[FindingData]:
    """What frameworks tie together, where a request leaves much of it."""
    heavy = [route for route in routes if route.held_bytes >= HEAVY_BYTES]
    drf = [(route, route.frees_by_origin.get("rest_framework", 0)) for route in heavy]
    related = [(route, _most(route, PREFETCH)) for route in heavy]
    return [
        *_framework("REST framework's own links", f"{SERIALIZERS} {CONTEXTS}", drf),
        *_framework("Related model instances that hold one another", PREFETCH, related),
    ]


def _most(route: RouteAudit, remedy: str) -> int:
    """What the best of the links with a remedy frees alone."""
    return max((link.frees for link in route.links if link.remedy == remedy), default=0)


def _framework(
    title: str, remedy: str, freed: Sequence[tuple[RouteAudit, int]]
) -> list[FindingData]:
    cases = [(route, n) for route, n in freed if n >= WORTH_SAYING * route.objects.high > 0]
    if not cases:
        return []
    return [
        FindingData(
            kind="framework-cycle",
            title=f"{title} keep {fmt.share(cases[0][1] / cases[0][0].objects.high)} of what "
            f"{request_of(cases[0][0])} leaves",
            evidence=[
                f"{request_of(route)} leaves {route.objects.high:,} objects, "
                f"{fmt.size(route.held_bytes)}; reference counts would free {n:,} of them at once"
                for route, n in cases[:ROUTES_NAMED]
            ],
            remedy=remedy,
            severity="medium" if cases[0][0].held_bytes >= 10 * HEAVY_BYTES else "low",
            routes=[request_of(route) for route, _ in cases],
            confidence=COUNTED,
        )
    ]
