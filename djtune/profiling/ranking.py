"""From samples to ranked routes: pure functions on plain data."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from djtune.experiments.intervals import Interval, mean_interval, shares
from djtune.experiments.quantiles import quantile_interval
from djtune.experiments.ranking import Rank, ranks
from djtune.model.metrics import Metric
from djtune.model.routes import Route
from djtune.model.samples import PHASES, Sample, Trial
from djtune.model.workload import Workload
from djtune.profiling.result import AliasCost, Phases, RouteResult

RouteKey = tuple[str, str]
"""(method, route)."""
NS = 1e-9


class RouteSamples:
    """The warm, expected answers of one route, trial by trial, and the steps that ask for it."""

    def __init__(self, key: RouteKey, weights: Mapping[int, float]) -> None:
        self.key = key
        self.weights = weights
        """Step → how often it is made, in the workload's weights."""
        self.warm: list[list[Sample]] = []
        self.cold: list[Sample] = []
        self.unexpected: Counter[int] = Counter()

    @property
    def weight(self) -> float:
        """How often the route is asked for, in the workload's weights."""
        return sum(self.weights.values())

    def add(self, trial: Trial) -> None:
        """Take the samples of one more trial."""
        mine = [sample for sample in trial.samples if sample.step in self.weights]
        self.unexpected.update(sample.status for sample in mine if not sample.ok)
        self.cold += [sample for sample in mine if sample.ok and sample.cold]
        self.warm.append([sample for sample in mine if sample.ok and not sample.cold])

    @property
    def measured(self) -> bool:
        """Whether there is a warm, expected answer of every step."""
        return self.mean_seconds(self.all()) is not None

    def all(self) -> list[Sample]:
        """Every warm sample."""
        return [sample for trial in self.warm for sample in trial]

    def mean_seconds(self, samples: Sequence[Sample]) -> float | None:
        """Mean server time, each step counting as often as the workload makes it.

        ``None`` unless every step has a sample.
        """
        return self.mean(samples, lambda sample: sample.wall * NS)

    def overall(self, of: Callable[[Sample], float]) -> float:
        """Mean over trials of a figure's mean; all samples as one where no trial has every step."""
        by_trial = [mean for trial in self.warm if (mean := self.mean(trial, of)) is not None]
        return fmean(by_trial) if by_trial else self.mean(self.all(), of) or 0.0

    def mean(self, samples: Sequence[Sample], of: Callable[[Sample], float]) -> float | None:
        """Mean of any figure over steps, weighted as the workload makes them."""
        by_step: dict[int, list[float]] = {}
        for sample in samples:
            by_step.setdefault(sample.step, []).append(of(sample))
        if by_step.keys() != self.weights.keys() or not self.weight:
            return None
        total = sum(weight * fmean(by_step[step]) for step, weight in self.weights.items())
        return total / self.weight


def step_weights(workload: Workload, skip: set[int]) -> dict[RouteKey, dict[int, float]]:
    """(method, route) → step → weight, for the steps that are asked for."""
    weights: dict[RouteKey, dict[int, float]] = {}
    number = 0
    for journey in workload.journeys:
        for step in journey.steps:
            if number not in skip:
                weights.setdefault((step.method, step.route), {})[number] = journey.weight
            number += 1
    return weights


def gather_samples(
    workload: Workload, skip: set[int], trials: Sequence[Trial]
) -> list[RouteSamples]:
    """The samples by route, those without a warm sample of every step among them."""
    routes = [RouteSamples(key, weights) for key, weights in step_weights(workload, skip).items()]
    for trial in trials:
        for route in routes:
            route.add(trial)
    return routes


def rank_routes(
    routes: Sequence[RouteSamples],
    known: Mapping[str, Route],
    *,
    bandwidth: float,
    requests_per_hour: float | None,
    distinct_params: Sequence[int],
) -> list[RouteResult]:
    """The measured routes by total server time (calls by mean), greatest first."""
    routes = [route for route in routes if route.measured]
    if not routes:
        return []
    shares_by_route = _shares(routes)
    total_weight = sum(route.weight for route in routes)
    places = _places(shares_by_route)
    results = [
        _result(
            route,
            known.get(route.key[1]),
            share.metric(),
            place,
            frequency=route.weight / total_weight,
            bandwidth=bandwidth,
            requests=requests_per_hour or 1000.0,
            distinct=_distinct(route, distinct_params),
        )
        for route, share, place in zip(routes, shares_by_route, places, strict=True)
    ]
    return sorted(results, key=lambda result: -(result.share.value or 0.0))


