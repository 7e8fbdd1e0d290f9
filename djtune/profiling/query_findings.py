"""Findings about queries: one for each place in the app, over all routes that pass it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from djtune.model.findings import FindingData, Saving
from djtune.profiling.patches import with_call
from djtune.profiling.query_group import Place, QueryGroup
from djtune.profiling.remedies import call_for, remedy_for
from djtune.profiling.repeats import severity, shorten_sql
from djtune.profiling.result import RouteResult
from djtune.reports import format as fmt

WORTH_CACHING = 0.03
"""Part of a route's time from which a query that never changes is worth a finding."""
SHOWN_ROUTES = 5

Sources = Mapping[str, str]
"""File, from the project's root → its text."""


class Context(Struct, frozen=True):
    """What all findings of a run share."""

    django: tuple[int, int]
    requests_per_hour: float | None
    total_seconds: float
    """Server time of 1,000 requests of the workload."""
    sources: Sources

    @property
    def unit(self) -> str:
        """What savings are counted for."""
        each = "an hour" if self.requests_per_hour else "in 1,000 requests"
        return f"s of server time {each}"

    def scaled(self, seconds: float) -> float:
        """Seconds in 1,000 requests of the workload as the unit has them."""
        return seconds * (self.requests_per_hour or 1000.0) / 1000.0

    def part(self, seconds: float) -> float:
        """Part of all server time that seconds in 1,000 requests are."""
        return seconds / self.total_seconds if self.total_seconds else 0.0


class Case(Struct):
    """One thing to do, and the routes that gain by it."""

    kind: str
    groups: list[QueryGroup]
    """Of the first route where it was seen."""
    seen: list[tuple[RouteResult, list[QueryGroup], float]] = field(default_factory=list)
    """Route, its groups, and seconds a request that it would save."""

    @property
    def saved(self) -> float:
        """Seconds in 1,000 requests of the workload."""
        return sum(route.weight * seconds for route, _, seconds in self.seen)


def find(
    routes: Sequence[RouteResult],
    duplicates: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
    context: Context,
) -> list[FindingData]:
    """The findings about the queries of all routes.

    ``duplicates`` holds, for each (method, route), which of its groups ask the same.
    """
    cases: dict[tuple[Any, ...], Case] = {}
    for route in routes:
        for key, kind, groups, saved in _cases(route, duplicates):
            case = cases.setdefault(key, Case(kind, groups))
            case.seen.append((route, groups, saved))
    return [_finding(case, context) for case in cases.values()]


_Found = tuple[tuple[Any, ...], str, list[QueryGroup], float]


def _cases(
    route: RouteResult,
    duplicates: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
) -> Iterator[_Found]:
    groups = route.query_groups
    for group in groups:
        if group.verdict == "n+1" or (group.verdict == "duplicate" and _in_loop(group)):
            saved = group.seconds * (1 - 1 / group.count) if group.count > 1 else 0.0
            kind = "n+1" if group.verdict == "n+1" else "duplicate"
            yield (kind, group.pattern, group.site.where), kind, [group], saved
    yield from _duplicates(groups, duplicates.get((route.method, route.route), ()))
    yield from _lazy(groups)
    yield from _never_changing(route)
    yield from _missing_indexes(groups)


def _in_loop(group: QueryGroup) -> bool:
    return group.distinct <= 1 and (group.with_half_rows or 0.0) < (group.with_all_rows or 0.0)


def _duplicates(
    groups: Sequence[QueryGroup], duplicates: Sequence[Mapping[str, Any]]
) -> Iterator[_Found]:
    for found in duplicates:
        shared = [groups[number] for number in found["groups"]]
        if any(group.verdict != "duplicate" or _in_loop(group) for group in shared):
            continue
        asked = sum(group.count for group in shared)
        saved = found["times"] * sum(group.seconds for group in shared) / asked if asked else 0.0
        places = tuple(sorted(group.site.where for group in shared))
        yield ("duplicate", shared[0].pattern, places), "duplicate", shared, saved


