"""This checkout against a baseline that was run beside it: counters and times are judged."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from djtune.experiments import effects
from djtune.experiments.blocks import Block, differently_asked, matched
from djtune.model.metrics import Metric
from djtune.model.samples import Sample
from djtune.profiling.comparison.baseline import AGAIN, ARMS, BASELINE, HERE, Baseline
from djtune.profiling.comparison.file import side
from djtune.profiling.comparison.result import (
    COUNTERS,
    TIERS,
    Comparison,
    Counter,
    CounterChange,
    CounterVerdict,
    RouteChange,
    Side,
    Tier,
    TimeChange,
    TimeVerdict,
    route_verdict,
)
from djtune.profiling.comparison.sides import one_sided, warnings
from djtune.profiling.gather import Gathered
from djtune.profiling.ranking import NS, RouteSamples, size_metric, step_weights
from djtune.profiling.result import ProfileResult
from djtune.workloads import unmeasured

Of = Callable[[Sample], float]
Matched = Mapping[str, Sequence[Sample]]
"""The answers of each arm in one block, in step."""

COUNTER_OF: dict[Counter, Of] = {
    "queries": lambda sample: sum(sample.queries.values()),
    "bytes": lambda sample: sample.wire_bytes,
    "gzip": lambda sample: sample.gzip_bytes,
    "collections": lambda sample: sum(sample.collections),
    "hops": lambda sample: sample.hops,
}
TIME_OF: dict[Tier, Of] = {
    "cpu": lambda sample: sample.cpu * NS,
    "wall": lambda sample: sample.wall * NS,
}
COUNTER_SAID: dict[effects.Outcome, CounterVerdict] = {
    "higher": "more",
    "lower": "fewer",
    "no difference shown": "no difference shown",
    "can't tell": "can't tell",
}
TIME_SAID: dict[effects.Outcome, TimeVerdict] = {
    "higher": "slower",
    "lower": "faster",
    "no difference shown": "no difference shown",
    "can't tell": "can't tell",
}
FEW_BLOCKS = "too few blocks"
OTHER_VALUES = "asked for other values"


class RouteBlocks:
    """One route's answers in all blocks, by arm."""

    def __init__(
        self,
        key: tuple[str, str],
        weights: Mapping[int, float],
        blocks: Sequence[Matched],
        where: str,
        alike: bool,
    ) -> None:
        self.key = key
        self.weights = weights
        self.where = where
        self.alike = alike
        """Whether both checkouts were asked for the same."""
        self.blocks = [
            {arm: [s for s in block[arm] if s.step in weights] for arm in ARMS} for block in blocks
        ]

    def only(self, has: Callable[[Sample], bool]) -> "RouteBlocks":
        """The requests of which every arm has a figure, and their steps."""
        part = RouteBlocks(self.key, self.weights, [], self.where, self.alike)
        for block in self.blocks:
            rows = [
                row
                for row in zip(*(block[arm] for arm in ARMS), strict=True)
                if all(has(sample) for sample in row)
            ]
            arms = {arm: [row[n] for row in rows] for n, arm in enumerate(ARMS)}
            part.blocks.append(arms)
        steps = {s.step for block in part.blocks for s in block[HERE]}
        part.weights = {step: weight for step, weight in self.weights.items() if step in steps}
        return part

    def means(self, of: Of) -> list[dict[str, float]]:
        """Arm → mean, for each block that has an answer of every step."""
        route = RouteSamples(self.key, self.weights)
        found = []
        for block in self.blocks:
            means = {arm: route.mean(samples, of) for arm, samples in block.items()}
            present = {arm: mean for arm, mean in means.items() if mean is not None}
            if len(present) == len(ARMS):
                found.append(present)
        return found

    def metric(self, arm: str, of: Of) -> Metric:
        """The mean of a counter in one arm; exact where the answers of each step agree."""
        route = RouteSamples(self.key, self.weights)
        route.warm = [list(block[arm]) for block in self.blocks]
        return size_metric(route, of)


