"""The workload of an app that nobody described: every route of its URLconf, as likely as any."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from djtune.model.routes import Param, Route
from djtune.model.workload import Journey, Step, Workload


class Skipped(Struct):
    """A route that no request could be derived for, and why."""

    route: str
    method: str
    """The method that would be used; empty where none of those asked for is answered."""
    reason: str
    view: str = ""
    params: list[Param] = field(default_factory=list)
    """Parameters of a route that can be asked for once they have recipes."""
    journey: Journey | None = None
    """What is known of the journey, where more is than its method and route."""


def from_routes(
    routes: Sequence[Route], *, methods: Sequence[str] = ("GET",)
) -> tuple[Workload, list[Skipped]]:
    """Make one journey of one request per route, with the first of ``methods`` that it answers.

    Routes that are left out, answer none of the methods, or have a parameter without a recipe
    are returned apart, with the reason.
    """
    journeys: list[Journey] = []
    skipped: list[Skipped] = []
    for route in routes:
        method = next((name for name in methods if name in route.methods), "")
        found = journey_of(route, method)
        if isinstance(found, Skipped):
            skipped.append(found)
        else:
            journeys.append(found)
    return Workload(journeys=journeys, weights_from="uniform"), skipped


def journey_of(route: Route, method: str) -> Journey | Skipped:
    """Make a journey of one request to the route, or say why there can be none."""
    needed = [param for param in route.params if not param.optional]
    if reason := _reason(route, method, needed):
        wanting = [] if route.left_out or not method else needed
        return Skipped(route.route, method, reason, route.view, wanting)
    return single_step(method, route.route, {param.name: param.recipe for param in needed})


def single_step(method: str, route: str, recipes: dict[str, Any]) -> Journey:
    """Return a journey of one request, named after it."""
    return Journey(
        name=f"{method} {route}", steps=[Step(route=route, method=method, params=recipes)]
    )


def _reason(route: Route, method: str, needed: list[Param]) -> str:
    if route.left_out:
        return f"left out: {route.left_out}"
    if not method:
        return f"answers {', '.join(route.methods)} only" if route.methods else "answers no method"
    wanting = [f"{param.name} ({param.reason})" for param in needed if param.recipe is None]
    return f"needs a recipe for {', '.join(wanting)}" if wanting else ""
