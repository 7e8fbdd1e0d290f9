"""95 % intervals of totals from samples of patterns, by a stratified bootstrap-t."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.observed import Floats

RESAMPLES = 999
CUT = round((RESAMPLES + 1) * 0.02)
"""Both bounds are order statistics, of the 2nd and the 98th percentile: with tails as heavy as
caches have them a bootstrap-t of 2.5 % on each side covers a little less than 95 %."""
FEWEST = 15
"""Values below which resampling them tells too little: there Student's t is used."""
Z = 2.053749
"""The normal distribution's 98th percentile."""
AT_ONCE = 2_000_000
ALIKE = 3
"""Of a population of whose ``n`` members all are alike, fewer than 3/n differ: 95 % sure."""
STEP = 0.25
"""Two neighbouring sizes of an allocator differ by a quarter at most."""


class Part(Struct):
    """One part of a total, independent of the others, with what resampling it gave."""

    value: float
    variance: float
    """Of ``value``."""
    shifts: Floats
    """Each resample's value less ``value``."""
    variances: Floats
    """Each resample's own estimate of ``variance``."""


def exact(value: float) -> Part:
    """A part that was counted."""
    nothing = np.zeros(RESAMPLES)
    return Part(value, 0.0, nothing, nothing)


def known_to(value: float, error: float, freedom: int, random: np.random.Generator) -> Part:
    """A part with a standard error that rests on so many degrees of freedom."""
    chi = random.chisquare(freedom, RESAMPLES) / freedom
    return Part(value, error**2, random.normal(0, error, RESAMPLES), error**2 * chi)


def sampled(values: Floats, keys: float, random: np.random.Generator) -> Part:
    """The sum over ``keys`` of which ``values`` are a sample without replacement.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), section 12.5, with the finite
    population correction 1 − n/keys.
    """
    n = values.size
    rest = max(0.0, 1 - n / keys) if keys else 0.0
    mean = float(values.mean())
    if rest == 0:
        return exact(mean * keys)
    if n < FEWEST:
        error = float(values.std(ddof=1)) if n > 1 else mean
        error = max(error, STEP * mean) * keys * np.sqrt(rest / n)
        return known_to(mean * keys, float(error), max(1, n - 1), random)
    if values.min() == values.max():
        error = mean * STEP * min(1.0, ALIKE / n) / 2
        return known_to(mean * keys, error * keys * rest, n - 1, random)
    means, variances = _resampled(values, random)
    scale = keys * np.sqrt(rest)
    return Part(
        mean * keys,
        float(values.var(ddof=1)) * scale**2 / n,
        (means - mean) * scale,
        variances * scale**2 / n,
    )


def _resampled(values: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Mean and variance of each resample."""
    n = values.size
    # Around their mean: the variance as a difference of squares would lose its digits.
    centre = values.mean()
    around = values - centre
    means, variances = np.empty(RESAMPLES), np.empty(RESAMPLES)
    step = max(1, AT_ONCE // n)
    for begin in range(0, RESAMPLES, step):
        rows = slice(begin, min(begin + step, RESAMPLES))
        drawn = around[random.integers(0, n, (rows.stop - begin, n), dtype=np.int32)]
        means[rows] = drawn.mean(axis=1)
        squares = np.einsum("ij,ij->i", drawn, drawn) / n
        variances[rows] = (squares - means[rows] ** 2) * n / (n - 1)
    return means + centre, variances


def added(parts: Sequence[Part]) -> Part:
    """The sum of independent parts."""
    return Part(
        sum(part.value for part in parts),
        sum(part.variance for part in parts),
        np.sum([np.zeros(RESAMPLES), *(part.shifts for part in parts)], axis=0),
        np.sum([np.zeros(RESAMPLES), *(part.variances for part in parts)], axis=0),
    )


def share_of(part: Part, total: Part) -> Part:
    """The share that ``part`` has of the ``total`` that it belongs to, linearised."""
    if total.value <= 0:
        return exact(0.0)
    share = part.value / total.value
    own, all_of_it = (1 - 2 * share) / total.value**2, (share / total.value) ** 2
    return Part(
        share,
        max(0.0, own * part.variance + all_of_it * total.variance),
        (part.shifts - share * total.shifts) / total.value,
        np.maximum(own * part.variances + all_of_it * total.variances, 0),
    )


def interval(part: Part, at_least: float = 0.0, at_most: float = np.inf) -> Amount:
    """The part with its 95 % interval, within what is possible in any case."""
    if part.variance <= 0:
        return Amount(part.value, part.value, part.value)
    variances = np.maximum(part.variances, part.variance * 1e-4)
    studentised = np.sort(part.shifts / np.sqrt(variances))
    # No narrower than the normal distribution's: resampling cannot know a tail that it never saw.
    error = float(np.sqrt(part.variance))
    low = part.value - max(float(studentised[-CUT]), Z) * error
    high = part.value - min(float(studentised[CUT - 1]), -Z) * error
    return Amount(part.value, max(low, at_least), min(high, at_most))