def compare_with_baseline(
    result: ProfileResult, gathered: Gathered, baseline: Baseline, patterns: Sequence[str] = ()
) -> Comparison:
    """Judge every route that both checkouts answer, by what they did in the same blocks."""
    blocks = baseline.blocks.complete
    routes = _routes(gathered, blocks)
    counters = {route.key: _counters(route) for route in routes}
    doubtful = sum(len(found) for _, found in counters.values())
    comparisons = len(TIME_OF) * sum(route.alike for route in routes) + doubtful
    confidence = effects.adjusted(comparisons)
    return Comparison(
        against="baseline",
        before=_before(result, baseline),
        after=side(result, HERE),
        routes=[
            _change(route, counters[route.key], confidence, _thousandths(route, routes))
            for route in routes
        ],
        one_sided=one_sided(gathered, baseline, patterns),
        blocks=len(blocks),
        comparisons=comparisons,
        warnings=[*_unlike(routes), *warnings(gathered, baseline)],
    )


def _before(result: ProfileResult, baseline: Baseline) -> Side:
    """The baseline, which ran on the same machine at the same time."""
    trials = [
        block.trials[arm]
        for block in baseline.blocks.blocks
        for arm in (BASELINE, AGAIN)
        if arm in block.trials
    ]
    return Side(
        name=baseline.name,
        python=baseline.facts["python"],
        django=baseline.facts["django"],
        interface=baseline.interface,
        machine=result.machine,
        noise=result.noise,
        weights_from=result.weights_from,
        trials=len(trials),
        requests=sum(sample.ok for trial in trials for sample in trial.samples),
        complete=not baseline.blocks.failure,
    )


def _routes(gathered: Gathered, blocks: Sequence[Block]) -> list[RouteBlocks]:
    """The routes of which some block has an answer of every step, dearest first."""
    pairs = [matched(block.trials) for block in blocks]
    differing = _differing(blocks)
    found = [
        RouteBlocks(
            key,
            weights,
            pairs,
            unmeasured.where(key[1], gathered.routes),
            not differing & set(weights),
        )
        for key, weights in step_weights(gathered.workload, gathered.skip).items()
    ]
    costs = {route.key: _cost(route) for route in found if route.means(TIME_OF["wall"])}
    return sorted(
        (route for route in found if route.key in costs), key=lambda route: -costs[route.key]
    )


def _cost(route: RouteBlocks) -> float:
    means = [row[HERE] for row in route.means(TIME_OF["wall"])]
    return sum(route.weights.values()) * fmean(means)


def _unlike(routes: Sequence[RouteBlocks]) -> list[str]:
    unlike = ", ".join(f"/{route.key[1].lstrip('/')}" for route in routes if not route.alike)
    if not unlike:
        return []
    return [
        "the data of the two checkouts differ, which may be all that a difference below shows; "
        f"not judged, because other values were asked for: {unlike}"
    ]


def _differing(blocks: Sequence[Block]) -> set[int]:
    """Steps that the two checkouts drew other values for."""
    steps: set[int] = set()
    for block in blocks:
        steps |= differently_asked({arm: block.trials[arm] for arm in (BASELINE, HERE)})
    return steps


def _thousandths(route: RouteBlocks, routes: Sequence[RouteBlocks]) -> float:
    total = sum(sum(one.weights.values()) for one in routes)
    return 1000 * sum(route.weights.values()) / total if total else 0.0


Counted = tuple[list[CounterChange], dict[Counter, list[dict[str, float]]]]
"""The counters that are told exactly, and the block means of those that need an interval."""


def _counters(route: RouteBlocks) -> Counted:
    exact: list[CounterChange] = []
    doubtful: dict[Counter, list[dict[str, float]]] = {}
    for counter in COUNTERS:
        of = COUNTER_OF[counter]
        part = route.only(lambda sample: sample.gzip_bytes >= 0) if counter == "gzip" else route
        means = part.means(of) if part.weights else []
        if not means:
            continue
        verdict = exact_verdict(part.blocks, of)
        if not route.alike:
            change = CounterChange(
                counter,
                part.metric(BASELINE, of),
                part.metric(HERE, of),
                "can't tell",
                OTHER_VALUES,
            )
            exact.append(change)
        elif verdict is not None:
            exact.append(_exact(counter, means, verdict))
        else:
            doubtful[counter] = means
    return exact, doubtful


