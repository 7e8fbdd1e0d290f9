"""A trace's sizes are made those of the server that was visited."""

import numpy as np
import pytest

from djtune.redis_memory.calibrating import calibrated
from djtune.redis_memory.estimated import Amount, Estimates, PatternEstimate, Spread
from djtune.redis_memory.trace import READ, Trace


def made(*sizes: tuple[str, int]) -> Trace:
    """One read each, of a key of its own."""
    patterns = sorted({name for name, _ in sizes})
    n = len(sizes)
    return Trace(
        time=np.arange(n, dtype=np.int64),
        op=np.full(n, READ, np.uint8),
        key=np.arange(n, dtype=np.int64),
        size=np.array([size for _, size in sizes], np.int64),
        ttl=np.zeros(n, np.int64),
        cost=np.full(n, np.nan),
        pattern=np.array([patterns.index(name) for name, _ in sizes], np.int32),
        patterns=patterns,
        keys=n,
    )


def seen(sampled: int = 100, **means: float) -> Estimates:
    none = Amount(0.0, 0.0, 0.0)
    keys = Amount(1000.0, 1000.0, 1000.0)
    spread = Spread(sampled)
    patterns = [
        PatternEstimate(
            f"{name}:*",
            "cache",
            keys,
            none,
            Amount(1000 * mean, 0.0, 0.0),
            none,
            sampled,
            spread,
            spread,
            spread,
            none,
        )
        for name, mean in means.items()
    ]
    return Estimates(patterns, keys, none, none, None)


def test_a_patterns_mean_becomes_the_servers() -> None:
    trace = calibrated(made(("a:*", 100), ("a:*", 300)), seen(a=400.0))
    assert trace.size.tolist() == [200, 600]
    assert "a:*" in trace.notes[0]


def test_what_the_visit_did_not_find_is_scaled_as_the_rest() -> None:
    trace = calibrated(made(("a:*", 100), ("b:*", 50)), seen(a=300.0))
    assert trace.size.tolist() == [300, 150]


def test_what_is_never_stored_stays_so() -> None:
    trace = calibrated(made(("a:*", 0), ("a:*", 100)), seen(a=200.0))
    assert trace.size.tolist() == [0, 200]


@pytest.mark.parametrize("estimates", [None, seen(c=5.0), seen(sampled=3, a=400.0)])
def test_without_a_common_pattern_nothing_changes(estimates: Estimates | None) -> None:
    trace = made(("a:*", 100))
    assert calibrated(trace, estimates) is trace