def _lazy(groups: Sequence[QueryGroup]) -> Iterator[_Found]:
    """Single rows that could have come with the one that they belong to, by its queryset."""
    by_root: dict[int, list[QueryGroup]] = {}
    for group in groups:
        if group.verdict == "lazy" and group.relation.root is not None:
            by_root.setdefault(group.relation.root, []).append(group)
    for root, lazy in by_root.items():
        place = lazy[0].relation.root_place
        where = place.where if place else ""
        yield ("lazy", groups[root].pattern, where), "lazy", lazy, sum(g.seconds for g in lazy)


def _never_changing(route: RouteResult) -> Iterator[_Found]:
    mean = route.mean.value or 0.0
    for group in route.query_groups:
        if group.verdict == "never-changing" and group.seconds > WORTH_CACHING * mean:
            key = ("never-changing", group.pattern, group.site.where)
            yield key, "never-changing", [group], group.seconds


def _missing_indexes(groups: Sequence[QueryGroup]) -> Iterator[_Found]:
    for group in groups:
        for index in group.plan.missing if group.plan else ():
            yield ("missing-index", index.model, index.code), "missing-index", [group], 0.0


def _index_finding(case: Case, context: Context) -> FindingData:
    """An index that was worked out from a plan; what it saves is not known before it is tried."""
    group = case.groups[0]
    assert group.plan is not None
    index = group.plan.missing[0]
    spent = sum(route.weight * each.seconds for route, found, _ in case.seen for each in found)
    return FindingData(
        kind="missing-index",
        title=f"Missing index on {index.model}",
        where=f"{index.file}:{index.field_line or index.line}",
        evidence=[*_what("missing-index", [group]), *group.plan.problems, *_routes(case)],
        remedy=f"Add the line to Meta.indexes of {index.model} ({index.file}:{index.line}), and "
        "try it on a copy of the database: the index costs space, and time at every write.",
        patch=f"indexes = [\n    {index.code},\n]",
        confidence="worked out from the database's plan, not tried; it can save a part of what "
        "these queries take",
        severity=severity(context.part(spent)),
        part=0.0,
    )


def _finding(case: Case, context: Context) -> FindingData:
    if case.kind == "missing-index":
        return _index_finding(case, context)
    dearest = max(case.seen, key=lambda seen: seen[0].weight * seen[2])
    groups = dearest[1]
    calls = [call_for(group) for group in groups]
    return FindingData(
        kind=case.kind,
        title=_title(case.kind, groups),
        where=_where(case.kind, groups),
        evidence=[*_what(case.kind, groups), *_routes(case)],
        saving=Saving(context.scaled(case.saved), context.unit),
        remedy=_remedy(case.kind, groups, calls, context),
        patch=_patch(case.kind, groups, calls, context.sources),
        confidence=_confidence(case.kind, groups),
        severity=severity(context.part(case.saved)),
        part=context.part(case.saved),
    )


def _where(kind: str, groups: Sequence[QueryGroup]) -> str:
    """The line to change: of a duplicate the last, which asks what is known by then."""
    if kind == "lazy":
        return _root_of(groups).where
    return groups[-1 if kind == "duplicate" else 0].site.where


def _root_of(groups: Sequence[QueryGroup]) -> Place:
    return groups[0].relation.root_place or groups[0].site


def _title(kind: str, groups: Sequence[QueryGroup]) -> str:
    first = groups[0]
    if kind == "n+1":
        what = "queries" if first.reads else "statements"
        return f"N+1: {_times(first.most)} {what} a request from {_named(first.site)}"
    if kind == "duplicate":
        times = sum(group.count for group in groups)
        return f"The same query {_times(times)} times a request, with equal parameters"
    if kind == "lazy":
        names = ", ".join(group.relation.path.replace("__", ".") for group in groups)
        more = "a query each" if len(groups) > 1 else "a query of its own"
        return f"{names}: {more}, for one row that was loaded without"
    return f"A query that never changes: {_named(first.site)}"


def _named(place: Place) -> str:
    if place.kind == "template":
        return f"template line {place.where}"
    if place.kind == "serializer":
        return f"the serializer field {place.what}"
    if place.kind == "view":
        return f"the view {place.what}"
    return f"{place.where} ({place.what})" if place.where else "outside of the app's code"


