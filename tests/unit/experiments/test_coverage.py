"""The intervals hold the true value as often as they say, on times that drift between trials.

Tolerances are four standard errors of the simulated fraction, so that a correct interval fails
less than once in ten thousand seeds (the seeds are fixed). benchmarks/coverage.py has more cases.
"""

import math
import random
from statistics import NormalDist, fmean

import pytest

from djtune.experiments.intervals import half_width, mean_interval, ratio_interval, shares
from djtune.experiments.quantiles import order_ranks, quantile_interval

RUNS = 400
SPREAD, DRIFT = 0.2, 0.1
"""Standard deviations of the logarithm: between requests of a trial, between trials."""


def at_least(coverage: float, runs: int = RUNS) -> float:
    return coverage - 4 * math.sqrt(coverage * (1 - coverage) / runs)


def service_times(draw: random.Random, n: int) -> list[float]:
    slow = draw.gauss(0, DRIFT)
    return [math.exp(slow + draw.gauss(0, SPREAD)) for _ in range(n)]


def true_quantile(q: float) -> float:
    return math.exp(NormalDist(0, math.hypot(SPREAD, DRIFT)).inv_cdf(q))


@pytest.mark.parametrize("trials", [3, 5, 8])
@pytest.mark.parametrize(("q", "requests"), [(0.5, 120), (0.95, 120), (0.99, 400)])
def test_percentiles_of_trials_that_drift(q, requests, trials):
    draw, truth = random.Random(trials), true_quantile(q)
    each = math.ceil(requests / trials)
    held = 0
    for _ in range(RUNS):
        metric = quantile_interval([service_times(draw, each) for _ in range(trials)], q)
        held += metric.low <= truth <= metric.high
    assert held / RUNS >= at_least(0.95)


def stalling_trial(draw: random.Random, n: int) -> list[float]:
    """Requests of which up to a tenth take ten times as long, in some trials more than in others.

    Over all trials it is 5 %, so that p97 is the 0.4 quantile of the stalls.
    """
    stalls = draw.uniform(0, 0.1)
    return [
        math.exp(draw.gauss(0, SPREAD) + (math.log(10) if draw.random() < stalls else 0))
        for _ in range(n)
    ]


@pytest.mark.parametrize("trials", [3, 5, 8])
def test_percentiles_of_trials_in_which_stalls_gather(trials):
    draw, truth = random.Random(trials), 10 * math.exp(NormalDist(0, SPREAD).inv_cdf(0.4))
    held = 0
    for _ in range(RUNS):
        metric = quantile_interval([stalling_trial(draw, 300) for _ in range(trials)], 0.97)
        held += metric.low <= truth <= metric.high
    assert held / RUNS >= at_least(0.93)


CHEAP, DEAR = 0.9, 0.1
"""How often a workload makes the cheap and the dear request of one route."""


def mixed_trial(draw: random.Random) -> tuple[list[float], list[float]]:
    """The service times of a trial that made too many of the dear requests, and their weights."""
    slow, cheap, dear = draw.gauss(0, DRIFT), draw.randint(20, 60), draw.randint(20, 120)
    times = [math.exp(slow + draw.gauss(0, SPREAD)) for _ in range(cheap)]
    times += [5 * math.exp(slow + draw.gauss(0, SPREAD)) for _ in range(dear)]
    return times, [CHEAP / cheap] * cheap + [DEAR / dear] * dear


def true_mixed_quantile(q: float) -> float:
    """Where the steps do not overlap, a quantile of one step alone."""
    body = NormalDist(0, math.hypot(SPREAD, DRIFT))
    if q < CHEAP:
        return math.exp(body.inv_cdf(q / CHEAP))
    return 5 * math.exp(body.inv_cdf((q - CHEAP) / DEAR))


