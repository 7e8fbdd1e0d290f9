"""The comparisons of an experiment as rows of the live display."""

from collections.abc import Sequence

from djtune.experiments.evidence import Comparison
from djtune.experiments.verdicts import change
from djtune.reports.live import Row


def rows(comparisons: Sequence[Comparison]) -> list[Row]:
    """A row for each comparison, in the same order."""
    return [_row(comparison) for comparison in comparisons]


def _row(comparison: Comparison) -> Row:
    ratio, low, high = _bounds(comparison)
    improves = comparison.improves
    return Row(
        variant=comparison.variant,
        metric=comparison.metric,
        figure=change(comparison),
        blocks=comparison.blocks,
        ratio=ratio,
        low=low,
        high=high,
        tone="" if improves is None else "good" if improves else "bad",
    )


def _bounds(comparison: Comparison) -> tuple[float | None, float | None, float | None]:
    """Ratio and bounds; a difference is added to the baseline's figure."""
    size, before = comparison.size, comparison.before
    if size is None or size.value is None:
        ratio = comparison.after / before if before > 0 else None
        return ratio, ratio, ratio
    if comparison.how == "ratio":
        return size.value, size.low, size.high
    if before <= 0:
        return None, None, None
    low, high = (None if x is None else (before + x) / before for x in (size.low, size.high))
    return (before + size.value) / before, low, high
