"""How a server's entries are spread over the time since their last use."""

import numpy as np
from msgspec import Struct

from djtune.redis_memory.observed import Floats, Ints, Moment

GROWTH = 1.1
"""Each bin of ages is about this much older than the one before."""


class Ages(Struct, frozen=True):
    """Entries by age: seconds since their last use."""

    edges: Floats
    """Bins of ages; n + 1 of them."""
    keys: Floats
    """Keys in each bin."""
    bytes: Floats
    expiring: Floats
    """Keys in each bin that expire in the next second."""
    left: Floats
    """Of the keys that expire, how many have so long to live: in the same bins."""


def age_edges(oldest: float) -> Floats:
    """Bins from 0 to beyond ``oldest`` seconds.

    Idle times are whole seconds: n of them stand for ages around n, so that edges lie between.
    """
    count = int(np.log(max(oldest, 1) + 2) / np.log(GROWTH)) + 2
    steps = np.unique(np.floor(GROWTH ** np.arange(count)))
    return np.concatenate([[0.0], steps - 0.5])


class Rows(Struct, frozen=True):
    """A moment's rows, each with its bins."""

    edges: Floats
    age: Ints
    left: Ints
    """The bin of the time left to live; beyond the last one for keys that stay for ever."""
    keys: Floats
    """That the row stands for."""
    bytes: Floats
    expiring: Floats


def rows(moment: Moment, edges: Floats) -> Rows:
    """Those of the moment whose age is known."""
    known = ~np.isnan(moment.idle)
    ttl, weight = moment.ttl[known], moment.weight[known]
    window = soon(ttl)
    last = edges.size - 2
    left = np.minimum(_bins(edges, np.minimum(ttl, edges[-1])), last)
    return Rows(
        edges,
        age=np.minimum(_bins(edges, moment.idle[known]), last),
        left=np.where(np.isnan(ttl), last + 1, left),
        keys=weight,
        bytes=weight * moment.bytes[known],
        expiring=weight * (ttl <= window) / window,
    )


def aged(rows: Rows, times: Floats | float = 1.0) -> Ages:
    """The rows in bins; each counts ``times``."""
    size = rows.edges.size

    def binned(bins: Ints, amounts: Floats) -> Floats:
        return np.bincount(bins, weights=amounts * times, minlength=size)[: size - 1].astype(float)

    return Ages(
        rows.edges,
        keys=binned(rows.age, rows.keys),
        bytes=binned(rows.age, rows.bytes),
        expiring=binned(rows.age, rows.expiring),
        left=binned(rows.left, rows.keys),
    )


def age_at(ages: Ages, sizes: Floats) -> Floats:
    """The age up to which the youngest entries fill each of ``sizes`` bytes."""
    filled = np.concatenate([[0.0], np.cumsum(ages.bytes)])
    return np.interp(sizes, filled, ages.edges)


def soon(ttl: Floats) -> float:
    """Seconds in which a twentieth of the keys that expire do so: enough of them to count."""
    lives = ttl[~np.isnan(ttl)]
    return max(1.0, float(np.quantile(lives, 0.05))) if lives.size else 1.0


def _bins(edges: Floats, values: Floats) -> Ints:
    return np.searchsorted(edges, values, side="right").astype(np.int64) - 1