@pytest.mark.parametrize("trials", [3, 5, 8])
@pytest.mark.parametrize("q", [0.5, 0.95])
def test_percentiles_by_weight_of_a_route_with_a_cheap_and_a_dear_step(q, trials):
    draw, truth, runs = random.Random(trials), true_mixed_quantile(q), 200
    held = unweighted = 0
    for _ in range(runs):
        times, weights = zip(*(mixed_trial(draw) for _ in range(trials)), strict=True)
        metric = quantile_interval(times, q, weights)
        held += metric.low <= truth <= metric.high
        plain = quantile_interval(times, q)
        unweighted += plain.low <= truth <= plain.high
    assert held / runs >= at_least(0.95, runs)
    assert unweighted < held


@pytest.mark.parametrize("trials", [3, 5, 8])
def test_ranks_that_ignore_the_trials_would_lie(trials):
    # The control: this simulation does tell an honest interval from one that is too narrow.
    draw, truth, each = random.Random(trials), true_quantile(0.5), 40
    first, last = order_ranks(trials * each, 0.5, trials * each)
    held = 0
    for _ in range(RUNS):
        pooled = sorted(x for _ in range(trials) for x in service_times(draw, each))
        held += pooled[first - 1] <= truth <= pooled[last - 1]
    assert held / RUNS < 0.8


def test_percentiles_of_trials_alike_are_not_much_too_wide():
    draw, trials, each, q = random.Random(4), 5, 100, 0.95
    first, last = order_ranks(trials * each, q, trials * each)
    widths, plain = [], []
    for _ in range(100):
        samples = [[math.exp(draw.gauss(0, SPREAD)) for _ in range(each)] for _ in range(trials)]
        metric = quantile_interval(samples, q)
        pooled = sorted(x for trial in samples for x in trial)
        widths.append(math.log(metric.high / metric.low))
        plain.append(math.log(pooled[last - 1] / pooled[first - 1]))
    assert fmean(widths) < 1.6 * fmean(plain)


@pytest.mark.parametrize("trials", [3, 5, 8])
def test_means_of_trials_that_drift(trials):
    draw, runs = random.Random(trials), 2000
    truth = math.exp((SPREAD**2 + DRIFT**2) / 2)
    held = 0
    for _ in range(runs):
        interval = mean_interval([fmean(service_times(draw, 10)) for _ in range(trials)])
        held += interval.low <= truth <= interval.high
    assert held / runs == pytest.approx(0.95, abs=0.95 - at_least(0.95, runs) + 0.01)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
@pytest.mark.parametrize("trials", [3, 8])
def test_shares(share, trials):
    draw, runs = random.Random(trials), 1500
    held = 0
    for _ in range(runs):
        costs = []
        for _ in range(trials):
            slow = math.exp(draw.gauss(0, DRIFT))
            own = [math.exp(draw.gauss(0, 0.05)) for _ in range(2)]
            costs.append([slow * share * own[0], slow * (1 - share) * own[1]])
        interval = shares(costs)[0]
        held += interval.low <= share <= interval.high
    assert held / runs == pytest.approx(0.95, abs=0.95 - at_least(0.95, runs) + 0.01)


def test_ratios_of_skewed_blocks_need_the_bootstrap():
    draw, effect, blocks = random.Random(2), 0.1, 20
    held = by_t = 0
    for _ in range(RUNS):
        logs = [effect + 0.1 * (1 - draw.expovariate(1)) for _ in range(blocks)]
        interval = ratio_interval(logs)
        held += interval.low <= math.exp(effect) <= interval.high
        by_t += abs(fmean(logs) - effect) <= half_width(logs)
    assert held / RUNS >= at_least(0.95)
    assert held > by_t


def test_ratios_of_few_blocks():
    draw, effect, blocks, runs = random.Random(3), 0.03, 8, 3000
    held = 0
    for _ in range(runs):
        interval = ratio_interval([draw.gauss(effect, 0.05) for _ in range(blocks)])
        held += interval.low <= math.exp(effect) <= interval.high
    assert held / runs == pytest.approx(0.95, abs=0.95 - at_least(0.95, runs))
