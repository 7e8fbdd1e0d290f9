"""What Redis will need for other numbers of users, and what more memory saves the database."""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.redis_memory.curves import Curve, CurvePoint
from djtune.redis_memory.estimated import Amount, PatternEstimate

MONTHS = (0, 3, 6, 12, 24)
FOLLOWS = 0.1
"""A pattern with at least this many keys for each user is taken to grow with them."""
USABLE = 0.75
"""Of an instance's memory: the rest is for fragmentation and copy-on-write, as AWS reserves it."""
STEP = 100e6
"""Bytes of each step of :func:`queries_saved`."""
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9}
_COUNT = r"(\d+(?:[.,]\d+)?)\s*([kKmMgGbB]?)"
_USERS = re.compile(rf"^{_COUNT}(?:\s*\.\.\s*{_COUNT})?$")
_GROWTH = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*%\s*/\s*(week|month|quarter|year)$")
_MONTHS = {"week": 12 / 52.1775, "month": 1.0, "quarter": 3.0, "year": 12.0}


class Users(Struct, frozen=True):
    """How many there are, and how many are planned for."""

    now: float | None
    """``None``: not said."""
    then: float


class PlanPoint(Struct, frozen=True):
    """What is needed at one time."""

    months: float | None
    """From the number of users that is planned for; ``None``: now."""
    users: float
    bytes: Amount
    instances: int | None


class Saved(Struct, frozen=True):
    """What one step up in memory saves."""

    bytes: float
    """Memory after the step."""
    seconds_per_hour: float
    """Of recomputing."""
    queries_per_second: float


class Plan(Struct):
    """The whole plan. All of it is an estimate."""

    users_now: float
    growth: float | None
    """Part by which users grow a month."""
    points: list[PlanPoint]
    growing: list[str]
    """Patterns that grow with the users."""
    steady: list[str]
    """Patterns that do not."""
    instance: float | None
    """Bytes of one instance; :data:`USABLE` of them for data."""
    saved: list[Saved] = field(default_factory=list)
    saved_missing: str = ""
    """Why there is no ``saved``."""


def parse_users(text: str) -> Users:
    """``2M``, ``250k``, ``1.5M``; ``1M..2M`` says how many there are now, too."""
    match = _USERS.match(text.strip())
    if match is None:
        raise DjtuneError(
            f"--users {text} is no number of users", hint="as in --users 2M, or --users 1M..2M"
        )
    first = _number(match[1], match[2])
    users = Users(first, _number(match[3], match[4])) if match[3] else Users(None, first)
    if not users.then or users.now == 0:
        raise DjtuneError(f"--users {text}: there must be some", hint="as in --users 2M")
    return users


def parse_growth(text: str) -> float:
    """``5%/month``, ``60%/year`` as the part by which something grows each month, compounded."""
    match = _GROWTH.match(text.strip().lower())
    percent = float(match[1].replace(",", ".")) if match else -100.0
    if match is None or percent <= -100:
        raise DjtuneError(
            f"--growth {text} is no growth",
            hint="as in --growth 5%/month; week, quarter and year are known too",
        )
    monthly: float = (1 + percent / 100) ** (1 / _MONTHS[match[2]]) - 1
    return monthly


def _number(digits: str, suffix: str) -> float:
    return float(digits.replace(",", ".")) * _FACTORS[suffix.lower()]