def _what(kind: str, groups: Sequence[QueryGroup]) -> list[str]:
    lines = []
    for group in groups:
        times = f"{_times(group.count)} × " if group.count != 1 else ""
        lines.append(f"{times}{shorten_sql(group.pattern)} at {_full(group.site)}")
    if kind != "lazy" and groups[0].via:
        lines.append("called from " + " ← ".join(_full(place) for place in groups[0].via[:3]))
    if kind == "n+1":
        lines.append(_growth(groups[0]))
    return lines


def _full(place: Place) -> str:
    what = f" ({place.what})" if place.what and place.kind != "template" else ""
    return f"{place.where}{what}"


def _growth(group: QueryGroup) -> str:
    if group.with_all_rows is None or group.with_half_rows is None:
        return "whether it grows with the rows was not seen: with half of them the request failed"
    return (
        f"grows with the rows: {_times(group.with_half_rows)} instead of "
        f"{_times(group.with_all_rows)} when every queryset brings half of its rows"
    )


def _routes(case: Case) -> list[str]:
    """What each route that passes there pays for it: time, its part of the route, how often."""
    ordered = sorted(case.seen, key=lambda seen: -seen[0].weight * seen[2])
    lines = []
    for route, groups, _ in ordered[:SHOWN_ROUTES]:
        mean = route.mean.value or 0.0
        seconds = sum(group.seconds for group in groups)
        part = seconds / mean if mean else 0.0
        line = (
            f"{route.method} /{route.route.lstrip('/')}: about {fmt.duration(seconds)} of its "
            f"{fmt.duration(mean)} ({_percent(part)}), {route.weight:.3g} of 1,000 requests"
        )
        if case.kind == "n+1" and part < 0.05:
            line += ": it exists, but it is not what this route's time goes to"
        lines.append(line)
    if len(ordered) > SHOWN_ROUTES:
        lines.append(f"and {len(ordered) - SHOWN_ROUTES} more routes")
    return lines


def _remedy(kind: str, groups: Sequence[QueryGroup], calls: Sequence[str], context: Context) -> str:
    first = groups[0]
    if kind == "n+1":
        return remedy_for(first, context.django)
    if kind == "duplicate":
        if len(groups) == 1 and _in_loop(first):
            return "Ask once before the loop, and keep the answer in a variable."
        return (
            "Ask once and hand the answer on: return it, keep it on the request, or in a cached "
            "property. Nothing gets stale by it."
        )
    if kind == "lazy":
        if one := _one_call(calls):
            return f"Add .{one} to the queryset at {_root_of(groups).where}."
        return " ".join(remedy_for(group, context.django) for group in groups)
    return (
        "If its rows change seldom, keep the answer in the cache for as long as it may be old; the "
        "same parameters came in every request."
    )


def _one_call(calls: Sequence[str]) -> str:
    """The calls as one: ``select_related("a", "b")``; empty where they are not of one kind."""
    names = {call.partition("(")[0] for call in calls}
    if len(names) != 1 or "" in names:
        return ""
    arguments = [call.partition("(")[2].removesuffix(")") for call in calls]
    longer = [a for a in arguments if not any(o.startswith(a[:-1] + "__") for o in arguments)]
    return f"{names.pop()}({', '.join(dict.fromkeys(longer))})"


def _patch(kind: str, groups: Sequence[QueryGroup], calls: Sequence[str], sources: Sources) -> str:
    if kind not in ("n+1", "lazy"):
        return ""
    call = _one_call(calls)
    place = groups[0].relation.root_place
    if not call or place is None:
        return ""
    file, _, line = place.where.rpartition(":")
    return with_call(sources[file], int(line), call, file) if file in sources else ""


def _confidence(kind: str, groups: Sequence[QueryGroup]) -> str:
    seen = f"seen in {groups[0].requests} requests"
    if kind == "n+1" and groups[0].with_half_rows is not None:
        seen += ", growth tried"
    return f"{seen}; the saving is an estimate: SQL and ORM time as the queries share it"


def _times(number: float) -> str:
    return f"{number:.3g}"


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %" if part >= 0.01 else "under 1 %"
