"""How often the 95 % intervals of ``djtune.experiments`` hold the true value, by simulation.

    python -m benchmarks.coverage [--runs 400] [--seed 1]

Simulated service times have what real ones have and textbooks lack: a body with a long right tail
(log-normal), 3 % of requests that take four times as long (a cold cache, a collection), and
drift, a factor that slows all requests of one trial by the same amount. Prints one Markdown table
per interval, with the median width (upper over lower bound); docs/methods/statistics.md cites it.
"""

import argparse
import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from statistics import NormalDist, fmean, median
from typing import NamedTuple

from djtune.experiments.intervals import mean_interval, ratio_interval, shares
from djtune.experiments.quantiles import quantile_interval

Bounds = tuple[float | None, float | None]
Case = Callable[[random.Random], Bounds]

STALLS, STALL = 0.03, 4.0
NORMAL = NormalDist()


class ServiceTimes(NamedTuple):
    """Where service times come from: median 1, standard deviations on the log scale."""

    spread: float
    """Between the requests of one trial."""
    drift: float
    """Between trials."""
    stalls: str = "alike"
    """``alike`` in all trials, or ``gathered``: from none to twice as many in a trial."""

    def trial(self, draw: random.Random, n: int) -> list[float]:
        """The service times of one trial of ``n`` requests."""
        slow = draw.gauss(0, self.drift)
        stalls = STALLS if self.stalls == "alike" else draw.uniform(0, 2 * STALLS)
        return [
            math.exp(slow + draw.gauss(0, self.spread)) * (STALL if draw.random() < stalls else 1)
            for _ in range(n)
        ]

    def mean(self) -> float:
        """The mean over all requests of all trials."""
        return math.exp((self.spread**2 + self.drift**2) / 2) * (1 + STALLS * (STALL - 1))

    def quantile(self, q: float) -> float:
        """The quantile over all requests of all trials, by bisection of their distribution."""
        sd = math.hypot(self.spread, self.drift)
        low, high = -10.0, 10.0
        for _ in range(60):
            middle = (low + high) / 2
            stalled = NORMAL.cdf((middle - math.log(STALL)) / sd)
            below = (1 - STALLS) * NORMAL.cdf(middle / sd) + STALLS * stalled
            low, high = (middle, high) if below < q else (low, middle)
        return math.exp(low)


def mean_case(times: ServiceTimes, trials: int, n: int, draw: random.Random) -> Bounds:
    """The interval of the mean from ``trials`` trials of ``n`` requests."""
    interval = mean_interval([fmean(times.trial(draw, n)) for _ in range(trials)])
    return interval.low, interval.high


def quantile_case(
    times: ServiceTimes, trials: int, n: int, q: float, draw: random.Random
) -> Bounds:
    """The interval of a quantile from ``trials`` trials of ``n`` requests."""
    metric = quantile_interval([times.trial(draw, n) for _ in range(trials)], q)
    return metric.low, metric.high


def share_case(share: float, trials: int, n: int, draw: random.Random) -> Bounds:
    """The interval of the first of four routes' shares; a trial's drift hits them all alike."""
    costs = [share, *[(1 - share) / 3] * 3]
    own = ServiceTimes(spread=0.3, drift=0.03)

    def trial() -> list[float]:
        slow = math.exp(draw.gauss(0, 0.1))
        return [slow * cost * fmean(own.trial(draw, n)) for cost in costs]

    interval = shares([trial() for _ in range(trials)])[0]
    return interval.low, interval.high


def ratio_case(
    log_ratio: Callable[[random.Random], float], blocks: int, draw: random.Random
) -> Bounds:
    """The interval of the ratio of two variants."""
    interval = ratio_interval([log_ratio(draw) for _ in range(blocks)])
    return interval.low, interval.high


EFFECT = 0.05


def normal(draw: random.Random) -> float:
    """Log ratios spread evenly around the effect."""
    return draw.gauss(EFFECT, 0.05)


def exponential(draw: random.Random) -> float:
    """Log ratios with a long tail to one side, whose mean is the effect."""
    return draw.expovariate(1 / EFFECT)


