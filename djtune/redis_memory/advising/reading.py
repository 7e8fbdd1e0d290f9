"""Reads curves: what a size gives, and which size is enough."""

from bisect import bisect_left
from collections.abc import Sequence

from djtune.redis_memory.curves import Curve, CurvePoint

TOLERANCE = 0.05
"""Misses may cost this part more than with all the memory that helps."""
LEAST_POINTS = 0.005
"""A difference of miss ratios that does not matter, whatever its part."""


def at(curve: Curve, size: float) -> CurvePoint | None:
    """The curve at ``size`` bytes, between its points in a straight line.

    Beyond its last point it stays as it is there; below its first it is unknown.
    """
    points = sorted(curve.points, key=lambda point: point.bytes)
    if not points or size < points[0].bytes:
        return None
    if size >= points[-1].bytes:
        last = points[-1]
        return CurvePoint(size, last.miss_ratio, last.low, last.high, last.lost_seconds_per_hour)
    right = bisect_left([point.bytes for point in points], size)
    if points[right].bytes == size:
        return points[right]
    return _between(points[right - 1], points[right], size)


def _between(left: CurvePoint, right: CurvePoint, size: float) -> CurvePoint:
    part = (size - left.bytes) / (right.bytes - left.bytes)
    lost = None
    if left.lost_seconds_per_hour is not None and right.lost_seconds_per_hour is not None:
        lost = _mix(left.lost_seconds_per_hour, right.lost_seconds_per_hour, part)
    return CurvePoint(
        size,
        _mix(left.miss_ratio, right.miss_ratio, part),
        _mix(left.low, right.low, part),
        _mix(left.high, right.high, part),
        lost,
    )


def _mix(left: float, right: float, part: float) -> float:
    return left + part * (right - left)


def best(curves: Sequence[Curve]) -> Curve | None:
    """The curve whose misses get cheap in the least memory; ``None`` where none has points."""
    sized = [(size, place) for place, c in enumerate(curves) if (size := smallest(c, curves))]
    return curves[min(sized)[1]] if sized else None


def enough(curves: Sequence[Curve]) -> tuple[float, bool] | None:
    """What misses may cost at most: (limit, whether in seconds an hour; else a miss ratio).

    The least that any of the curves reaches, and :data:`TOLERANCE` more.
    """
    points = [point for curve in curves for point in curve.points]
    if not points:
        return None
    costs = [p.lost_seconds_per_hour for p in points if p.lost_seconds_per_hour is not None]
    if len(costs) == len(points) and max(costs) > 0:
        return (1 + TOLERANCE) * min(costs), True
    least = min(point.miss_ratio for point in points)
    return max((1 + TOLERANCE) * least, least + LEAST_POINTS), False


def smallest(curve: Curve, among: Sequence[Curve]) -> float | None:
    """The least bytes at which the curve's misses are as cheap as is :func:`enough` of ``among``.

    ``None`` where they never are.
    """
    limit = enough(among)
    if limit is None:
        return None
    most, seconds = limit
    points = sorted(curve.points, key=lambda point: point.bytes)
    for before, point in zip([None, *points], points, strict=False):
        cost = _cost(point, seconds)
        if cost <= most:
            return point.bytes if before is None else _crossing(before, point, most, seconds)
    return None


def _cost(point: CurvePoint, seconds: bool) -> float:
    lost = point.lost_seconds_per_hour
    return lost if seconds and lost is not None else point.miss_ratio


def _crossing(before: CurvePoint, point: CurvePoint, most: float, seconds: bool) -> float:
    """Where the line between two points falls to ``most``."""
    high, low = _cost(before, seconds), _cost(point, seconds)
    part = (high - most) / (high - low)
    return _mix(before.bytes, point.bytes, part)
