"""Quantiles of durations in bounded memory."""

import math
from collections import Counter
from collections.abc import Mapping

ERROR = 0.01
"""A quantile is within this part of the duration that has its rank."""
SHORTEST = 1e-6
"""Seconds; shorter durations count as this long."""

_LOG_GROWTH = math.log((1 + ERROR) / (1 - ERROR))


def bucket(seconds: float) -> int:
    """The bucket of a duration; each is 2 % wider than the one before.

    The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable
    quantile sketch with relative-error guarantees", VLDB 2019): about 1,150 of them reach from
    a microsecond to three hours.
    """
    return math.ceil(math.log(max(seconds, SHORTEST)) / _LOG_GROWTH)


def quantile(buckets: Mapping[int, float], q: float) -> float | None:
    """The duration, in seconds, that a part ``q`` of those counted in ``buckets`` does not exceed.

    Within :data:`ERROR` of the duration of rank ``ceil(q * n)``; ``None`` where nothing was
    counted.
    """
    rank = max(q * sum(buckets.values()), SHORTEST)
    seen = 0.0
    for index, count in sorted(buckets.items()):
        seen += count
        if seen >= rank - 1e-9:
            return (1 - ERROR) * math.exp(index * _LOG_GROWTH)
    return None


Buckets = Counter[int]
