"""What a cache of a certain age loses a second, and so has to fetch again."""

import numpy as np

from djtune.redis_memory.idle.ages import Ages
from djtune.redis_memory.idle.mixture import Mixture
from djtune.redis_memory.observed import Floats


def lost(ages: Ages, fit: Mixture, upto: Floats, again: Floats) -> Floats:
    """Keys a second that leave a cache which keeps what is younger than each of ``upto``.

    They grow too old, or expire before: ``again`` (from :func:`expire_again`) of what expires in
    the server.
    """
    by_rate = fit.within(ages.edges)
    by_rate /= np.maximum(by_rate.sum(axis=1, keepdims=True), 1e-300)
    younger = np.clip((upto[:, None] - ages.edges[:-1]) / np.diff(ages.edges), 0.0, 1.0)
    expiring = (again * by_rate).sum(axis=2) * ages.expiring * younger
    leaving: Floats = fit.density(upto) + expiring.sum(axis=1)
    return leaving


def expire_again(ages: Ages, rates: Floats, upto: Floats) -> Floats:
    """Of the keys that expire in the server while younger than each of ``upto``, the share that
    a cache of that age loses by it: for each of ``upto``, bin of age, and rate of use.

    What would be asked for only when it had grown too old is lost either way. The rest expires in
    the cache too unless there was a pause longer than ``upto`` on the way: then it was fetched
    again, with a new time to live.
    """
    middles = (ages.edges[:-1] + ages.edges[1:]) / 2
    shares = np.empty((upto.size, middles.size, rates.size))
    for n, age in enumerate(upto.tolist()):
        unasked = np.exp(-np.outer(np.maximum(age - middles, 0.0), rates))
        shares[n] = unasked + (1 - unasked) * (1 - _paused(ages, middles, rates, age))
    return shares


def _paused(ages: Ages, middles: Floats, rates: Floats, pause: float) -> Floats:
    """Of the keys that expire at an age (row), used at a rate (column): the share with a longer
    ``pause`` between being stored and their last use.

    Once a key of rate r is ``pause`` seconds old, that comes at the rate
    h = r / (exp(r·pause) − 1 − r·pause), which gives the known mean time to the first such pause.
    How long keys live is told by what they have left: those that live longer than x are as many
    of the expiring ones as keys have x left, beside those that have nothing left.
    """
    flux = ages.expiring.sum()
    if not flux:
        return np.zeros((middles.size, rates.size))
    pressure = np.minimum(rates * pause, 500.0)
    hazard = rates / np.maximum(np.expm1(pressure) - pressure, 1e-12)
    beyond = middles - pause - middles[:, None]
    waits = np.exp(-np.maximum(beyond, 0.0)[:, :, None] * hazard) * (beyond > 0)[:, :, None]
    paused: Floats = np.einsum("irk,r->ik", waits, ages.left) * hazard / flux
    return np.clip(paused, 0.0, 1.0)
