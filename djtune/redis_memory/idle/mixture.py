"""Rates of use, from ages: each key is asked for at random, at a rate of its own.

The age of a key that is used r times a second falls off as exp(−r · age), so that the ages of many
keys are a mixture of such laws. Which mixture is most likely is found without assuming a shape of
it (Jewell 1982): smooth, never rising with age, and without a bandwidth to choose.
"""

import numpy as np
from msgspec import Struct

from djtune.redis_memory.idle.ages import Ages
from djtune.redis_memory.observed import Floats

FASTEST = 4.0
"""Uses a second; hotter keys are always there."""
STEPS = 400


class Mixture(Struct, frozen=True):
    """How many keys are used at which rate."""

    rates: Floats
    """Uses a second."""
    keys: Floats
    """Keys at each rate."""

    def density(self, ages: Floats) -> Floats:
        """Keys a second that grow older than each of ``ages``."""
        return np.exp(-np.outer(ages, self.rates)) @ (self.keys * self.rates)

    def within(self, edges: Floats) -> Floats:
        """Keys of each bin (row) and rate (column)."""
        return _shares(edges, self.rates) * self.keys


def mixture(ages: Ages, since: float = 0.0, start: Mixture | None = None) -> Mixture:
    """The most likely one for the bins from ``since`` seconds on, by expectation maximization.

    ``start``: one that is close to it, so that a tenth of the steps will do.
    """
    first = int(np.searchsorted(ages.edges[:-1], since))
    edges, counts = ages.edges[first:], ages.keys[first:]
    rates = start.rates if start else _rates(ages.edges[-1])
    keys = start.keys if start else np.full(rates.size, counts.sum() / rates.size)
    keys = np.maximum(keys, counts.sum() * 1e-6)
    shares = _shares(edges, rates)
    seen = np.maximum(shares.sum(axis=0), 1e-12)
    for _ in range(STEPS // 10 if start else STEPS):
        keys = keys * (shares.T @ (counts / np.maximum(shares @ keys, 1e-12))) / seen
    return Mixture(rates, keys)


def _rates(oldest: float) -> Floats:
    return np.geomspace(0.2 / oldest, FASTEST, 40)


def _shares(edges: Floats, rates: Floats) -> Floats:
    """Share of the keys of each rate (column) whose age is in each bin (row)."""
    older = np.exp(-np.outer(edges, rates))
    return older[:-1] - older[1:]
