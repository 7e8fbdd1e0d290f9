"""95 % intervals for means, ratios and shares, from one figure per trial or block.

Requests of one trial share a process and a stretch of the machine's time, so they are not
independent; trials are. Every interval here therefore counts trials (or blocks), not requests.
The coverage of each is simulated in ``benchmarks/coverage.py``.
"""

import math
import random
from collections.abc import Sequence
from statistics import fmean, stdev

from msgspec import Struct

from djtune.experiments.distributions import t_quantile
from djtune.model.metrics import Metric

CONFIDENCE = 0.95
UPPER = 0.5 + CONFIDENCE / 2
BOOTSTRAP_FROM = 15
"""Blocks from which the bootstrap-t interval is used; with fewer its tails are too thin."""
RESAMPLES = 1999
"""(RESAMPLES + 1) · 2.5 % is a whole number, so both bounds are order statistics."""


class Interval(Struct, frozen=True):
    """A figure and its 95 % interval, in the unit of the figures that it was made from."""

    value: float
    low: float
    """``-inf``, and ``high`` ``inf``, where there was one trial: it shows no spread."""
    high: float
    n: int
    """How many trials or blocks the interval rests on."""

    def metric(self) -> Metric:
        """The interval as a metric; bounds that are unknown become ``None``, with the reason."""
        if math.isinf(self.low) or math.isinf(self.high):
            return Metric(self.value, n=self.n, reason=f"no interval from n={self.n} trials")
        return Metric(self.value, self.low, self.high, self.n)


def mean_interval(trial_means: Sequence[float], at_least: float = -math.inf) -> Interval:
    """The mean over trials: Student's t on the trial means.

    ``at_least`` cuts the lower bound where the quantity has a floor (0 for a time). Raises
    ValueError without trials.
    """
    if not trial_means:
        raise ValueError("an interval needs at least one trial")
    mean = fmean(trial_means)
    half = half_width(trial_means)
    return Interval(mean, max(at_least, mean - half), mean + half, len(trial_means))


def half_width(values: Sequence[float], confidence: float = CONFIDENCE) -> float:
    """Half the width of the t interval of the mean: t · s/√n; infinite for one value."""
    n = len(values)
    if n < 2:
        return math.inf
    return t_quantile(0.5 + confidence / 2, n - 1) * stdev(values) / math.sqrt(n)


def ratio_interval(log_ratios: Sequence[float], seed: int = 0) -> Interval:
    """The ratio of two variants, from one log ratio a block (natural logarithms).

    Both variants of a block ran side by side, so the ratio within the block is free of the
    machine's drift between blocks. Student's t below 15 blocks, bootstrap-t from there on: it
    follows the skewness that t ignores. Percentile and BCa bootstraps are too narrow at these
    sizes. The same ``seed`` gives the same interval. Raises ValueError without blocks.
    """
    if not log_ratios:
        raise ValueError("a ratio needs at least one block")
    mean, n = fmean(log_ratios), len(log_ratios)
    bounds = _bootstrap_t(log_ratios, seed) if n >= BOOTSTRAP_FROM else None
    if bounds is None:
        half = half_width(log_ratios)
        bounds = mean - half, mean + half
    return Interval(exp(mean), exp(bounds[0]), exp(bounds[1]), n)


def exp(x: float) -> float:
    """``math.exp``, infinite where that overflows: the bound of an interval from wild trials."""
    return math.exp(x) if x < 700 else math.inf


def _bootstrap_t(values: Sequence[float], seed: int) -> tuple[float, float] | None:
    """Bounds of the mean from the resampled distribution of (m* - m)/se*; ``None`` if it has none.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 12.5.
    """
    draw = random.Random(seed)
    n, mean, se = len(values), fmean(values), _standard_error(values)
    deviations = [x - mean for x in values]
    studentised: list[float] = []
    for _ in range(RESAMPLES):
        sample = draw.choices(deviations, k=n)
        shift = sum(sample) / n
        # Plain sums: statistics.stdev would take a second for 200 blocks.
        variance = (sum(x * x for x in sample) - n * shift * shift) / (n - 1)
        if variance <= 0:
            return None
        studentised.append(shift / math.sqrt(variance / n))
    studentised.sort()
    cut = round((RESAMPLES + 1) * (1 - UPPER))
    return mean - studentised[-cut] * se, mean - studentised[cut - 1] * se


