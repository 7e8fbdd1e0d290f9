"""What collections cost at the current setting, route by route: the most that tuning can win."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from djtune.experiments.intervals import mean_interval
from djtune.garbage import usage
from djtune.garbage.result import Ceiling, RouteGc
from djtune.model.metrics import Metric
from djtune.model.samples import Sample, Trial

Route = tuple[str, str]


class _Cost(Struct):
    """What one trial's requests of one route came to, in nanoseconds of CPU."""

    n: int = 0
    cpu: int = 0
    gc: int = 0
    longest: int = 0
    collections: list[int] = field(default_factory=lambda: [0, 0, 0])


def ceiling(
    trials: Sequence[Trial], routes: Mapping[int, Route], weights: Mapping[Route, float]
) -> Ceiling:
    """Judge trials at the current setting.

    ``routes`` names the route of each step; ``weights`` has its requests among 1,000.
    """
    costs = [_by_route(trial, routes) for trial in trials]
    found = [
        _route(route, [cost[route] for cost in costs if route in cost], weights.get(route, 0.0))
        for route in dict.fromkeys(routes.values())
        if any(route in cost for cost in costs)
    ]
    return Ceiling(
        share=usage.mean_of(trials, usage.gc_share),
        routes=sorted(found, key=lambda route: -route.weight * (route.gc.value or 0.0)),
        pauses=usage.pauses(trials),
        trials=len(trials),
        requests=sum(len(usage.served(trial)) for trial in trials),
        seconds=max((usage.cpu_seconds(trial) for trial in trials), default=0.0),
        reached_full=usage.reached_full(trials),
    )


def _by_route(trial: Trial, routes: Mapping[int, Route]) -> dict[Route, _Cost]:
    costs: dict[Route, _Cost] = defaultdict(_Cost)
    for sample in usage.served(trial):
        if _counts(sample):
            cost = costs[routes[sample.step]]
            cost.n += 1
            cost.cpu += sample.cpu
    for pause in trial.pauses:
        if pause.request >= 0 and _counts(sample := trial.samples[pause.request]):
            cost = costs[routes[sample.step]]
            cost.gc += pause.cpu
            cost.longest = max(cost.longest, pause.cpu)
            cost.collections[pause.generation] += 1
    return costs


def _counts(sample: Sample) -> bool:
    return sample.ok and not sample.cold


def _route(route: Route, costs: Sequence[_Cost], weight: float) -> RouteGc:
    n = sum(cost.n for cost in costs)
    return RouteGc(
        method=route[0],
        route=route[1],
        weight=weight,
        n=n,
        cpu=_mean(costs, lambda cost: cost.cpu / cost.n / 1e9),
        gc=_mean(costs, lambda cost: cost.gc / cost.n / 1e9),
        share=_part(costs, lambda cost: cost.gc / cost.cpu if cost.cpu else 0.0),
        collections=[1000 * sum(c.collections[g] for c in costs) / n for g in usage.GENERATIONS],
        longest=max(cost.longest for cost in costs) / 1e9,
    )


def _part(costs: Sequence[_Cost], figure: Callable[[_Cost], float]) -> Metric:
    """A share's mean, with bounds that are shares."""
    share = _mean(costs, figure)
    high = None if share.high is None else min(1.0, share.high)
    return Metric(share.value, share.low, high, share.n, share.reason)


def _mean(costs: Sequence[_Cost], figure: Callable[[_Cost], float]) -> Metric:
    return mean_interval([figure(cost) for cost in costs if cost.n], at_least=0.0).metric()
