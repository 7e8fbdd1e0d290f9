"""How figures are spread over a pattern's keys: quantiles and shares."""

import math
from collections.abc import Sequence

import numpy as np

from djtune.redis_memory.estimated import Amount, Spread
from djtune.redis_memory.observed import Floats

FOR_P95 = 72
FOR_P99 = 368
"""Keys below which the 95 % interval of that quantile has no upper bound."""
Z = 1.959964


def spread(values: Floats, weights: Floats, *, complete: bool) -> Spread:
    """Quantiles of the values that are known, each counting for its weight.

    ``complete``: they are all that there are, so that the quantiles are exact for any number.
    """
    known = ~np.isnan(values)
    values, weights = values[known], weights[known]
    n = int(values.size)
    if not n:
        return Spread(0)
    order = np.argsort(values)
    values, reach = values[order], np.cumsum(weights[order])

    def quantile(share: float, least: int) -> float | None:
        if n < least and not complete:
            return None
        return float(values[min(n - 1, int(np.searchsorted(reach, share * reach[-1])))])

    return Spread(
        n,
        p50=quantile(0.5, 1),
        p95=quantile(0.95, FOR_P95),
        p99=quantile(0.99, FOR_P99),
        largest=float(values[-1]),
    )


def share(p: float, n: int, *, complete: bool) -> Amount:
    """The share ``p`` of ``n`` keys; Wilson's interval (1927) unless all were looked at."""
    if not n:
        return Amount(0.0, 0.0, 1.0)
    if complete:
        return Amount(p, p, p)
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return Amount(p, max(0.0, centre - half), min(1.0, centre + half))


def shares(labels: Sequence[str], weights: Floats) -> dict[str, float]:
    """The share of the weight that each label has, the largest first."""
    sums: dict[str, float] = {}
    for label, weight in zip(labels, weights.tolist(), strict=True):
        sums[label] = sums.get(label, 0.0) + weight
    total = sum(sums.values()) or 1.0
    return {label: n / total for label, n in sorted(sums.items(), key=lambda pair: -pair[1])}
