"""Replays a trace over sizes and rules, and says what the trace was."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from djtune.redis_memory.curves import Curve, Ideal, Policy, Rules
from djtune.redis_memory.facts import ServerFacts
from djtune.redis_memory.named import address_of
from djtune.redis_memory.result import TraceSummary
from djtune.redis_memory.simulating.curve import curve
from djtune.redis_memory.simulating.grid import grid
from djtune.redis_memory.simulating.ideal import ideal
from djtune.redis_memory.simulating.ladder import ladder
from djtune.redis_memory.trace import READ, Trace, recorded_seconds
from djtune.redis_memory.tracing.files import read_trace_file
from djtune.redis_memory.tracing.recordings import ENDING, read_cache_recording, servers_in

STEPS = 16
MORE_SAMPLES = 10
DECAYS = (0, 5, 60)
"""Minutes of ``lfu-decay-time`` that are tried beside the default, 1."""
LRM = (8, 6)
"""Redis has ``allkeys-lrm`` from this version on; Valkey has not."""


LEAST_SECONDS, LEAST_OPERATIONS = 60.0, 5000
"""What a trace has to have before anything is decided by it."""


def decides(trace: TraceSummary) -> bool:
    """Whether the trace is long enough to choose a policy and a size by."""
    return trace.seconds >= LEAST_SECONDS and trace.operations >= LEAST_OPERATIONS


class Replayed(Struct):
    """What a trace came to."""

    summary: TraceSummary
    curves: list[Curve]
    ideal: Ideal


def read(path: Path, urls: Sequence[str] = ()) -> Trace:
    """The trace in a recording's folder, or in a file; of several servers one of ``urls``.

    Raises :class:`DjtuneError` where there is none that can be read.
    """
    if not (path.is_dir() or path.name.endswith(ENDING)):
        return read_trace_file(path)
    recorded = [each.address for each in servers_in(path)]
    visited = {address_of(url) for url in urls}
    known = [each for each in recorded if address_of(each) in visited]
    return read_cache_recording(path, server=(known or recorded)[0])


def candidates(current: Rules | None, *, volatile: bool, lrm: bool = False) -> list[Rules]:
    """The rules that are worth a replay: what is set now first.

    ``volatile``: some keys must not go, so that only keys with a TTL may. ``lrm``: the server
    knows how to evict what was least recently modified.
    """
    start: str = "volatile" if volatile else "allkeys"

    def named(ending: str) -> Policy:
        return f"{start}-{ending}"  # type: ignore[return-value]

    rules = [
        Rules(named("lru")),
        Rules(named("lru"), samples=MORE_SAMPLES),
        Rules(named("lfu")),
        *(Rules(named("lfu"), decay_minutes=minutes) for minutes in DECAYS),
        Rules(named("random")),
    ]
    if volatile:
        rules.append(Rules("volatile-ttl"))
    if lrm:
        rules.append(Rules(named("lrm")))
    if current is not None and current.policy != "noeviction":
        rules.insert(0, current)
    return list(dict.fromkeys(rules))


def knows_lrm(facts: ServerFacts) -> bool:
    """Whether all nodes can evict what was least recently modified."""
    return all(
        node.product == "Redis" and tuple(map(int, re.findall(r"\d+", node.version)[:2])) >= LRM
        for node in facts.nodes
    )


def replay(trace: Trace, rules: list[Rules], advance: Callable[[], None]) -> Replayed:
    """The curve of each of ``rules``; ``advance`` is called after each replay."""
    sizes = ladder(trace, STEPS)
    outcomes = grid(trace, sizes, rules, advance)
    curves = [curve(trace, outcomes, each) for each in rules]
    return Replayed(summary(trace), curves, ideal(trace, sizes))


def replays(rules: list[Rules]) -> int:
    """How many replays that takes."""
    return STEPS * len(rules)


def summary(trace: Trace) -> TraceSummary:
    """What the trace held."""
    reads = trace.op == READ
    known = np.isfinite(trace.cost[reads])
    return TraceSummary(
        source=trace.source,
        seconds=recorded_seconds(trace),
        operations=int((trace.time >= trace.warmed).sum()),
        keys=trace.keys,
        rate=trace.rate,
        reads=trace.reads,
        hit_ratio=trace.hits / trace.reads if trace.hits else None,
        with_cost=float(known.mean()) if known.size else 0.0,
        notes=trace.notes,
    )
