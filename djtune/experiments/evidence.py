"""What the blocks show of each metric, tier by tier: exact counters, memory, CPU time, wall time.

The tiers are ordered by how much of a figure is the machine's noise. They are never mixed: a
metric belongs to one of them, and every comparison is of one metric.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Literal

from msgspec import Struct

from djtune.experiments import effects
from djtune.experiments.blocks import Block, matched
from djtune.model.metrics import Metric
from djtune.model.samples import Sample, Trial
from djtune.reports.blocks import Unit

Tier = Literal["counters", "memory", "CPU time", "wall time"]
TIERS: tuple[Tier, ...] = ("counters", "memory", "CPU time", "wall time")
Better = Literal["lower", "higher", "neither"]
How = Literal["exact", "ratio", "difference"]
Outcome = Literal["same"] | effects.Outcome

LEAST_EXACT = 3
"""Blocks from which a counter's difference is exact: a counter that is 0 or 1 with equal chance
seems to differ in two blocks 3 times in 100, in three less than once."""

Row = Mapping[str, float]
"""One block: variant → figure. A variant without a figure is left out."""


class Measured(Struct, frozen=True):
    """One metric, measured directly: one figure for each block and variant."""

    name: str
    tier: Tier
    unit: Unit
    """What the figures are in: seconds, bytes, a share, or a count."""
    rows: Sequence[Row]
    better: Better = "lower"


class Comparison(Struct, frozen=True):
    """A variant against the baseline, in one metric."""

    variant: str
    metric: str
    tier: Tier
    unit: Unit
    better: Better
    before: float
    """The baseline's mean over the blocks, of both its trials in each."""
    after: float
    how: How
    """``exact``: the baseline repeats itself in every block, so that what differs is the variant;
    else by the ``ratio`` of the two, or, where a figure is 0 or less, by their ``difference``."""
    outcome: Outcome
    blocks: int
    size: Metric | None = None
    """The ratio, or the difference in the metric's unit, with its interval, which holds together
    with those of all other comparisons; ``None`` for what is exact."""
    smallest: float | None = None
    """The smallest effect that could have been shown: 0.03 is 3 % of a ratio; else in the
    metric's unit. ``None`` for what is exact, or where a single block tells nothing."""

    @property
    def half_width(self) -> float:
        """How far the interval reaches from the figure, as a part of the baseline's figure."""
        if self.size is None or self.how == "exact":
            return 0.0
        if self.size.value is None or self.size.low is None or self.size.high is None:
            return math.inf
        half = max(self.size.high - self.size.value, self.size.value - self.size.low)
        whole = abs(self.size.value if self.how == "ratio" else self.before)
        if not whole:
            return math.inf if half else 0.0
        return half / whole

    @property
    def improves(self) -> bool | None:
        """Whether the difference is one for the better; ``None`` if none is shown, or it is
        neither."""
        if self.better == "neither" or self.outcome not in ("higher", "lower"):
            return None
        return self.outcome == self.better


def from_trials(
    blocks: Sequence[Block], of: Callable[[Trial], float | None]
) -> list[dict[str, float]]:
    """A metric's rows, from a figure of each trial; ``None`` where it has none."""
    return [_row({name: of(trial) for name, trial in block.trials.items()}) for block in blocks]


def from_matched(
    blocks: Sequence[Block], of: Callable[[Sequence[Sample]], float | None]
) -> list[dict[str, float]]:
    """A metric's rows, from the requests that every variant of a block answered as expected."""
    return [
        _row({name: of(samples) for name, samples in matched(block.trials).items()})
        for block in blocks
    ]


def _row(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: figure for name, figure in figures.items() if figure is not None}


def compare(
    metrics: Sequence[Measured], variants: Sequence[str], baseline: str, again: str
) -> list[Comparison]:
    """Hold every variant against the baseline in every metric: by variant, then by tier.

    A variant that has a figure in no block of the baseline's is left out of that metric. The
    intervals of all comparisons hold together with 95 %.
    """
    pairs = [
        (metric, variant, arms)
        for variant in variants
        for metric in sorted(metrics, key=lambda metric: TIERS.index(metric.tier))
        if (arms := _arms(metric.rows, variant, baseline, again))
    ]
    outcomes = [_exact(metric.tier, arms) for metric, _, arms in pairs]
    confidence = effects.adjusted(outcomes.count(None))
    return [
        _compared(metric, variant, arms, outcome, confidence)
        for (metric, variant, arms), outcome in zip(pairs, outcomes, strict=True)
    ]


Arms = Sequence[tuple[float, float, float]]
"""Block by block: the variant, the baseline, the baseline again."""


def _arms(rows: Sequence[Row], variant: str, baseline: str, again: str) -> Arms:
    wanted = (variant, baseline, again)
    return [(row[variant], row[baseline], row[again]) for row in rows if row.keys() >= {*wanted}]


def _exact(tier: Tier, arms: Arms) -> Outcome | None:
    """What can be said of a counter without an interval, if anything.

    The trials of a block make the same requests. Where the baseline's two agree in every block,
    the counter has no noise: a variant that differs from them does so itself. Blocks in which it
    differs to either side need an interval to say which.
    """
    if tier != "counters" or any(before != again for _, before, again in arms):
        return None
    signs = {math.copysign(1, after - before) * (after != before) for after, before, _ in arms}
    if signs == {0}:
        return "same"
    if len(arms) < LEAST_EXACT or len(signs) > 1:
        return None
    return "higher" if signs == {1} else "lower"


def _compared(
    metric: Measured, variant: str, arms: Arms, exact: Outcome | None, confidence: float
) -> Comparison:
    after, before, again = (list(column) for column in zip(*arms, strict=True))
    positive = min(*after, *before, *again) > 0
    how: How = "exact" if exact else "ratio" if positive else "difference"
    judge = effects.ratio if how == "ratio" else effects.difference
    effect = None if exact else judge(after, before, again, confidence)
    return Comparison(
        variant=variant,
        metric=metric.name,
        tier=metric.tier,
        unit=metric.unit,
        better=metric.better,
        before=fmean([*before, *again]),
        after=fmean(after),
        how=how,
        outcome=exact or (effect.outcome if effect else "can't tell"),
        blocks=len(arms),
        size=effect.value.metric() if effect else None,
        smallest=effect.smallest if effect and math.isfinite(effect.smallest) else None,
    )