def _places(shares_by_route: Sequence[Interval]) -> list[str]:
    """The rank of each route; one with the greater share never stands behind another."""
    placed = ranks(shares_by_route)
    return [
        str(
            Rank(
                min(
                    other.position
                    for other, interval in zip(placed, shares_by_route, strict=True)
                    if interval.value <= share.value
                ),
                rank.tied,
            )
        )
        for rank, share in zip(placed, shares_by_route, strict=True)
    ]


def _distinct(route: RouteSamples, distinct_params: Sequence[int]) -> int:
    """The most parameters that one of the route's steps was asked for."""
    return max((distinct_params[s] for s in route.weights if s < len(distinct_params)), default=0)


def _shares(routes: Sequence[RouteSamples]) -> list[Interval]:
    """Shares of server time, from the trials in which every route has samples."""
    by_trial = []
    for number in range(len(routes[0].warm)):
        means = [route.mean_seconds(route.warm[number]) for route in routes]
        costs = [
            mean * route.weight
            for mean, route in zip(means, routes, strict=True)
            if mean is not None
        ]
        if len(costs) == len(routes):
            by_trial.append(costs)
    if not by_trial:
        by_trial = [[(route.mean_seconds(route.all()) or 0.0) * route.weight for route in routes]]
    return shares(by_trial)


def _result(
    route: RouteSamples,
    known: Route | None,
    share: Metric,
    rank: str,
    *,
    frequency: float,
    bandwidth: float,
    requests: float,
    distinct: int,
) -> RouteResult:
    samples = route.all()
    percentile = _percentiles(route)
    mean = _mean_metric(route, lambda sample: sample.wall * NS)
    wire = size_metric(route, lambda sample: sample.wire_bytes)
    packed = _only(route, lambda sample: sample.gzip_bytes >= 0)
    return RouteResult(
        method=route.key[0],
        route=route.key[1],
        view=known.view if known else "",
        where=f"{known.file}:{known.line}" if known else "",
        rank=rank,
        weight=1000 * frequency,
        share=share,
        user_seconds=requests
        * frequency
        * ((mean.value or 0.0) + 8 * (wire.value or 0.0) / bandwidth),
        mean=mean,
        p50=percentile(0.50),
        p95=percentile(0.95),
        p99=percentile(0.99),
        cold=_trial_metric([sample.wall * NS for sample in route.cold]),
        n=len(samples),
        unexpected={str(status): n for status, n in sorted(route.unexpected.items())},
        cpu=route.overall(lambda sample: sample.cpu * NS),
        queries=_queries(route, samples),
        raw_bytes=route.overall(lambda sample: sample.raw_bytes),
        wire_bytes=wire,
        gzip_bytes=size_metric(packed, lambda sample: sample.gzip_bytes),
        cache_hit_ratio=_hit_ratio(route),
        cache_calls=route.overall(_cache_calls),
        phases=Phases(
            **_by_phase(route, lambda sample: sample.phases),
            machine=route.overall(lambda sample: sample.machine * NS),
        ),
        parallel=Phases(**_by_phase(route, lambda sample: sample.parallel)),
        databases={alias: _alias_cost(route, alias) for alias in _aliases(samples)},
        collections=_columns(route, lambda sample: sample.collections, 3),
        collected=size_metric(route, lambda sample: sum(sample.collections)),
        hops=route.overall(lambda sample: sample.hops),
        distinct_params=distinct,
        query_mean=size_metric(route, lambda sample: sum(sample.queries.values())),
        hop_mean=size_metric(route, lambda sample: sample.hops),
    )


def _mean_metric(route: RouteSamples, of: Callable[[Sample], float]) -> Metric:
    """Mean of a figure of 0 or more; its interval comes from the trials' means."""
    samples = route.all()
    by_trial = [mean for trial in route.warm if (mean := route.mean(trial, of)) is not None]
    if not by_trial:
        reason = "no trial has every step of it"
        return Metric(route.mean(samples, of), n=len(samples), reason=reason)
    interval = mean_interval(by_trial, at_least=0.0).metric()
    return Metric(interval.value, interval.low, interval.high, len(samples), interval.reason)


def size_metric(route: RouteSamples, of: Callable[[Sample], float]) -> Metric:
    """Mean of a size or count: exact where the answers of each step agree."""
    samples = route.all()
    if not route.weight or not samples:
        return Metric(None, reason="not measured")
    if _agree(route, of):
        return Metric(route.overall(of), n=len(samples))
    return _mean_metric(route, of)


