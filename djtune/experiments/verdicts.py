"""What several comparisons of one variant say together, and which evidence that rests on."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from djtune.experiments.evidence import TIERS, Comparison, Tier
from djtune.reports import format as fmt

Finding = Literal["better", "worse", "better and worse", "no difference shown", "can't tell"]


class Verdict(Struct, frozen=True):
    """The answer to one question about a variant."""

    outcome: Finding
    tier: Tier | None
    """The tier that it rests on; ``None`` where none can tell."""
    sentence: str


def verdict(comparisons: Sequence[Comparison]) -> Verdict:
    """Judge one variant by the least noisy tier that shows a difference.

    ``comparisons`` are those that answer the question, and no others: fewer collections are no
    evidence for less memory. Where no tier shows a difference, the least noisy one that has been
    judged says how large one may have been missed.
    """
    comparisons = [c for c in comparisons if c.better != "neither"]
    for tier in TIERS:
        shown = [c for c in comparisons if c.tier == tier and c.improves is not None]
        if shown:
            outcome = _direction(shown)
            told = "; ".join(map(told_of, shown))
            return Verdict(outcome, tier, f"{outcome} by {tier}: {told}")
    for tier in TIERS:
        judged = [c for c in comparisons if c.tier == tier and c.outcome != "can't tell"]
        if judged:
            told = "; ".join(map(told_of, judged))
            return Verdict("no difference shown", tier, f"no difference shown by {tier}: {told}")
    return Verdict("can't tell", None, "can't tell: an interval needs two blocks or more")


def _direction(shown: Sequence[Comparison]) -> Finding:
    improving = {comparison.improves for comparison in shown}
    if len(improving) > 1:
        return "better and worse"
    return "better" if True in improving else "worse"


def told_of(comparison: Comparison) -> str:
    """A comparison in words: ``CPU per request 0.93× [0.90–0.96] (8 blocks)``."""
    blocks = fmt.plural(comparison.blocks, "block", "blocks")
    details = f"{blocks}{_missed(comparison)}" if comparison.size else f"exact, {blocks}"
    return f"{comparison.metric} {change(comparison)} ({details})"


def change(comparison: Comparison) -> str:
    """How a figure changes: ``412 → 29``, ``0.93× [0.90–0.96]``, ``by −1.2 ms [−1.4 to −1.0]``."""
    size, figure = comparison.size, fmt.by_unit(comparison.unit)
    if size is None:
        before, after = figure(comparison.before), figure(comparison.after)
        return after if comparison.outcome == "same" else f"{before} → {after}"
    if comparison.how == "ratio":
        return fmt.with_interval(size.value, size.low, size.high, fmt.ratio)
    return "by " + fmt.with_interval(size.value, size.low, size.high, figure)


def _missed(comparison: Comparison) -> str:
    """How large an effect may be there unseen, where none is shown."""
    if comparison.outcome != "no difference shown" or comparison.smallest is None:
        return ""
    formatter = fmt.share if comparison.how == "ratio" else fmt.by_unit(comparison.unit)
    return f", smaller than ±{formatter(undetected(comparison))}"


def undetected(comparison: Comparison) -> float:
    """The size up to which an effect may be there although none is shown.

    The smallest effect of the A/A comparison, or the bound of the interval that is farther from
    "no effect", whichever is greater: 0.03 is 3 % of a ratio, else in the metric's unit.
    """
    neutral = 1.0 if comparison.how == "ratio" else 0.0
    size = comparison.size
    bounds = [] if size is None else [b for b in (size.low, size.high) if b is not None]
    return max([comparison.smallest or 0.0, *(abs(bound - neutral) for bound in bounds)])
