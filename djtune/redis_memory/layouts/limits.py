"""Listpack limits: who is beyond them, and which limits would hold nearly all."""

import math
from collections.abc import Sequence

from msgspec import Struct

from djtune.experiments.distributions import t_quantile
from djtune.redis_memory.estimated import Amount

MOST_ENTRIES = 2048
MOST_VALUE = 4096
"""No higher limits are proposed: every read of a listpack walks through it."""
NEARLY_ALL = 0.95
"""Of the keys beyond, how many new limits are to hold."""


class Shape(Struct, frozen=True):
    """A key's elements, and its longest in bytes."""

    entries: int
    longest: int


class Limits(Struct, frozen=True):
    """``*-max-listpack-entries`` and ``*-max-listpack-value`` of a type."""

    entries: int
    value: int

    def hold(self, shape: Shape) -> bool:
        """Whether such a key is stored as a listpack."""
        return shape.entries <= self.entries and shape.longest <= self.value


def raised(shapes: Sequence[Shape], now: Limits) -> Limits | None:
    """The lowest limits, powers of two, that hold :data:`NEARLY_ALL` of what can be held.

    ``None`` where nothing is gained, or what would be is too large.
    """
    sane = [each for each in shapes if Limits(MOST_ENTRIES, MOST_VALUE).hold(each)]
    beyond = [each for each in sane if not now.hold(each)]
    if not beyond:
        return None
    wanted = NEARLY_ALL * len(beyond)
    pairs = [
        Limits(entries, value)
        for entries in _steps(now.entries, MOST_ENTRIES)
        for value in _steps(now.value, MOST_VALUE)
    ]
    holding = [each for each in pairs if sum(map(each.hold, beyond)) >= wanted]
    return min(holding, key=lambda each: (each.entries / now.entries) * (each.value / now.value))


def _steps(now: int, most: int) -> list[int]:
    """``now``, and the powers of two above it up to ``most``."""
    first = now.bit_length()
    return [now, *(1 << n for n in range(first, most.bit_length()) if 1 << n > now)]


def share(k: float, n: int) -> Amount:
    """``k`` of ``n`` with Wilson's 95 % interval."""
    z = 1.959964
    p = k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Amount(p, max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)))


def freed(part: Amount, savings: Sequence[float], scale: float, keys: float) -> Amount:
    """Bytes that all keys free: share × mean saving of one × keys, with a 95 % interval.

    ``savings`` are by ``MEMORY USAGE``; ``scale`` is what of the real growth that tells. Relative
    errors of share and mean are independent, so that their squares add.
    """
    n = len(savings)
    mean = sum(savings) / n
    value = part.value * mean * scale * keys
    if n < 2 or mean <= 0:
        return Amount(value, 0.0, math.inf)
    variance = sum((each - mean) ** 2 for each in savings) / (n - 1)
    relative = t_quantile(0.975, n - 1) * math.sqrt(variance / n) / mean
    below = math.hypot(relative, (part.value - part.low) / part.value)
    above = math.hypot(relative, (part.high - part.value) / part.value)
    return Amount(value, max(0.0, value * (1 - below)), value * (1 + above))
