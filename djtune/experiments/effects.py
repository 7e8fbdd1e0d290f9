"""Whether a variant differs from a baseline that was measured twice in each block.

The second measurement of the baseline makes an A/A comparison of the same budget, and is not lost:
the variant is compared with the mean of both.
"""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Literal

from msgspec import Struct

from djtune.experiments.intervals import (
    CONFIDENCE,
    Interval,
    exp,
    half_width,
    smallest_shift,
)

Outcome = Literal["higher", "lower", "no difference shown", "can't tell"]

WIDEST = 2 * math.log(1000)
"""An interval of a logarithm that is wider tells nothing: too few blocks for the comparisons."""
AA_SCALE = math.sqrt(3) / 2
"""x - (a + b)/2 has three quarters of the variance of b - a, where all three spread alike: by
this factor the A/A comparison spreads as the comparison itself does."""


class Effect(Struct, frozen=True):
    """What a comparison shows: a ratio of two variants, or a difference."""

    value: Interval
    """Simultaneous over all comparisons of the experiment, at its adjusted confidence."""
    smallest: float
    """The smallest effect that could have been shown, on the scale of ``value`` as a distance
    from "no effect": 0.03 is 3 % for a ratio."""
    outcome: Outcome


def adjusted(comparisons: int) -> float:
    """The confidence of each of several intervals that are to hold together with 95 %.

    Bonferroni's: the 5 % are shared equally. Holm's steps would find a little more, but leave
    intervals that no longer say the same as the verdicts.
    """
    return 1 - (1 - CONFIDENCE) / max(comparisons, 1)


def ratio(
    variant: Sequence[float],
    baseline: Sequence[float],
    again: Sequence[float],
    confidence: float = CONFIDENCE,
) -> Effect:
    """The ratio of a variant to a baseline, from one figure above 0 a block each.

    The statistic is the log ratio paired within blocks; the interval is Student's t on it, also
    from 15 blocks on: the far tails that several comparisons need would take the bootstrap many
    more resamples.
    """
    shift = difference(_logs(variant), _logs(baseline), _logs(again), confidence)
    value = shift.value
    if value.high - value.low > WIDEST:
        unknown = Interval(exp(value.value), -math.inf, math.inf, value.n)
        return Effect(unknown, math.inf, "can't tell")
    return Effect(
        Interval(exp(value.value), exp(value.low), exp(value.high), value.n),
        exp(shift.smallest) - 1,
        shift.outcome,
    )


def difference(
    variant: Sequence[float],
    baseline: Sequence[float],
    again: Sequence[float],
    confidence: float = CONFIDENCE,
) -> Effect:
    """The difference of a variant from a baseline, from one figure a block each.

    It is shown where the interval leaves out 0 and the difference is at least the smallest that
    the A/A comparison can resolve. Raises ValueError without blocks.
    """
    rows = list(zip(variant, baseline, again, strict=True))
    if not rows:
        raise ValueError("a comparison needs at least one block")
    shifts = [x - (a + b) / 2 for x, a, b in rows]
    smallest = smallest_shift([AA_SCALE * (b - a) for _, a, b in rows], confidence)
    mean, half = fmean(shifts), half_width(shifts, confidence)
    return Effect(
        Interval(mean, mean - half, mean + half, len(rows)),
        smallest,
        _outcome(mean, half, smallest),
    )


def _logs(arm: Sequence[float]) -> list[float]:
    return [math.log(x) for x in arm]


def _outcome(mean: float, half: float, smallest: float) -> Outcome:
    if math.isinf(half):
        return "can't tell"
    if abs(mean) <= half or abs(mean) < smallest:
        return "no difference shown"
    return "higher" if mean > 0 else "lower"