def of_trials(draw: random.Random) -> float:
    """The log ratio of two trials of 60 simulated requests each."""
    times = ServiceTimes(spread=0.3, drift=0.03)
    before, after = (fmean(times.trial(draw, 60)) for _ in range(2))
    return EFFECT + math.log(after / before)


class Tables:
    """Prints the tables."""

    def __init__(self, runs: int, seed: int) -> None:
        self.runs, self.seed = runs, seed

    def head(self, title: str, *columns: str) -> None:
        """Begin a table."""
        print(f"\n### {title}\n")
        print("| " + " | ".join((*columns, "coverage", "median width")) + " |")
        print("|" + " --- |" * (len(columns) + 2))

    def row(self, case: Case, truth: float, *labels: object) -> None:
        """Simulate one case and print its line."""
        draw = random.Random(self.seed)
        bounds = [case(draw) for _ in range(self.runs)]
        coverage = fmean(_holds(low, high, truth) for low, high in bounds)
        width = f"{median(_width(low, high) for low, high in bounds):.3f}"
        cells = [*(str(label) for label in labels), f"{coverage:.1%}", width]
        print("| " + " | ".join(cells) + " |", flush=True)


def _holds(low: float | None, high: float | None, truth: float) -> bool:
    return low is not None and high is not None and low <= truth <= high


def _width(low: float | None, high: float | None) -> float:
    return high / low if low and high and low > 0 else math.inf


def print_tables(tables: Tables) -> None:
    """Print a table for each kind of interval."""
    tables.head("Mean service time", "trials", "requests a trial", "spread", "drift", "stalls")
    for times, trials in product((ServiceTimes(0.3, 0.0), ServiceTimes(0.3, 0.1)), (3, 5, 8)):
        case = partial(mean_case, times, trials, 60)
        tables.row(case, times.mean(), trials, 60, *times)

    columns = ("percentile", "trials", "requests a trial", "spread", "drift", "stalls")
    tables.head("Percentiles of the service time", *columns)
    regimes = (
        ServiceTimes(0.3, 0.0),
        ServiceTimes(0.3, 0.03),
        ServiceTimes(0.3, 0.1),
        ServiceTimes(0.05, 0.1),
        ServiceTimes(0.3, 0.03, "gathered"),
    )
    sizes = ((0.5, 60), (0.95, 150), (0.99, 480))
    for (q, requests), trials, times in product(sizes, (3, 5, 8), regimes):
        each = requests // trials
        case = partial(quantile_case, times, trials, each, q)
        tables.row(case, times.quantile(q), f"p{q * 100:g}", trials, each, *times)

    # The hardest case known: the percentile lies in the fastest third of the stalls.
    tables.head("A percentile among stalls that gather", *columns)
    for trials in (3, 5, 8):
        times = ServiceTimes(0.2, 0.0, "gathered")
        case = partial(quantile_case, times, trials, 300, 0.98)
        tables.row(case, times.quantile(0.98), "p98", trials, 300, *times)

    tables.head("Share of the total time", "share", "trials", "requests a trial")
    for share, trials in product((0.02, 0.3, 0.9), (3, 5, 8)):
        tables.row(partial(share_case, share, trials, 20), share, share, trials, 20)

    tables.head("Ratio of two variants", "log ratios", "blocks")
    for log_ratio, blocks in product((normal, exponential, of_trials), (8, 15, 30)):
        label = log_ratio.__name__.replace("_", " ")
        tables.row(partial(ratio_case, log_ratio, blocks), math.exp(EFFECT), label, blocks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description="Measured coverage of the 95 % intervals.")
    parser.add_argument("--runs", type=int, default=400, help="simulated experiments a line")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    tables = Tables(options.runs, options.seed)
    print_tables(tables)
    error = 2 * math.sqrt(0.95 * 0.05 / options.runs)
    print(f"\n{options.runs} simulated experiments a line, seed {options.seed}; ", end="")
    print(f"a true coverage of 95 % shows as 95 % \N{PLUS-MINUS SIGN} {error:.1%}.")


if __name__ == "__main__":
    main()
