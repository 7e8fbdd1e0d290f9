"""Traces for the simulator's tests."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE, Trace

SECOND = 1_000_000
Row = tuple[float, int, int, int, float]
"""Second, operation, key, size, seconds to live."""


def trace_of(rows: list[Row], **fields: Any) -> Trace:
    """A trace of one pattern, with nothing known of its costs."""
    time, op, key, size, ttl = np.array(rows, float).reshape(-1, 5).T
    fields.setdefault("cost", np.full(len(rows), np.nan))
    fields.setdefault("pattern", np.zeros(len(rows), np.int32))
    return Trace(
        time=(time * SECOND).astype(np.int64),
        op=op.astype(np.uint8),
        key=key.astype(np.int64),
        size=size.astype(np.int64),
        ttl=(ttl * SECOND).astype(np.int64),
        patterns=fields.pop("patterns", ["*"]),
        keys=int(key.max(initial=0)) + 1,
        **fields,
    )


def popular(
    requests: int, keys: int, *, per_second: float = 100, ttl: float = 0, seed: int = 0
) -> Trace:
    """Reads whose keys are drawn by Zipf's law; sizes spread widely."""
    rng = np.random.default_rng(seed)
    weights = rng.permutation(np.arange(1, keys + 1) ** -0.9)
    drawn = rng.choice(keys, requests, p=weights / weights.sum())
    sizes = 80 + rng.lognormal(6, 1, keys).astype(int)
    time = np.arange(requests) / per_second
    rows = np.column_stack(
        (time, np.full(requests, READ), drawn, sizes[drawn], np.full(requests, ttl))
    )
    trace = trace_of(rows.tolist())
    trace.keys = keys
    return trace


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """A short trace of anything that can happen."""
    row = st.tuples(
        st.floats(0, 30),
        st.sampled_from([READ, READ, READ, WRITE, WRITE, DELETE, EXPIRE]),
        st.integers(0, 40),
        st.integers(0, 300),
        st.sampled_from([0, 0, 0.5, 5, 500]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=300))
    now, timed = 0.0, []
    for wait, *rest in rows:
        now += wait
        timed.append((now, *rest))
    return trace_of(timed, rate=draw(st.sampled_from([1.0, 0.3])))
