"""What is left out of a run, and what each route needs to be asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from djtune.model.routes import Route, Unmeasured
from djtune.model.workload import Workload
from djtune.workloads.choosing import steps_of

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


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


def unmeasured_routes(
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
