"""How a sweep spends its time."""

import math

from msgspec import Struct

from djtune.model.policy import GcPolicy, Thresholds

GUIDE = GcPolicy((10_000, 100, 100))
"""The setting that is advised most often for Django."""
MOST_BLOCKS = 12
FEWEST_BLOCKS = 6
"""With fewer, the intervals of several comparisons show hardly anything."""
FEWEST_TRIALS, CURRENT_TRIALS = 3, 4
ROUNDS = 4
"""Of all journeys that a trial needs time for at least: one goes before anything is told."""
LARGER = 50_000
"""Threshold of the youngest generation in the trial that shows what large collections cost."""
MOST_VERIFIED = 2
"""Settings of the simulation's that are run for real."""
VERIFYING = 0.6
"""What part of the time that takes."""
SERVED = 5.0
"""Seconds that a trial should serve for at least."""


class Times(Struct, frozen=True):
    """Seconds for each stage."""

    audit: float
    trace: float
    current: float
    """All trials at the current setting together."""
    larger: float
    verify: float
    """0 where nothing is verified."""


def times(seconds: float, *, quick: bool) -> Times:
    """Share the time out: most of it verifies, where anything does."""
    measuring = seconds * (1 - VERIFYING)
    return Times(
        audit=measuring * 0.2,
        trace=measuring * 0.2,
        current=measuring * 0.45,
        larger=measuring * 0.15,
        verify=0.0 if quick else seconds - measuring,
    )


def larger(current: Thresholds) -> GcPolicy:
    """The setting whose collections are much larger than those of ``current``."""
    youngest = min(max(LARGER, 5 * current[0]), 2**31 - 1)
    return GcPolicy((youngest, current[1] or 10, current[2] or 10))


def trials(seconds: float, start_seconds: float, round_seconds: float) -> int:
    """How many trials at the current setting there is time for."""
    one = start_seconds + ROUNDS * round_seconds
    return min(CURRENT_TRIALS, max(FEWEST_TRIALS, math.floor(seconds / max(one, 0.001))))


def verified(seconds: float, others: int, start_seconds: float) -> int:
    """How many of the simulation's settings to run, beside ``others`` and the current one twice."""
    for number in range(MOST_VERIFIED, 1, -1):
        variants = 2 + others + number
        if FEWEST_BLOCKS * variants * (start_seconds + SERVED) <= seconds:
            return number
    return 1


def blocks(seconds: float, variants: int, start_seconds: float, wanted_seconds: float) -> int:
    """How many blocks to run so that each trial can serve for ``wanted_seconds``.

    Between the fewest that leave an interval for several comparisons and the most that help.
    """
    one = variants * (start_seconds + max(wanted_seconds, SERVED))
    return min(MOST_BLOCKS, max(FEWEST_BLOCKS, math.floor(seconds / one)))