def _standard_error(values: Sequence[float]) -> float:
    return stdev(values) / math.sqrt(len(values))


def shares(costs_by_trial: Sequence[Sequence[float]]) -> list[Interval]:
    """Each route's share of a trial's total cost, averaged over trials, with its interval.

    ``costs_by_trial[k][r]`` is what route ``r`` cost in trial ``k`` (calls by mean server time).
    A trial's drift multiplies all of its routes and cancels in the share.

    The interval is Student's t on the logits of the trials' shares, around the logit of the mean:
    bounds stay inside 0 to 1, lean the right way near both ends, and are the same whether one
    looks at a route or at all the others. A route that cost nothing in some trial has no logit
    there; then the spread of the shares is carried to the logit scale instead, logit m ±
    t · se/(m(1 - m)), as survey statistics does for proportions (Korn & Graubard 1998). A share
    of exactly 0 or 1 in every trial has that as its interval.

    Raises ValueError without trials, for trials of unequal length, or for one without cost.
    """
    if not costs_by_trial:
        raise ValueError("shares need at least one trial")
    per_trial = [_fractions(costs) for costs in costs_by_trial]
    return [_share(by_trial) for by_trial in zip(*per_trial, strict=True)]


def _fractions(costs: Sequence[float]) -> list[float]:
    total = math.fsum(costs)
    if not total > 0:
        raise ValueError("a trial without cost has no shares")
    return [cost / total for cost in costs]


def _share(fractions: Sequence[float]) -> Interval:
    mean, n = fmean(fractions), len(fractions)
    if n == 1:
        return Interval(mean, -math.inf, math.inf, n)
    if not 0 < mean < 1:
        return Interval(mean, mean, mean, n)
    if min(fractions) > 0 and max(fractions) < 1:
        half = half_width([_logit(fraction) for fraction in fractions])
    else:
        half = half_width(fractions) / (mean * (1 - mean))
    centre = _logit(mean)
    return Interval(mean, min(mean, _expit(centre - half)), max(mean, _expit(centre + half)), n)


def _logit(p: float) -> float:
    return math.log(p) - math.log1p(-p)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def smallest_effect(aa_log_ratios: Sequence[float], confidence: float = CONFIDENCE) -> float:
    """The smallest relative effect that an experiment with this spread can resolve (0.03: 3 %).

    From the block log ratios of an A/A comparison: exp(:func:`smallest_shift`) - 1. Infinite for
    fewer than two blocks.
    """
    shift = smallest_shift(aa_log_ratios, confidence)
    return math.expm1(shift) if shift < 700 else math.inf


def smallest_shift(aa_differences: Sequence[float], confidence: float = CONFIDENCE) -> float:
    """The smallest difference that an experiment with this spread can resolve.

    From the block differences of an A/A comparison with mean m, standard error se and n blocks:
    max((t₀.₉₇₅ + t₀.₈₀) · se, |m| + t₀.₉₇₅ · se), with n - 1 degrees of freedom (and another
    quantile than 0.975 for another confidence). The first term is the effect whose interval
    leaves out "no difference" four times in five; the second makes sure that the A/A comparison
    itself would not pass for an effect. Infinite for fewer than two blocks.
    """
    n = len(aa_differences)
    if n < 2:
        return math.inf
    se = _standard_error(aa_differences)
    decisive = t_quantile(0.5 + confidence / 2, n - 1) * se
    power = t_quantile(0.80, n - 1) * se
    return decisive + max(power, abs(fmean(aa_differences)))
