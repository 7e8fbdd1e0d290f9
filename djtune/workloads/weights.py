"""How often each step and route of a surveyed workload is asked for."""

from djtune.workloads.choosing import steps_of
from djtune.workloads.survey import Survey


def journeys_of(survey: Survey) -> list[tuple[float, list[int]]]:
    """Weight and steps of each journey, without those that are not asked for."""
    found = []
    number = 0
    for journey in survey.workload.journeys:
        steps = range(number, number + len(journey.steps))
        number += len(journey.steps)
        found.append((journey.weight, [step for step in steps if step not in survey.skip]))
    return found


def step_weights(survey: Survey) -> dict[int, float]:
    """Requests of each step that is asked for, among 1,000 of the workload."""
    by_step: dict[int, float] = {}
    for weight, steps in journeys_of(survey):
        by_step |= dict.fromkeys(steps, weight)
    total = sum(by_step.values()) or 1.0
    return {step: 1000 * weight / total for step, weight in by_step.items()}


def route_weights(survey: Survey) -> dict[tuple[str, str], float]:
    """The same for each route."""
    steps = steps_of(survey.workload)
    found: dict[tuple[str, str], float] = {}
    for step, weight in step_weights(survey).items():
        found[steps[step]] = found.get(steps[step], 0.0) + weight
    return found


def requests_per_hour(survey: Survey) -> float | None:
    """All requests of an hour at the workload's rate; ``None`` where that is not known."""
    per_hour = survey.workload.journeys_per_hour
    if per_hour is None:
        return None
    journeys = journeys_of(survey)
    total = sum(weight for weight, _ in journeys)
    requests = sum(weight * len(steps) for weight, steps in journeys)
    return per_hour * requests / total if total else None
