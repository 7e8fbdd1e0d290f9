"""How findings about payloads are called and weighed, the same in all of them."""

from typing import Literal

from djtune.model.metrics import Metric
from djtune.model.routes import path_of
from djtune.payloads.result import EndpointResult
from djtune.reports import format as fmt

HIGH, MEDIUM = 0.10, 0.03
"""Part of its whole from which a saving is of that severity."""


def request_of(endpoint: EndpointResult) -> str:
    """An endpoint as every part of the report names it."""
    return f"{endpoint.method} {path_of(endpoint.route)}"


def severity(share: float) -> Literal["high", "medium", "low"]:
    """How much of its whole a saving is."""
    return "high" if share >= HIGH else "medium" if share >= MEDIUM else "low"


def ratio(metric: Metric) -> str:
    """How many times, with its interval."""
    return fmt.with_interval(metric.value, metric.low, metric.high, fmt.ratio)
