"""Axes: round ticks, and where a value lies between them."""

import math
from typing import TypeVar

from msgspec import Struct

from djtune.reports.blocks import Chart

Point = TypeVar("Point", bound=tuple[float, ...])


class Axis(Struct, frozen=True):
    """One axis of a chart, from ``low`` to ``high``, both of them inside what is drawn."""

    low: float
    high: float
    ticks: list[float]
    log: bool = False

    def position(self, value: float) -> float:
        """Where ``value`` lies on the axis: 0 at ``low``, 1 at ``high``."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def axes(chart: Chart) -> tuple[Axis, Axis] | None:
    """The x and y axes that hold every point and band; ``None`` where nothing can be drawn.

    The y axis starts at zero, so that heights compare as the values do, unless there are
    negative values. On a logarithmic x axis, points at or below zero are left out.
    """
    points = [point for series in chart.series for point in drawable(series.points, chart.log_x)]
    if not points:
        return None
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    for series in chart.series:
        for x, low, high in drawable(series.band, chart.log_x):
            xs.append(x)
            ys += [low, high]
    return axis(min(xs), max(xs), log=chart.log_x), axis(min(0.0, *ys), max(0.0, *ys), rounded=True)


def drawable(points: list[Point], log_x: bool) -> list[Point]:
    """The points that have a place on the axes."""
    return [p for p in points if all(map(math.isfinite, p)) and (p[0] > 0 or not log_x)]


def axis(
    low: float, high: float, *, log: bool = False, rounded: bool = False, count: int = 5
) -> Axis:
    """An axis over ``low`` … ``high`` with about ``count`` ticks at 1, 2 or 5 times ten to the n.

    ``rounded`` widens it to whole steps. An empty range is widened, so that it can be drawn.
    """
    if low == high:
        low, high = (
            (low / 2, high * 2) if log else (low - abs(low or 1) / 2, high + abs(high or 1) / 2)
        )
    if log:
        return Axis(low, high, _log_ticks(low, high, count), log=True)
    step = _step((high - low) / count)
    if rounded:
        low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Axis(low, high, [i * step for i in range(first, last + 1)])


def _step(rough: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for multiples in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**p for p in powers for m in multiples]
        ticks = [t for t in ticks if low * 0.999 <= t <= high * 1.001]
        if len(ticks) <= count + 1:
            return ticks
    return ticks[:: math.ceil(len(ticks) / count)]
