"""How a trial's time is spent: more requests where routes are costly and their spread is wide."""

import math
from collections.abc import Sequence

from msgspec import Struct


class RouteCost(Struct, frozen=True):
    """What is known of a route (or journey) from the trials so far."""

    mean_s: float
    """Mean time of one request, greater than 0."""
    sd_s: float
    """Standard deviation of that time."""
    weight: float = 1.0
    """How often the route is called, relative to the others."""


def allocate(budget_s: float, costs: Sequence[RouteCost], minimum: int) -> list[int]:
    """How many requests of each route the next trial makes within ``budget_s`` seconds.

    n ∝ weight · sd/√mean: Neyman's optimum for strata of unequal cost (Cochran, Sampling
    Techniques, 3rd ed., section 5.5), which makes the variance of the total Σ weight · mean as
    small as the time allows. No route gets fewer than ``minimum``, even where these floors alone
    exceed the budget; beyond them the budget is kept. Where no route shows any spread, each is
    taken to spread as much as its mean. The same input gives the same numbers.

    Raises ValueError for a mean that is not positive.
    """
    if any(not cost.mean_s > 0 for cost in costs):
        raise ValueError("the mean time of a request must be positive")
    wish = [cost.weight * cost.sd_s / math.sqrt(cost.mean_s) for cost in costs]
    if not any(wish):
        wish = [cost.weight * math.sqrt(cost.mean_s) for cost in costs]
    return _fill_up(_above_floor(budget_s, costs, wish, minimum), budget_s, costs, wish)


def _above_floor(
    budget_s: float, costs: Sequence[RouteCost], wish: Sequence[float], minimum: int
) -> list[int]:
    """Share the budget by ``wish``, setting aside the floor of each route that falls under it."""
    counts = [minimum] * len(costs)
    above = {index for index, amount in enumerate(wish) if amount > 0}
    while above:
        left = budget_s - sum(
            minimum * cost.mean_s for i, cost in enumerate(costs) if i not in above
        )
        scale = left / sum(wish[i] * costs[i].mean_s for i in above)
        under = {i for i in above if scale * wish[i] < minimum}
        if not under:
            for i in above:
                counts[i] = math.floor(scale * wish[i])
            break
        above -= under
    return counts


def _fill_up(
    counts: list[int], budget_s: float, costs: Sequence[RouteCost], wish: Sequence[float]
) -> list[int]:
    """Spend what rounding down left over, on the routes that are furthest behind their wish."""
    left = budget_s - sum(n * cost.mean_s for n, cost in zip(counts, costs, strict=True))
    wanted = [i for i, amount in enumerate(wish) if amount > 0]
    for i in sorted(wanted, key=lambda i: (counts[i] / wish[i], i)):
        if costs[i].mean_s <= left:
            counts[i] += 1
            left -= costs[i].mean_s
    return counts


def proportional(budget_s: float, costs: Sequence[RouteCost], minimum: int) -> list[int]:
    """How many requests of each route fit into ``budget_s`` seconds in the workload's own mix.

    For what the requests of one route do to those of another, such as the garbage that they leave.
    No route gets fewer than ``minimum``, even where that exceeds the budget. Raises ValueError for
    a mean that is not positive, or where no route has a weight.
    """
    round_s = math.fsum(cost.weight * cost.mean_s for cost in costs)
    if not round_s > 0 or any(not cost.mean_s > 0 for cost in costs):
        raise ValueError("the mean time of a request, and some weight, must be positive")
    return [max(minimum, math.floor(budget_s / round_s * cost.weight)) for cost in costs]
