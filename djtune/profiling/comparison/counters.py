"""Counters of two runs: more, fewer or the same."""

import math

from djtune.model.metrics import Metric
from djtune.profiling.comparison.result import Counter, CounterChange, CounterVerdict
from djtune.profiling.result import RouteResult

ROUNDING = 1e-9
"""Means of the same counts may differ by this much, relatively."""
UNSEEN = -math.log(0.025)
"""What happens in none of n requests happens in less than this/n of them, at 97.5 %."""


def counters_of(route: RouteResult) -> dict[Counter, Metric]:
    """A route's counters, the mean per request of each."""
    return {
        "queries": route.query_mean or route.queries,
        "bytes": route.wire_bytes,
        "gzip": route.gzip_bytes,
        "collections": route.collected,
        "hops": route.hop_mean or Metric(None, reason="the earlier run did not keep it"),
    }


def compare_counters(before: RouteResult, after: RouteResult) -> list[CounterChange]:
    """Judge every counter that either run has."""
    pairs = zip(counters_of(before).items(), counters_of(after).values(), strict=True)
    return [
        compare_counter(name, old, new)
        for (name, old), new in pairs
        if old.value is not None or new.value is not None
    ]


def compare_counter(counter: Counter, before: Metric, after: Metric) -> CounterChange:
    """A change is called where the intervals do not overlap; an exact count is its own interval.

    Two 95 % intervals that leave a gap are far stricter evidence than 5 % (about 0.5 % where both
    are as wide), which suits a table of many counters.
    """
    verdict: CounterVerdict
    old, new = _bounds(counter, before), _bounds(counter, after)
    if old is None or new is None:
        lacking = before if old is None else after
        return CounterChange(counter, before, after, "can't tell", lacking.reason)
    if _rigid(before) and _rigid(after) and abs(new[0] - old[0]) <= _rounding(old[0], new[0]):
        verdict = "same"
    elif new[0] > old[1] + _rounding(old[1], new[0]):
        verdict = "more"
    elif new[1] < old[0] - _rounding(old[0], new[1]):
        verdict = "fewer"
    else:
        verdict = "no difference shown"
    return CounterChange(counter, before, after, verdict)


def _bounds(counter: Counter, metric: Metric) -> tuple[float, float] | None:
    """The metric's interval; ``None`` where it has a figure but no interval, or no figure."""
    if metric.value is None:
        return None
    if metric.low is not None and metric.high is not None:
        return metric.low, metric.high
    if metric.reason:
        return None
    if counter == "collections" and metric.n:
        # Collections come with garbage, not with a request: that the few requests of a run all
        # met as many says little about the next ones.
        return max(0.0, metric.value - UNSEEN / metric.n), metric.value + UNSEEN / metric.n
    return metric.value, metric.value


def _rounding(one: float, other: float) -> float:
    return ROUNDING * max(abs(one), abs(other))


def _rigid(metric: Metric) -> bool:
    """Whether all requests of a step had the same."""
    return metric.low is None or metric.low == metric.high
