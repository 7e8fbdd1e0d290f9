"""A workload that nobody has asked for yet, for tests that compute on one."""

from collections.abc import Sequence
from typing import Any

from djtune.model.workload import Journey, Step, Workload


def workload(*journeys: tuple[float, Sequence[str]], **given: Any) -> Workload:
    """Journeys from their weights and routes."""
    return Workload(
        [
            Journey(f"journey {number}", [Step(route) for route in routes], weight=weight)
            for number, (weight, routes) in enumerate(journeys)
        ],
        **given,
    )
