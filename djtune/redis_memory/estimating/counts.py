"""How many keys have a pattern, where not all names were seen."""

from collections.abc import Sequence

import numpy as np

from djtune.experiments.distributions import t_quantile
from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.observed import Floats


def key_counts(parts: Sequence[Sequence[int]], population: float) -> list[Amount]:
    """Keys of each pattern in the whole server, from the names that each part of the visit met.

    ``parts[i][p]`` are the names of pattern ``i`` in part ``p``. A pattern's share of all names is
    a ratio of sums over the parts, whose spread holds whatever makes names come in clumps (a
    cluster's slots with hash tags); the interval is Student's t on it.
    """
    if not any(map(any, parts)):
        return [Amount(0, 0, 0) for _ in parts]
    met = np.array(parts, np.float64)
    names = met.sum(axis=1)
    reach = t_quantile(0.975, met.shape[1] - 1)
    halves = reach * np.linalg.norm(deviations(parts, population), axis=1)
    keys = names * population / names.sum()
    return [
        Amount(float(n), float(max(least, n - half)), float(min(population, n + half)))
        for n, least, half in zip(keys, names, halves, strict=True)
    ]


def deviations(parts: Sequence[Sequence[int]], population: float) -> Floats:
    """What each part of the visit adds to the error of each pattern's count.

    The root of a row's sum of squares is the standard error of that pattern's keys; sums of rows,
    weighted or not, give that of sums of patterns. Cochran, Sampling Techniques (1977), section
    6.3: a ratio's variance from its residuals, with the finite population correction.
    """
    met = np.array(parts, np.float64)
    names, each = met.sum(), met.shape[1]
    residuals = met - met.sum(axis=1, keepdims=True) / names * met.sum(axis=0)
    rest = max(0.0, 1 - names / population)
    return np.asarray(residuals * np.sqrt(rest * each / (each - 1)) * population / names)
