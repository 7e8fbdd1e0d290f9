"""Gives a trace's entries the sizes that the server's own entries have.

A recorder knows what was stored, not what the server makes of it: a hash with one long value takes
several times the bytes of a listpack. So each pattern's sizes are scaled to the mean that the
visit has measured for it.
"""

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from djtune.redis_memory.estimated import Estimates, PatternEstimate
from djtune.redis_memory.trace import Trace

FEWEST = 10
"""Sized keys of a pattern from which its mean is trusted."""
TABLES = "hash tables"
"""The balance's line of what the simulator adds by itself."""


def calibrated(trace: Trace, estimates: Estimates | None) -> Trace:
    """The trace with each pattern's mean size as on the server.

    Patterns that the visit did not find are scaled as the others are on average.
    """
    known = _means(estimates)
    here = _trace_means(trace)
    factors = {p: known[p] / here[p] for p in known.keys() & here.keys() if here[p] > 0}
    if not factors:
        return trace
    common = _common(trace, factors)
    by_pattern = np.array([factors.get(pattern, common) for pattern in trace.patterns])
    size = np.round(trace.size * by_pattern[trace.pattern]).astype(np.int64)
    note = (
        f"sizes of {', '.join(sorted(factors))} are scaled to the server's own (by "
        f"{min(factors.values()):.2f} to {max(factors.values()):.2f})"
    )
    return replace(trace, size=size, notes=[*trace.notes, note])


def _means(estimates: Estimates | None) -> dict[str, float]:
    """Pattern → mean bytes of a key, without its share of the tables."""
    if estimates is None:
        return {}
    tables = sum(
        line.bytes.value
        for line in (estimates.balance.lines if estimates.balance else [])
        if line.label == TABLES
    )
    share = tables / (estimates.keys.value or 1.0)
    return {
        pattern.pattern: _mean(pattern) - share
        for pattern in estimates.patterns
        if pattern.sampled >= min(FEWEST, pattern.keys.value)
    }


def _mean(pattern: PatternEstimate) -> float:
    return pattern.resident.value / (pattern.keys.value or 1.0)


def _trace_means(trace: Trace) -> dict[str, float]:
    """Pattern → mean over its keys of the largest size."""
    largest = _largest(trace)
    pattern = np.zeros(trace.keys, np.int32)
    pattern[trace.key] = trace.pattern
    means = {}
    for number, name in enumerate(trace.patterns):
        sizes = largest[(pattern == number) & (largest > 0)]
        means[name] = float(sizes.mean()) if sizes.size else 0.0
    return means


def _largest(trace: Trace) -> NDArray[np.int64]:
    largest = np.zeros(trace.keys, np.int64)
    np.maximum.at(largest, trace.key, trace.size)
    return largest


def _common(trace: Trace, factors: dict[str, float]) -> float:
    """The factor of the bytes of all known patterns together."""
    before = after = 0.0
    for number, name in enumerate(trace.patterns):
        if name in factors:
            held = float(trace.size[trace.pattern == number].sum())
            before += held
            after += held * factors[name]
    return after / before if before else 1.0
