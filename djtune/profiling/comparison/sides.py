"""What two checkouts have not in common: routes, and what else bends the comparison."""

from collections.abc import Sequence

from djtune.model.workload import Workload
from djtune.profiling.comparison.baseline import Baseline
from djtune.profiling.comparison.result import OneSided
from djtune.profiling.gather import Gathered
from djtune.workloads import choosing, unmeasured


def one_sided(gathered: Gathered, baseline: Baseline, patterns: Sequence[str]) -> list[OneSided]:
    """Routes that one checkout alone has, or answers as expected."""
    return [
        *_unknown(gathered, baseline, patterns),
        *_unanswered(gathered, baseline),
    ]


def _unknown(gathered: Gathered, baseline: Baseline, patterns: Sequence[str]) -> list[OneSided]:
    found = []
    for name, routes, others in (
        ("after", gathered.routes, baseline.routes),
        ("before", baseline.routes, gathered.routes),
    ):
        for path, route in routes.items():
            if path not in others and not route.left_out and choosing.chosen(path, patterns):
                method = route.methods[0] if route.methods else "GET"
                where = f"{route.file}:{route.line}" if name == "after" else ""
                found.append(
                    OneSided(method, path, "after" if name == "after" else "before", where=where)
                )
    return found


def _unanswered(gathered: Gathered, baseline: Baseline) -> list[OneSided]:
    """Routes that both have, but only one of them answers as expected."""
    steps = choosing.steps_of(gathered.workload)
    here = {entry["step"]: entry for entry in gathered.classes}
    found = {}
    for entry in baseline.classes:
        step = entry["step"]
        method, route = steps[step]
        mine = here.get(step)
        if mine is None or (entry["class"] == "ok") == (mine["class"] == "ok"):
            continue
        answered_here = mine["class"] == "ok"
        why = unmeasured.explain(entry if answered_here else mine, gathered.signed_in)
        found[method, route] = OneSided(
            method,
            route,
            "after" if answered_here else "before",
            f"needs {why}",
            regression=not answered_here and mine["class"] == "error",
            where=unmeasured.where(route, gathered.routes),
        )
    return list(found.values())


def warnings(gathered: Gathered, baseline: Baseline) -> list[str]:
    """What the two checkouts differ in beside their code, and what could not be asked for."""
    warnings = []
    if lost := _lost_with_others(gathered.workload, baseline):
        warnings.append(
            "not asked for, because their journeys ask for routes that the baseline lacks too: "
            + ", ".join(lost)
        )
    for what in ("python", "django", "debug"):
        if baseline.facts[what] != gathered.facts[what]:
            warnings.append(
                f"the checkouts differ in more than the code: {what} {baseline.facts[what]} in the "
                f"baseline, {gathered.facts[what]} here"
            )
    if baseline.interface != gathered.interface:
        warnings.append(
            f"the baseline is served by {baseline.interface.upper()}, this checkout by "
            f"{gathered.interface.upper()}: --interface makes it the same"
        )
    return warnings


def _lost_with_others(workload: Workload, baseline: Baseline) -> list[str]:
    """Routes that the baseline has, but no journey that it can make asks for."""
    made = {route for _, route in choosing.steps_of(workload)}
    asked = [step.route for journey in baseline.lacking for step in journey.steps]
    lost = [route for route in asked if route in baseline.routes and route not in made]
    return [f"/{route.lstrip('/')}" for route in dict.fromkeys(lost)]
