"""Findings about queries: one for each place in the app, over all routes that pass it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from djtune.model.findings import FindingData, Saving
from djtune.model.patches import with_call
from djtune.profiling.labels import request_of
from djtune.profiling.query_group import Place, QueryGroup
from djtune.profiling.remedies import call_for, joined, remedy_for
from djtune.profiling.repeats import severity, shorten_sql
from djtune.profiling.result import RouteResult
from djtune.reports import format as fmt

WORTH_CACHING = 0.03
"""Part of a route's time from which a query that never changes is worth a finding."""
WORTH_JOINING = 0.01
"""Part of a route's time from which rows that could have come along are worth a finding."""
WORTH_THE_TIME = 0.05
"""Part of a route's time below which its N+1s are said to be what they are."""
SHOWN_ROUTES = 5
SHOWN_CALLERS = 3
ALSO_PATCHED = " The patch for this queryset, at its dearest finding, has it."

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
    patch: str = ""
    patched: int = 1
    """Cases that the patch is for."""
    patch_saves: float = 0.0
    """Seconds in 1,000 requests that the patch would save."""
    patched_with: bool = False
    """Another case of the same queryset has the patch for both."""

    def add(self, route: RouteResult, groups: list[QueryGroup], seconds: float) -> None:
        """Note what a route would save; several ways through it to one place are one."""
        if self.seen and self.seen[-1][0] is route:
            _, before, saved = self.seen.pop()
            groups, seconds = [*before, *groups], saved + seconds
        self.seen.append((route, groups, seconds))

    @property
    def saved(self) -> float:
        """Seconds in 1,000 requests of the workload."""
        return sum(route.weight * seconds for route, _, seconds in self.seen)

    @property
    def dearest(self) -> list[QueryGroup]:
        """The groups of the route that pays most for it."""
        groups = max(self.seen, key=lambda seen: seen[0].weight * seen[2])[1]
        return _dearest_first(groups) if self.kind == "n+1" else groups


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
            cases.setdefault(key, Case(kind, groups)).add(route, groups, saved)
    worth = [case for case in cases.values() if not _mostly_in_vain(case, routes)]
    _write_patches(worth, context.sources)
    return [_finding(case, context) for case in worth]


_Found = tuple[tuple[Any, ...], str, list[QueryGroup], float]


def _cases(
    route: RouteResult,
    duplicates: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]],
) -> Iterator[_Found]:
    groups = route.query_groups
    yield from _each_row(groups)
    yield from _duplicates(groups, duplicates.get((route.method, route.route), ()))
    yield from _lazy(route)
    yield from _never_changing(route)
    yield from _missing_indexes(groups)


def _each_row(groups: Sequence[QueryGroup]) -> Iterator[_Found]:
    for number, group in enumerate(groups):
        if group.verdict != "n+1" and not (group.verdict == "duplicate" and _in_loop(group)):
            continue
        prefetch = group.verdict == "duplicate" and group.relation.kind == "prefetch"
        if prefetch or _comes_with_n_plus_one(group, groups):
            continue
        kind = group.verdict
        together = [group, *_prefetches_of(number, groups)]
        saved = sum(each.seconds * (1 - 1 / each.count) for each in together if each.count > 1)
        yield (kind, group.pattern, group.site.where), kind, together, saved


def _comes_with_n_plus_one(group: QueryGroup, groups: Sequence[QueryGroup]) -> bool:
    """Whether it is the prefetch of a queryset that is itself asked for each row."""
    root = group.relation.root
    if group.relation.kind != "prefetch" or root is None or groups[root] is group:
        return False
    return groups[root].verdict == "n+1" or _comes_with_n_plus_one(groups[root], groups)


def _prefetches_of(number: int, groups: Sequence[QueryGroup]) -> Iterator[QueryGroup]:
    """What is prefetched each time that a queryset is asked, however deep."""
    for other, group in enumerate(groups):
        if group.relation.kind == "prefetch" and group.relation.root == number != other:
            yield group
            yield from _prefetches_of(other, groups)


def _in_loop(group: QueryGroup) -> bool:
    return group.distinct <= 1 and (group.with_half_rows or 0.0) < (group.with_all_rows or 0.0)


def _duplicates(
    groups: Sequence[QueryGroup], duplicates: Sequence[Mapping[str, Any]]
) -> Iterator[_Found]:
    for found in duplicates:
        shared = [groups[number] for number in found["groups"]]
        if any(group.verdict != "duplicate" or _in_loop(group) for group in shared):
            continue
        if all(group.relation.kind == "prefetch" for group in shared):
            continue  # two prefetches of the same rows: neither is there to be asked once
        asked = sum(group.count for group in shared)
        saved = found["times"] * sum(group.seconds for group in shared) / asked if asked else 0.0
        places = tuple(sorted(group.site.where for group in shared))
        yield ("duplicate", shared[0].pattern, places), "duplicate", shared, saved


