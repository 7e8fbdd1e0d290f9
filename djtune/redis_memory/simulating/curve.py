"""The miss ratio over sizes, and how wrong the sampling of keys may have made it."""

import numpy as np
from numpy.typing import NDArray

from djtune.redis_memory.curves import Curve, CurvePoint, Outcome, Rules
from djtune.redis_memory.simulating.kernel import GROUPS
from djtune.redis_memory.trace import READ, Trace, recorded_seconds

Array = NDArray[np.float64]
QUANTILE = 2.093
"""Student's t of 19 degrees of freedom, 97.5 %."""
MODEL = 0.005
"""Miss ratio by which the rules as modelled may differ from a real server
(``benchmarks/redis_eviction.py``)."""
FEW_KEYS = 1000


def curve(trace: Trace, outcomes: list[Outcome], rules: Rules) -> Curve:
    """The points of those ``outcomes`` that were replayed under ``rules``, the smallest first.

    The band joins the error of sampling keys with the model's own.
    """
    mine = sorted((each for each in outcomes if each.rules == rules), key=lambda one: one.maxmemory)
    hours = recorded_seconds(trace) / 3600
    points = [
        CurvePoint(
            bytes=float(outcome.maxmemory),
            miss_ratio=1 - outcome.hit_ratio,
            low=max(1 - outcome.hit_ratio - error, 0.0),
            high=min(1 - outcome.hit_ratio + error, 1.0),
            lost_seconds_per_hour=outcome.lost_seconds / hours if hours else None,
        )
        for outcome, error in zip(mine, _errors(trace, mine), strict=True)
    ]
    return Curve("trace", rules, points, int((trace.op == READ).sum()), _caveats(trace))


def _errors(trace: Trace, outcomes: list[Outcome]) -> list[float]:
    """Half the width of each point's band."""
    sampling = QUANTILE * sampling_errors(trace, outcomes)
    return [float(error) for error in np.hypot(sampling, MODEL)]


def sampling_errors(trace: Trace, outcomes: list[Outcome]) -> Array:
    """Standard errors of the miss ratios for having seen a share of the keys alone.

    Keys are dealt to groups by lot, as they were to the sample. A group tells by how much its
    misses, and its bytes, are off the others' average; too many bytes are as good as less memory,
    which the curve's slope turns into misses.
    """
    if not outcomes or trace.rate >= 1:
        return np.zeros(len(outcomes))
    groups = np.array([outcome.by_group for outcome in outcomes], float)
    misses = groups[:, :, 0] / max(trace.reads * trace.rate or outcomes[0].reads, 1)
    shares = groups[:, :, 1] / np.maximum(groups[:, :, 1].sum(1, keepdims=True), 1)
    parts = misses - _slopes(outcomes)[:, None] * shares
    variance = GROUPS * parts.var(1, ddof=1) * (1 - trace.rate)
    return np.asarray(np.sqrt(variance))


def _slopes(outcomes: list[Outcome]) -> Array:
    """Change of the miss ratio with the logarithm of the size."""
    if len(outcomes) < 2:
        return np.zeros(len(outcomes))
    ratios = [1 - outcome.hit_ratio for outcome in outcomes]
    return np.gradient(ratios, np.log([outcome.maxmemory for outcome in outcomes]))


def _caveats(trace: Trace) -> list[str]:
    if trace.keys < FEW_KEYS:
        return [f"only {trace.keys} keys were recorded: the curve is rough"]
    return []
