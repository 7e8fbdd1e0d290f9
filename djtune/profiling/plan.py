"""How a run spends its time, and what it asks for: decided before anything is timed."""

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.experiments.allocation import RouteCost
from djtune.model.routes import Route
from djtune.model.workload import Workload
from djtune.profiling.labels import path_of
from djtune.profiling.result import Unmeasured

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SHOWN = 8
"""Routes that a hint lists."""
OVERHEAD_SHARE = 0.15
OVERHEAD_LEAST = 8.0
"""Pricing the probes takes this share of the time; at least so many seconds, a third at most."""


class Budget(Struct, frozen=True):
    """How long a run may take, in seconds, and over how many trials."""

    seconds: float
    trials: int

    def affordable_trials(self, start_seconds: float) -> int:
        """How many trials to run where each takes ``start_seconds`` to start: starting may take
        half of the time, and two trials are run in any case.
        """
        affordable = int((self.seconds - self.overhead) / 2 / max(start_seconds, 0.001))
        return min(self.trials, max(2, affordable))

    @property
    def overhead(self) -> float:
        """Seconds for pricing the probes."""
        least = min(OVERHEAD_LEAST, self.seconds / 3)
        return max(least, self.seconds * OVERHEAD_SHARE)


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


def unsafe_steps(
    workload: Workload, *, allowed: bool, unproven: Mapping[str, str]
) -> dict[int, str]:
    """Step → why it is not asked for: a method that writes, not asked for or not undoable."""
    reasons: dict[int, str] = {}
    number = 0
    for journey in workload.journeys:
        for step in journey.steps:
            if step.method not in SAFE_METHODS:
                if not (allowed or step.unsafe):
                    reasons[number] = "needs --unsafe, or `unsafe: true` on its step"
                elif unproven:
                    alias, why = next(iter(unproven.items()))
                    reasons[number] = f"a rollback on {alias!r} could not be proven: {why}"
            number += 1
    return reasons


def steps_of(workload: Workload) -> list[tuple[str, str]]:
    """(method, route) of every step, in order."""
    return [(step.method, step.route) for journey in workload.journeys for step in journey.steps]


def first_costs(workload: Workload, classes: Sequence[Mapping[str, Any]]) -> list[RouteCost]:
    """A first guess of each journey's time, from the requests that classed its steps."""
    seconds = {entry["step"]: entry["seconds"] for entry in classes}
    costs = []
    number = 0
    for journey in workload.journeys:
        steps = range(number, number + len(journey.steps))
        number += len(journey.steps)
        warm = [min(seconds[step]) for step in steps if seconds.get(step)]
        mean = sum(warm) or 0.001
        costs.append(RouteCost(mean, mean / 4, journey.weight))
    return costs


def unmeasured(
    workload: Workload,
    classes: Sequence[Mapping[str, Any]],
    unsafe: Mapping[int, str],
    known: Mapping[str, Route],
    signed_in: bool,
) -> list[Unmeasured]:
    """The steps that are left out, one entry a route, with what each needs."""
    steps = steps_of(workload)
    found: dict[tuple[str, str], Unmeasured] = {}
    for step, why in unsafe.items():
        method, route = steps[step]
        found[method, route] = Unmeasured(method, route, "unsafe", why, where(route, known))
    for entry in classes:
        if entry["class"] != "ok":
            method, route = steps[entry["step"]]
            refused = entry["class"] == "error" and 400 <= entry["status"] < 500
            why = "missing" if refused else entry["class"]
            found[method, route] = Unmeasured(
                method, route, why, explain(entry, signed_in), where(route, known)
            )
    return list(found.values())


def explain(entry: Mapping[str, Any], signed_in: bool) -> str:
    """What a route that did not answer as expected needs."""
    kind, status = entry["class"], entry["status"]
    if kind == "login" and signed_in:
        return f"another user: this one may not ({status})"
    if kind == "login":
        return f"a signed-in user ({status}): pass --as USER"
    if kind == "throttled":
        return f"its throttle lifted ({status})"
    if kind == "redirect":
        return f"the route that it redirects to ({status})"
    if kind == "missing":
        return f"parameters that exist ({status}): give it a recipe in a workload file"
    if kind == "refused":
        hosts = entry["hosts"]
        return f"{', '.join(hosts)}: pass --allow-host {hosts[0]} if it may be reached"
    if 400 <= status < 500:
        return f"a request that it accepts ({status}): give it a step in a workload file"
    failure = str(entry["failure"])
    return f"a repair ({status}{failure and ', '}{failure})" if status else failure


def where(route: str, known: Mapping[str, Route]) -> str:
    """File and line of the route's view; empty where they are not known."""
    return f"{known[route].file}:{known[route].line}" if route in known else ""