def _lazy(route: RouteResult) -> Iterator[_Found]:
    """Single rows that could have come with the one that they belong to, by its queryset."""
    groups = route.query_groups
    by_root: dict[int, list[QueryGroup]] = {}
    for group in groups:
        if group.verdict == "lazy" and group.relation.root is not None:
            by_root.setdefault(group.relation.root, []).append(group)
    for root, lazy in by_root.items():
        seconds = sum(group.seconds for group in lazy)
        if seconds > WORTH_JOINING * (route.mean.value or 0.0):
            where = _root_of(lazy).where
            yield ("lazy", groups[root].pattern, where), "lazy", lazy, seconds


def _mostly_in_vain(case: Case, routes: Sequence[RouteResult]) -> bool:
    """Whether most requests that pass the queryset would load the row for nothing."""
    if case.kind != "lazy":
        return False
    route, groups, _ = case.seen[0]
    root = route.query_groups[groups[0].relation.root or 0]
    where = _root_of(groups).where
    passing = sum(route.weight for route in routes if _passes(route, root.pattern, where))
    return 2 * sum(route.weight for route, *_ in case.seen) < passing


def _passes(route: RouteResult, pattern: str, where: str) -> bool:
    return any(
        group.pattern == pattern and where in (group.site.where, group.begun and group.begun.where)
        for group in route.query_groups
    )


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
        routes=_names(case),
    )


def _finding(case: Case, context: Context) -> FindingData:
    if case.kind == "missing-index":
        return _index_finding(case, context)
    groups = case.dearest
    return FindingData(
        kind=case.kind,
        title=_title(case.kind, groups),
        where=_where(case.kind, groups),
        evidence=[*_what(case.kind, groups), *_routes(case), *_of_patch(case, context)],
        saving=Saving(context.scaled(case.saved), context.unit),
        remedy=_remedy(case.kind, groups, context) + (ALSO_PATCHED if case.patched_with else ""),
        patch=case.patch,
        confidence=_confidence(case.kind, groups),
        severity=severity(context.part(case.saved)),
        routes=_names(case),
        part=context.part(case.saved),
    )


def _names(case: Case) -> list[str]:
    return [request_of(route) for route, _, _ in case.seen]


def _of_patch(case: Case, context: Context) -> list[str]:
    """What the patch is for, where it is for more than this finding."""
    if not case.patch or case.patched == 1:
        return []
    seconds = fmt.duration(context.scaled(case.patch_saves))
    return [
        f"the patch is for {case.patched} findings about this queryset: together about {seconds} "
        f"{context.unit.removeprefix('s ')}"
    ]


