"""What the timing pass costs: bare and timed requests in turn, in CPU time."""

from collections.abc import Sequence
from statistics import median

from djtune.experiments.quantiles import minimum_n, order_ranks
from djtune.model.metrics import Metric
from djtune.profiling.result import Overhead

FEWEST_BLOCKS = minimum_n(0.5)
Row = Sequence[float]
"""Step, bare CPU seconds, timed CPU seconds, queries."""


def price_probes(rows_by_block: Sequence[Sequence[Row]]) -> Overhead | None:
    """Price the probes from blocks of rows; each block holds every step once, bare and timed.

    The ratio is paired within blocks; its median and the median's binomial ranks are given,
    because one block in which the machine stalls would decide a mean. What a request and a query
    cost is a least-squares fit of (timed - bare) on the number of queries; ``None`` where it
    cannot be told.
    """
    blocks = [block for block in rows_by_block if block]
    if len(blocks) < FEWEST_BLOCKS:
        return None
    ratios = sorted(sum(r[2] for r in block) / sum(r[1] for r in block) for block in blocks)
    low, high = order_ranks(len(ratios), 0.5, len(ratios))
    fixed, per_query = _fit([row for block in blocks for row in block])
    metric = Metric(median(ratios), ratios[low - 1], ratios[high - 1], len(blocks))
    return Overhead(metric, fixed, per_query, len(blocks))


def _fit(rows: Sequence[Row]) -> tuple[float | None, float | None]:
    """Intercept and slope of the added time over the number of queries."""
    added = [row[2] - row[1] for row in rows]
    queries = [row[3] for row in rows]
    n = len(rows)
    mean_x, mean_y = sum(queries) / n, sum(added) / n
    spread = sum((x - mean_x) ** 2 for x in queries)
    if not spread:
        return mean_y, None
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(queries, added, strict=True)) / spread
    return mean_y - slope * mean_x, slope