def _exact(
    counter: Counter, means: Sequence[Mapping[str, float]], verdict: CounterVerdict
) -> CounterChange:
    """Means over the very same requests: without bounds."""
    before, after = (
        Metric(fmean(row[arm] for row in means), n=len(means)) for arm in (BASELINE, HERE)
    )
    return CounterChange(counter, before, after, verdict)


def exact_verdict(blocks: Sequence[Matched], of: Of) -> CounterVerdict | None:
    """The verdict on a counter that the baseline repeats exactly, request by request.

    A change that goes the same way in every block is exact too, as both were asked for the same.
    ``None`` where only an interval can tell: the baseline differs from itself, or this checkout
    from it in some of the blocks alone.
    """
    shifts = []
    for block in blocks:
        figures = [[of(sample) for sample in block[arm]] for arm in (BASELINE, AGAIN, HERE)]
        if figures[0] != figures[1]:
            return None
        shifts.append(sum(figures[2]) - sum(figures[0]) if figures[2] != figures[0] else None)
    if all(shift is None for shift in shifts):
        return "same"
    if len(shifts) < 2:
        return None
    if all(shift is not None and shift > 0 for shift in shifts):
        return "more"
    if all(shift is not None and shift < 0 for shift in shifts):
        return "fewer"
    return None


def _change(route: RouteBlocks, counted: Counted, confidence: float, weight: float) -> RouteChange:
    exact, doubtful = counted
    judged = {change.counter: change for change in exact}
    for counter, means in doubtful.items():
        judged[counter] = _estimated(counter, route, means, confidence)
    counters = [judged[counter] for counter in COUNTERS if counter in judged]
    times = [_time(route, tier, confidence) for tier in TIERS]
    return RouteChange(
        method=route.key[0],
        route=route.key[1],
        where=route.where,
        weight_before=weight,
        weight_after=weight,
        counters=counters,
        times=times,
        verdict=route_verdict(counters, times),
    )


def _estimated(
    counter: Counter,
    route: RouteBlocks,
    means: Sequence[Mapping[str, float]],
    confidence: float,
) -> CounterChange:
    """A counter that varies from process to process, by its differences within blocks."""
    part = route.only(lambda sample: sample.gzip_bytes >= 0) if counter == "gzip" else route
    of = COUNTER_OF[counter]
    effect = effects.difference(*_arms(means), confidence)
    return CounterChange(
        counter,
        part.metric(BASELINE, of),
        part.metric(HERE, of),
        COUNTER_SAID[effect.outcome],
        FEW_BLOCKS if effect.outcome == "can't tell" else "",
    )


def _time(route: RouteBlocks, tier: Tier, confidence: float) -> TimeChange:
    means = route.means(TIME_OF[tier])
    here, baseline, again = _arms(means)
    before, after = fmean([*baseline, *again]), fmean(here)
    if not route.alike:
        return TimeChange(tier, before, after, "can't tell", reason=OTHER_VALUES)
    if min(*here, *baseline, *again) <= 0:
        return TimeChange(tier, before, after, "can't tell", reason="too short to be measured")
    effect = effects.ratio(here, baseline, again, confidence)
    if effect.outcome == "can't tell":
        return TimeChange(tier, before, after, "can't tell", reason=FEW_BLOCKS)
    return TimeChange(
        tier,
        before,
        after,
        TIME_SAID[effect.outcome],
        ratio=effect.value.metric(),
        smallest=effect.smallest,
    )


def _arms(means: Sequence[Mapping[str, float]]) -> tuple[list[float], list[float], list[float]]:
    here, baseline, again = ([row[arm] for row in means] for arm in (HERE, BASELINE, AGAIN))
    return here, baseline, again