def make_plan(
    patterns: Sequence[PatternEstimate],
    users: Users,
    growth: float | None = None,
    instance: float | None = None,
    months: Sequence[int] = MONTHS,
) -> Plan:
    """Bytes for ``users``, and for what becomes of them.

    A pattern grows with the users if it has :data:`FOLLOWS` keys for each; the others stay. Where
    nobody said how many users there are now, sessions are counted. Raises :class:`DjtuneError`
    where there are none.
    """
    now = users.now or _counted(patterns)
    growing = [each for each in patterns if each.keys.value >= FOLLOWS * now]
    steady = [each for each in patterns if each.keys.value < FOLLOWS * now]

    def point(month: float | None, number: float) -> PlanPoint:
        held = _sum(growing, number / now, steady)
        count = None if instance is None else math.ceil(held.high / (USABLE * instance))
        return PlanPoint(month, number, held, count)

    later = months if growth is not None else months[:1]
    return Plan(
        users_now=now,
        growth=growth,
        points=[
            point(None, now),
            *(point(month, users.then * (1 + (growth or 0.0)) ** month) for month in later),
        ],
        growing=[each.pattern for each in growing],
        steady=[each.pattern for each in steady],
        instance=instance,
    )


def _counted(patterns: Sequence[PatternEstimate]) -> float:
    sessions = max((p.keys.value for p in patterns if p.kind == "session"), default=0.0)
    if not sessions:
        raise DjtuneError(
            "nothing tells how many users there are now", hint="say it: --users 1M..2M"
        )
    return sessions


def _sum(
    growing: Sequence[PatternEstimate], times: float, steady: Sequence[PatternEstimate]
) -> Amount:
    """All patterns together; the bounds are added too, which makes them wider than they need be."""
    parts = [*((each.resident, times) for each in growing), *((s.resident, 1.0) for s in steady)]
    return Amount(
        sum(part.value * factor for part, factor in parts),
        sum(part.low * factor for part, factor in parts),
        sum(part.high * factor for part, factor in parts),
    )


class _Figure(Struct):
    value: float | None = None


class _Route(Struct):
    weight: float
    mean: _Figure
    queries: _Figure


class _Profile(Struct):
    routes: list[_Route]


def queries_per_server_second(profile: bytes) -> float:
    """Database queries for each second of server time, from ``djtune profile --format json``.

    Raises :class:`DjtuneError` where that is no such result.
    """
    try:
        routes = msgspec.json.decode(profile, type=_Profile).routes
    except msgspec.MsgspecError as error:
        raise DjtuneError(
            "that is no result of djtune profile",
            hint="djtune profile --format json --output profile.json",
        ) from error
    seconds = sum(route.weight * (route.mean.value or 0.0) for route in routes)
    if not seconds:
        raise DjtuneError("no route was measured in that profile")
    return sum(route.weight * (route.queries.value or 0.0) for route in routes) / seconds


def queries_saved(
    curve: Curve, queries_per_second: float, step: float = STEP
) -> tuple[list[Saved], str]:
    """What each ``step`` of memory saves; or nothing, and why.

    A miss is recomputed by the app's own code, of which a second makes ``queries_per_second``
    queries (:func:`queries_per_server_second`): an estimate, as views that fill the cache may ask
    for more or less than the average.
    """
    points = [point for point in curve.points if point.lost_seconds_per_hour is not None]
    if len(points) < 2:
        return [], "what a miss costs is not known: a recording through djtune.cache tells"
    first, last = points[0].bytes, points[-1].bytes
    sizes = [first + step * n for n in range(1, int((last - first) // step) + 1)] or [last]
    saved = []
    before = _lost(points, first)
    for size in sizes:
        after = _lost(points, size)
        hourly = max(0.0, before - after)
        saved.append(Saved(size, hourly, hourly / 3600 * queries_per_second))
        before = after
    return saved, ""


def _lost(points: Sequence[CurvePoint], size: float) -> float:
    """Seconds an hour at ``size``, on a straight line between two points."""
    place = min(max(bisect_right([p.bytes for p in points], size), 1), len(points) - 1)
    left, right = points[place - 1], points[place]
    part = (size - left.bytes) / (right.bytes - left.bytes) if right.bytes > left.bytes else 1.0
    low, high = left.lost_seconds_per_hour or 0.0, right.lost_seconds_per_hour or 0.0
    return low + min(max(part, 0.0), 1.0) * (high - low)
