"""From requests to the figures that budgets are held against: pure functions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

from djtune.experiments.intervals import mean_interval
from djtune.experiments.quantiles import quantile_interval
from djtune.model.budget import Kind
from djtune.model.metrics import Metric
from djtune.pytest_plugin.requests import Request

METRICS: dict[str, Kind] = {
    "queries": "count",
    "bytes": "bytes",
    "gzip": "bytes",
    "cache_calls": "count",
    "cache_misses": "count",
    "collections": "count",
    "mean": "time",
    "p50": "time",
    "p95": "time",
    "p99": "time",
}
BATCHES = 5
"""Requests of one process are cut into as many batches in order, whose means stand for trials."""
NOT_READ = "the test did not read the streamed body"

COUNTERS: dict[str, Callable[[Request], float | None]] = {
    "queries": lambda request: sum(request.queries.values()),
    "bytes": lambda request: request.bytes,
    "gzip": lambda request: request.gzip,
    "cache_calls": lambda request: request.cache_calls,
    "cache_misses": lambda request: request.cache_misses,
    "collections": lambda request: request.collections,
}


def by_route(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """The requests of each ``METHOD ROUTE``, in order."""
    routes: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        routes[f"{request.method} {request.route}"].append(request)
    return dict(routes)


def metrics(requests: Iterable[Request]) -> dict[str, dict[str, Metric]]:
    """The figures of each route, as :func:`djtune.model.budget.judge` takes them."""
    return {route: _figures(made) for route, made in by_route(requests).items()}


def worst(requests: Sequence[Request], metric: str) -> Request:
    """The request with the largest counter."""
    return max(requests, key=lambda request: COUNTERS[metric](request) or 0)


def _figures(requests: Sequence[Request]) -> dict[str, Metric]:
    figures = {name: _counter(requests, of) for name, of in COUNTERS.items()}
    # A route's first request may import and compile: it is no sample of the others.
    seconds = [request.seconds for request in requests[1:]]
    figures["mean"] = _mean(seconds)
    for name, q in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        figures[name] = quantile_interval(_batches(seconds), q)
    return figures


def _counter(requests: Sequence[Request], of: Callable[[Request], float | None]) -> Metric:
    """An exact counter: the limit holds for every request, so the worst one is judged."""
    values = [of(request) for request in requests]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Metric(None, n=len(known), reason=NOT_READ)
    return Metric(max(known), n=len(known))


def _mean(seconds: Sequence[float]) -> Metric:
    if len(seconds) < 2 * BATCHES:
        return Metric(None, n=len(seconds), reason=f"n={len(seconds)} < {2 * BATCHES}")
    return mean_interval([fmean(batch) for batch in _batches(seconds)], at_least=0.0).metric()


def _batches(seconds: Sequence[float]) -> list[Sequence[float]]:
    """Batches in order, as even as can be (batch means: Law, Simulation Modeling, 9.5.3)."""
    size = math.ceil(len(seconds) / BATCHES) or 1
    return [seconds[start : start + size] for start in range(0, len(seconds), size)]