def _agree(route: RouteSamples, of: Callable[[Sample], object]) -> bool:
    """Whether all answers of a step have the same figure, whatever the step."""
    return len({(sample.step, of(sample)) for sample in route.all()}) == len(route.weights)


def _hit_ratio(route: RouteSamples) -> Metric:
    """Mean hits over mean calls of the cache.

    The interval is Student's t on the trials' means of hits - ratio · calls, which are 0 on
    average, over the mean calls (the ratio estimator: Cochran, Sampling Techniques, 3rd ed.,
    chapter 6). Exact where the answers of each step agree.
    """
    calls = route.overall(_cache_calls)
    if not calls:
        return Metric(None, reason="no cache was asked")
    ratio = route.overall(lambda sample: sample.cache_hits) / calls
    if _agree(route, lambda sample: (sample.cache_hits, sample.cache_misses)):
        return Metric(ratio, n=len(route.all()))

    def beyond(sample: Sample) -> float:
        return ratio + (sample.cache_hits - ratio * _cache_calls(sample)) / calls

    spread = _mean_metric(route, beyond)
    if spread.low is None or spread.high is None:
        return Metric(ratio, n=spread.n, reason=spread.reason)
    return Metric(ratio, min(spread.low, ratio), min(max(spread.high, ratio), 1.0), spread.n)


def _cache_calls(sample: Sample) -> int:
    return sample.cache_hits + sample.cache_misses


def _percentiles(route: RouteSamples) -> Callable[[float], Metric]:
    """Quantiles of the server time, each step counting as often as the workload makes it.

    From the trials that have every step; all samples as one where none has.
    """
    trials = [trial for trial in route.warm if route.mean_seconds(trial) is not None]
    trials = trials or [route.all()]
    walls = [[sample.wall * NS for sample in trial] for trial in trials]
    weights = [_weights(route, trial) for trial in trials]
    return lambda q: quantile_interval(walls, q, weights)


def _weights(route: RouteSamples, trial: Sequence[Sample]) -> list[float]:
    """What each sample of a trial counts for: its step's weight, shared by the step's samples.

    The trial made its steps as its time allowed, not as often as the workload does.
    """
    made = Counter(sample.step for sample in trial)
    return [route.weights[sample.step] / made[sample.step] for sample in trial]


def _only(route: RouteSamples, has: Callable[[Sample], bool]) -> RouteSamples:
    """The route with those of its samples that have a figure, and with their steps."""
    warm = [[sample for sample in trial if has(sample)] for trial in route.warm]
    steps = {sample.step for trial in warm for sample in trial}
    part = RouteSamples(
        route.key, {step: weight for step, weight in route.weights.items() if step in steps}
    )
    part.warm = warm
    return part


def _trial_metric(values: Sequence[float]) -> Metric:
    """Mean over trials of something measured once a trial."""
    if not values:
        return Metric(None, reason="no cold request was answered as expected")
    return mean_interval(values, at_least=0.0).metric()


def _queries(route: RouteSamples, samples: Sequence[Sample]) -> Metric:
    """Queries per request: an exact count, with the least and most seen as its bounds."""
    counts = [sum(sample.queries.values()) for sample in samples]
    value = route.overall(lambda sample: sum(sample.queries.values()))
    return Metric(value, min(counts), max(counts), len(counts))


def _columns(route: RouteSamples, of: Callable[[Sample], list[int]], width: int) -> list[float]:
    """Means of a row of figures, element by element."""

    def column(index: int) -> float:
        return route.overall(lambda sample: of(sample)[index])

    return [column(index) for index in range(width)]


def _by_phase(route: RouteSamples, of: Callable[[Sample], list[int]]) -> dict[str, float]:
    """Phase → mean seconds."""
    means = _columns(route, of, len(PHASES))
    return {phase: mean * NS for phase, mean in zip(PHASES, means, strict=True)}


def _aliases(samples: Sequence[Sample]) -> list[str]:
    return sorted({alias for sample in samples for alias in sample.queries})


def _alias_cost(route: RouteSamples, alias: str) -> AliasCost:
    return AliasCost(
        queries=route.overall(lambda sample: sample.queries.get(alias, 0)),
        seconds=route.overall(lambda sample: sample.sql.get(alias, 0) * NS),
    )
