"""The miss ratio at every memory size, from idle times alone.

What was used within the last T seconds is what a least-recently-used cache of just that size would
hold (the working set, Denning & Schwartz 1972), and what it loses a second, by growing older than
T or by expiring, it has to fetch again: its misses.
"""

from itertools import pairwise

import numpy as np
from msgspec import Struct

from djtune.redis_memory.curves import Curve, CurvePoint
from djtune.redis_memory.idle.ages import Ages, Rows, age_at, age_edges, aged, rows
from djtune.redis_memory.idle.flows import Flow, flow
from djtune.redis_memory.idle.limits import batch_pass, caveats, refusal
from djtune.redis_memory.idle.losses import expire_again, lost
from djtune.redis_memory.idle.mixture import Mixture, mixture
from djtune.redis_memory.observed import Floats, Moment, ServerFacts

SHARES = (0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0)
"""Sizes of the curve, of the data; below the first, ages are too few and too close to the second
in which the server counts them."""
REPLICATES = 200
SAMPLED_LRU = 0.005
"""Redis evicts the oldest of a few keys, not the oldest: this much of the miss ratio beside exact
least-recently-used, at most (docs/methods/idle-curve.md)."""

EXPIRED_STAY = 0.1
"""Of the keys that expire, at most so many more than are alive have expired and take memory still:
what the server's collector leaves at its default effort."""
SETTLED = 1.5
"""A later moment tells of ages from so many times the time since the keys were chosen: of younger
ones, those that came since are missing."""


class View(Struct, frozen=True):
    """One moment, and what was made of it."""

    moment: Moment
    rows: Rows
    ages: Ages
    since: float
    """Seconds since the keys were chosen."""
    fit: Mixture


def curve_from_idle(
    moments: list[Moment], facts: ServerFacts, share_seen: float = 1.0, *, seed: int = 0
) -> Curve:
    """Miss ratios of a least-recently-used cache, with their 95 % band.

    ``share_seen``: share of the data that the moments' weights stand for. Sizes are in the
    moments' own bytes. Where the moments cannot tell, the curve has no points, and says why.
    """
    n = int((~np.isnan(moments[0].idle)).sum()) if moments else 0
    curve = Curve(source="idle times", rules=None, points=[], n=n)
    why = refusal(moments, facts)
    came = None if why else flow(moments[0], moments[-1])
    if came is None:
        curve.caveats = [why or "the server's counters were set back meanwhile"]
        return curve
    views = _views(moments)
    if batch := batch_pass(views[0].ages, views[0].fit, came.accesses):
        curve.caveats = [batch]
        return curve
    curve.points = _points(views, came, share_seen, np.random.default_rng(seed))
    curve.caveats = caveats(moments, facts, came)
    return curve


def _views(moments: list[Moment]) -> list[View]:
    edges = age_edges(max(float(np.nanmax(moment.idle)) for moment in moments))
    views = []
    for moment in moments:
        there, since = rows(moment, edges), moment.time - moments[0].time
        ages = aged(there)
        views.append(View(moment, there, ages, since, mixture(ages, since)))
    return views


def _points(
    views: list[View], came: Flow, share_seen: float, rng: np.random.Generator
) -> list[CurvePoint]:
    sizes = np.array(SHARES) * views[0].ages.bytes.sum()
    ages = age_at(views[0].ages, sizes)
    again = expire_again(views[0].ages, views[0].fit.rates, ages)
    leaving = [_leaving(view.ages, view.fit, ages, view.since, again) for view in views]
    middle = _ratio(np.nanmean(leaving, axis=0), came)
    low, high = _band(views, sizes, again, came, rng)
    slack = SAMPLED_LRU * (ages < ages[-1])
    low = np.maximum(np.minimum(low, middle) - slack, 0.0)
    high = np.minimum(np.maximum(high, middle) + slack, 1.0)
    rows = np.column_stack([sizes / share_seen, middle, low, high])
    return [CurvePoint(*row) for row in rows.tolist()]


def _band(
    views: list[View], sizes: Floats, again: Floats, came: Flow, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Over other samples of keys (Poisson bootstrap), moments, and intervals of requests."""
    pairs = pairwise(view.moment for view in views)
    flows = [between for pair in pairs if (between := flow(*pair))] or [came]
    ratios = []
    for _ in range(REPLICATES):
        view = views[rng.integers(len(views))]
        drawn = aged(view.rows, rng.poisson(1.0, view.rows.age.size).astype(float))
        expired = 1 + rng.uniform(0, EXPIRED_STAY) * drawn.left.sum() / drawn.keys.sum()
        # A second either way is what the server's own clock leaves open.
        ages = age_at(drawn, sizes / sizes[-1] * drawn.bytes.sum() / expired) + rng.uniform(-1, 1)
        fit = mixture(drawn, view.since, view.fit)
        leaving = _leaving(drawn, fit, np.maximum(ages, 0.0), view.since, again)
        ratios.append(_ratio(leaving, flows[rng.integers(len(flows))]))
    low, high = np.nanquantile(np.array(ratios), [0.025, 0.975], axis=0)
    return low, high


def _leaving(ages: Ages, fit: Mixture, upto: Floats, since: float, again: Floats) -> Floats:
    """Keys a second; ``nan`` where keys would count that came after these were chosen."""
    return np.where(upto >= SETTLED * since, lost(ages, fit, upto, again), np.nan)


def _ratio(leaving: Floats, came: Flow) -> Floats:
    """Miss ratios of caches that so many keys a second leave; the last one keeps all there is, and
    none misses more than a smaller one."""
    ratio = (leaving + came.unfilled) / came.accesses
    ratio[-1] = came.miss_ratio
    return np.clip(np.fmin.accumulate(ratio), came.miss_ratio, 1.0)