def _dearest_first(groups: Sequence[QueryGroup]) -> list[QueryGroup]:
    """In the order of cost, but what only comes along with another one last."""
    along = groups[0].relation.kind != "prefetch"
    return sorted(
        groups, key=lambda group: (along and group.relation.kind == "prefetch", -group.seconds)
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
        most = sum(group.most for group in groups)
        up_to = "" if most == sum(group.count for group in groups) else "up to "
        return f"N+1: {up_to}{_times(most)} {what} a request from {_named(first.site)}"
    if kind == "duplicate":
        times = sum(group.count for group in groups)
        return f"The same query {_times(times)} times a request, with equal parameters"
    if kind == "lazy":
        names = ", ".join(group.relation.path.replace("__", ".") for group in groups)
        more = "a query each" if len(groups) > 1 else "a query of its own"
        return f"{names}: {more}, for one row that was loaded without"
    return f"The same query in each of {first.requests} requests seen: {_named(first.site)}"


def _named(place: Place) -> str:
    if place.kind == "template":
        return f"template line {place.where}"
    if place.kind == "serializer":
        return f"the serializer field {place.what}"
    if place.kind == "view":
        return f"the view {place.what}"
    return f"{place.where} ({place.what})" if place.where else "outside of the app's code"


def _what(kind: str, groups: Sequence[QueryGroup]) -> list[str]:
    counts: dict[str, float] = {}
    for group in groups:
        query = f"{shorten_sql(group.pattern)} at {_full(group.site)}"
        counts[query] = counts.get(query, 0.0) + group.count
    lines = [query if n == 1 else f"{_mean(n)} × {query}" for query, n in counts.items()]
    if kind != "lazy":
        callers = dict.fromkeys(_callers(group) for group in groups if group.via)
        lines += [f"called from {caller}" for caller in [*callers][:SHOWN_CALLERS]]
    if kind == "n+1":
        lines.append(_growth(groups))
    return lines


def _callers(group: QueryGroup) -> str:
    return " ← ".join(_full(place) for place in group.via[:3])


def _full(place: Place) -> str:
    what = f" ({place.what})" if place.what and place.kind != "template" else ""
    return f"{place.where}{what}"


def _growth(groups: Sequence[QueryGroup]) -> str:
    tried = [group for group in groups if group.with_half_rows is not None]
    if not tried:
        return "whether it grows with the rows was not seen: with half of them the request failed"
    full = sum(group.with_all_rows or 0.0 for group in tried)
    half = sum(group.with_half_rows or 0.0 for group in tried)
    return (
        f"grows with the rows: {_times(half)} instead of {_mean(full)} when every queryset brings "
        "half of its rows"
    )


def _mean(number: float) -> str:
    """A mean of counts, which is called one where it is none of them."""
    return _times(number) if number == round(number) else f"on average {_times(number)}"


def _routes(case: Case) -> list[str]:
    """What each route that passes there pays for it: time, its part of the route, how often."""
    ordered = sorted(case.seen, key=lambda seen: -seen[0].weight * seen[2])
    lines = []
    for route, groups, _ in ordered[:SHOWN_ROUTES]:
        mean = route.mean.value or 0.0
        seconds = sum(group.seconds for group in groups)
        part = seconds / mean if mean else 0.0
        line = (
            f"{request_of(route)}: about {fmt.duration(seconds)} of its "
            f"{fmt.duration(mean)} ({_percent(part)}), {route.weight:.3g} of 1,000 requests"
        )
        if case.kind == "n+1" and _part_of_all(route) < WORTH_THE_TIME:
            line += ": it exists, but it is not what this route's time goes to"
        lines.append(line)
    if (more := len(ordered) - SHOWN_ROUTES) > 0:
        lines.append(f"and {more} more route{'s' if more > 1 else ''}")
    return lines


def _part_of_all(route: RouteResult) -> float:
    """What all N+1s of a route take of its time: many small ones can be most of it."""
    seconds = sum(group.seconds for group in route.query_groups if group.verdict == "n+1")
    return seconds / route.mean.value if route.mean.value else 0.0


def _remedy(kind: str, groups: Sequence[QueryGroup], context: Context) -> str:
    first = groups[0]
    if kind == "n+1":
        return remedy_for(first, context.django)
    if kind == "duplicate":
        if _in_loop(first):
            return "Ask once before the loop, and keep the answer in a variable."
        return (
            "Ask once and hand the answer on: return it, keep it on the request, or in a cached "
            "property. Nothing gets stale by it."
        )
    if kind == "lazy":
        if one := joined(call_for(group) for group in groups):
            return f"Add .{one} to the queryset at {_root_of(groups).where}."
        return " ".join(remedy_for(group, context.django) for group in groups)
    return (
        "If its rows change seldom, keep the answer in the cache for as long as it may be old; the "
        "same parameters came in every request."
    )


def _write_patches(cases: Sequence[Case], sources: Sources) -> None:
    """One patch for all that is to be added to one queryset, at the case that saves most."""
    by_line: dict[str, list[tuple[Case, list[str]]]] = {}
    for case in sorted(cases, key=lambda case: -case.saved):
        groups = case.dearest if case.kind == "lazy" else case.dearest[:1]
        place = groups[0].relation.root_place
        calls = [call_for(group) for group in groups]
        if case.kind in ("n+1", "lazy") and place is not None and all(calls):
            by_line.setdefault(place.where, []).append((case, calls))
    for where, found in by_line.items():
        file, _, line = where.rpartition(":")
        call = joined(call for _, calls in found for call in calls)
        patch = with_call(sources.get(file, ""), int(line), call, file)
        first = found[0][0]
        first.patch, first.patched = patch, len(found)
        first.patch_saves = sum(case.saved for case, _ in found)
        for case, _ in found[1:]:
            case.patched_with = bool(patch)


def _confidence(kind: str, groups: Sequence[QueryGroup]) -> str:
    requests = groups[0].requests
    seen = f"seen in {requests} request{'s' if requests != 1 else ''}"
    if kind == "n+1" and groups[0].with_half_rows is not None:
        seen += ", growth tried"
    return f"{seen}; the saving is an estimate: SQL and ORM time as the queries share it"


def _times(number: float) -> str:
    return f"{number:.3g}"


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %" if part >= 0.01 else "under 1 %"
