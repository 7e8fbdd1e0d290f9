"""A measured figure with its interval, as budgets and comparisons read it."""

from msgspec import Struct


class Metric(Struct, frozen=True):
    """One figure of one route, in the metric's base unit (seconds, bytes, a count)."""

    value: float | None
    """``None`` where too few requests were made; ``reason`` says so."""
    low: float | None = None
    """Bounds of the 95 % interval; ``None`` for an exact count."""
    high: float | None = None
    n: int = 0
    reason: str = ""
