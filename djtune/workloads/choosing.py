"""Which journeys of a workload are made: those whose routes the user names."""

import difflib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from djtune.errors import DjtuneError
from djtune.model.routes import path_of
from djtune.model.workload import Workload

SHOWN = 8
"""Routes that a hint lists."""


def choose_journeys(workload: Workload, patterns: Sequence[str]) -> Workload:
    """The journeys with a step whose route matches one of ``patterns``; all without patterns.

    A pattern is a part of a route or a glob over the whole, with or without the leading slash.
    Raises :class:`DjtuneError` for a pattern that matches nothing.
    """
    if not patterns:
        return workload
    made = []
    for journey in workload.journeys:
        if any(chosen(step.route, patterns) for step in journey.steps):
            made.append(journey)
    every = sorted({step.route for journey in workload.journeys for step in journey.steps})
    for pattern in patterns:
        if not any(matches(route, pattern) for route in every):
            raise DjtuneError(f"no route matches {pattern!r}", hint=_routes_like(pattern, every))
    part = sum(journey.weight for journey in made) / sum(j.weight for j in workload.journeys)
    if not part:
        raise DjtuneError(
            f"the journeys to {' and '.join(patterns)} have no weight in this workload",
            hint="give them a weight above 0, or choose other routes",
        )
    per_hour = workload.journeys_per_hour
    return Workload(
        made,
        users=workload.users,
        weights_from=workload.weights_from,
        journeys_per_hour=None if per_hour is None else per_hour * part,
        observed=workload.observed,
    )


def _routes_like(pattern: str, routes: Sequence[str]) -> str:
    near = difflib.get_close_matches(pattern.strip("/"), routes, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(map(path_of, near))}?"
    more = f" and {len(routes) - SHOWN} more" if len(routes) > SHOWN else ""
    return f"the workload asks for {', '.join(map(path_of, routes[:SHOWN]))}{more}"


def chosen(route: str, patterns: Sequence[str]) -> bool:
    """Whether one of ``patterns`` names the route, or there are none."""
    return not patterns or any(matches(route, pattern) for pattern in patterns)


def matches(route: str, pattern: str) -> bool:
    """Whether ``pattern`` names the route: as the URLconf has it, as reports show it, or a glob."""
    return _bare(route) == _bare(pattern) or fnmatchcase("/" + route.lstrip("/^"), _rooted(pattern))


def _bare(route: str) -> str:
    """A route without what does not tell it from others: slashes at the ends, a regex's anchors."""
    return route.lstrip("/^").rstrip("/$")


def _rooted(pattern: str) -> str:
    return "/" + pattern.lstrip("/")


def steps_of(workload: Workload) -> list[tuple[str, str]]:
    """(method, route) of every step, in order."""
    return [(step.method, step.route) for journey in workload.journeys for step in journey.steps]
