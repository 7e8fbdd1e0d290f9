"""How many keys of each pattern are measured: where a key more says most about the total.

In two phases. The second is a sample of its own, drawn from the keys that the pilot left: sizes are
told by it alone, and the pilot's keys stand for themselves. Were both put together, a pilot that
happens to miss the large keys would ask for few more and so keep its weight, and the total would
be too low by a fifth of its standard error, with an interval that covers two points too rarely.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from djtune.redis_memory.observed import Floats

PILOT = 400
"""Keys of each pattern that are measured first; the 99th percentile needs 368."""
MOST_IN_PILOTS = 10_000
COMMON = 400
"""Keys measured of a pattern with a share of 1 % or more."""
RARE = 100
"""Keys measured of the others: the 95th percentile needs 72."""
WHOLE_FROM = 0.7
"""Share of a pattern's keys from which on the rest is measured as well."""
SURE = 2.0
"""Standard errors in half an interval."""


class Piloted(NamedTuple):
    """What the pilot told of a pattern."""

    keys: float
    """In the whole server."""
    drawn: int
    """Names of it at hand: no more than these can be measured."""
    n: int
    mean: float
    """Bytes."""
    spread: float
    """Standard deviation of the bytes, as large as it may well be."""


def piloted(keys: float, drawn: int, sizes: Floats) -> Piloted:
    """What the ``sizes`` tell of a pattern; the variance is one of its standard errors above."""
    n = sizes.size
    mean = float(sizes.mean()) if n else 0.0
    if n < 2:
        return Piloted(keys, drawn, n, mean, mean)
    squares = (sizes - mean) ** 2
    spread = np.sqrt(squares.mean() + squares.std() / np.sqrt(n))
    return Piloted(keys, drawn, n, mean, float(spread))


def pilot(keys: Sequence[float], drawn: Sequence[int]) -> list[int]:
    """Keys of each pattern to measure first; a pattern that is nearly whole by this is whole."""
    each = max(2, min(PILOT, MOST_IN_PILOTS // max(1, len(keys))))
    return [
        min(here, round(total) if total * WHOLE_FROM <= each else each)
        for total, here in zip(keys, drawn, strict=True)
    ]


def allocate(patterns: Sequence[Piloted], precision: float, most: int) -> list[int]:
    """Keys of each pattern to measure after the pilot; 0 where the pilot was enough.

    Neyman's optimal allocation (1934): in proportion to keys times spread, as many as bring half
    of the total's 95 % interval down to ``precision`` of the total (Cochran, Sampling Techniques,
    1977, equation 5.26), topped up so that each pattern has a distribution of its own, and in all
    no more than ``most``. Patterns that would be nearly whole are taken whole.
    """
    keys = np.array([each.keys for each in patterns])
    means = np.array([each.mean for each in patterns])
    have = np.array([each.n for each in patterns], np.float64)
    left = np.array([each.drawn for each in patterns]) - have
    # Where no name is left, more keys cannot make anything surer.
    open_ = (have < keys) & (left > 0)
    spreads = np.where(open_, [each.spread for each in patterns], 0)
    total = float((keys * means).sum())
    wanted = _neyman(keys * spreads, keys, precision * total / SURE)
    wanted = np.maximum(wanted, np.where(keys * means >= 0.01 * total, COMMON, RARE))
    more = np.where(wanted > have, np.minimum(wanted, left), 0)
    more = np.where(have + more >= WHOLE_FROM * keys, left, more)
    if more.sum() > most:
        more *= most / more.sum()
    return [int(n) for n in np.ceil(more)]


def _neyman(weight: Floats, keys: Floats, standard_error: float) -> Floats:
    """Keys of each pattern for this standard error of the total, without replacement."""
    if not weight.any():
        return np.zeros(weight.size)
    variances = weight**2 / np.maximum(keys, 1)
    return np.asarray(weight * weight.sum() / (standard_error**2 + variances.sum()))
