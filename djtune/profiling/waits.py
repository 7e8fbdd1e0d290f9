"""Findings about waiting: what requests wait for one after the other, and where."""

from collections.abc import Mapping, Sequence
from typing import Any

from djtune.model.findings import FindingData, Saving
from djtune.profiling.labels import request_of
from djtune.profiling.query_findings import Context
from djtune.profiling.query_group import Place, Wait
from djtune.profiling.repeats import severity
from djtune.profiling.result import RouteResult
from djtune.reports import format as fmt

WORTH_SAYING = 0.10
"""Part of a route's time from which its waiting is worth a finding."""


def merge_waits(studies: Sequence[Mapping[str, Any]], seconds: float) -> list[Wait]:
    """The places where a route waits, in the order in which requests come to them.

    ``seconds`` is what the timing pass says that it waits, which the places share.
    """
    merged: dict[tuple[str, ...], Wait] = {}
    for study in studies:
        for wait in study["waits"]:
            places = [Place(**place) for place in wait["places"]]
            key = tuple(place.where for place in places)
            known = merged.setdefault(key, Wait(places, 0.0))
            known.seconds += wait["ns"] / 1e9
    total = sum(wait.seconds for wait in merged.values())
    for wait in merged.values():
        wait.seconds *= seconds / total
    return list(merged.values())


def find(routes: Sequence[RouteResult], context: Context) -> list[FindingData]:
    """One finding a route that waits for long."""
    return [
        _finding(route, context)
        for route in routes
        if sum(wait.seconds for wait in route.waits) >= WORTH_SAYING * (route.mean.value or 0.0) > 0
    ]


def _finding(route: RouteResult, context: Context) -> FindingData:
    waits = route.waits
    seconds = sum(wait.seconds for wait in waits)
    path = request_of(route)
    evidence = [
        f"about {fmt.duration(wait.seconds)} at "
        + " ← ".join(f"{place.where} ({place.what})" for place in wait.places[:3])
        for wait in waits
    ]
    evidence.append(
        f"{path}: {fmt.duration(seconds)} of its {fmt.duration(route.mean.value)}, "
        f"{route.weight:.3g} of 1,000 requests"
    )
    saved = route.weight * (seconds - max(wait.seconds for wait in waits))
    if len(waits) == 1:
        return FindingData(
            kind="waits",
            title=f"{path} waits {fmt.duration(seconds)} for something outside",
            where=waits[0].places[0].where,
            evidence=evidence,
            remedy="See whether the answer can be kept for a while, asked for earlier, or done "
            "after the response. Threads or async views let other requests be served meanwhile; "
            "this one does not get faster by them.",
            severity="low",
            routes=[path],
            confidence="places from a pass of their own; time from the timing pass",
        )
    return FindingData(
        kind="waits",
        title=f"{path} waits {len(waits)} times, one after the other",
        where=_differing(waits).where,
        evidence=evidence,
        saving=Saving(context.scaled(saved), context.unit),
        remedy="Where one does not need another's answer, ask for them at once: asyncio.gather() "
        "in an async view, a thread pool in a sync one. Then it waits for the longest alone.",
        severity=severity(context.part(saved)),
        routes=[path],
        part=context.part(saved),
        confidence="estimate: all but the longest wait, if none needs another's answer",
    )


def _differing(waits: Sequence[Wait]) -> Place:
    """The last wait's innermost place that the others do not share: the line to change."""
    others = {place.where for wait in waits[:-1] for place in wait.places}
    last = waits[-1].places
    return next((place for place in last if place.where not in others), last[0])
