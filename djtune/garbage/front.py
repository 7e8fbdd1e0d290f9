"""Which settings are worth a thought: candidates, and the front of those that nothing beats."""

import math
from collections.abc import Sequence

from djtune.garbage.recording import Recording, Simulated
from djtune.model.policy import GcPolicy, parse

ERROR = 0.1
"""What simulated figures are taken to be wrong by: see ``benchmarks/gc_simulator``."""
SMALL_BYTES = 4 << 20
"""Memory that no two settings are told apart by."""
SMALL_NS = 1000.0
"""Times that no two settings are told apart by."""

FIRST = (700, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
SECOND = (1, 2, 5, 10, 20, 50)
THIRD = (2, 10, 50, 100)
MOST_A_CYCLE = 600
"""Collections from one full collection to the next at least: where they are more, it hardly ever
comes, and garbage that has grown old stays for hours."""
AROUND_PEAKS = (0.9, 1.1, 2.5)
"""Thresholds on both sides of what one request holds at most: there lies the cliff."""
MOST_PEAKS = 3


def grid(recording: Recording) -> list[GcPolicy]:
    """Candidate settings, each with and without a freeze."""
    firsts = sorted({*FIRST, recording.thresholds[0], *_around_peaks(recording)} - {0})
    thresholds = [None, (10_000, 100, 100)]
    thresholds += [
        (first, second, third)
        for first in firsts
        for second in SECOND
        for third in THIRD
        if (second + 1) * (third + 1) <= MOST_A_CYCLE
    ]
    return [GcPolicy(each, freeze=freeze) for freeze in (False, True) for each in thresholds]


def _around_peaks(recording: Recording) -> list[int]:
    """Round numbers near the highest peaks of net allocations of single requests."""
    peaks: dict[int, int] = {}
    for curve in recording.curves:
        peaks[curve.step] = max(peaks.get(curve.step, 0), *curve.points)
    highest = sorted(peaks.values(), reverse=True)[:MOST_PEAKS]
    least = min(FIRST)
    return [_round(peak * factor) for peak in highest for factor in AROUND_PEAKS if peak > least]


def _round(number: float) -> int:
    """To two significant digits, upwards."""
    unit: int = 10 ** max(0, int(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit


def front(points: Sequence[Simulated]) -> list[int]:
    """Indexes of the settings that no other one beats in GC time, worst pause and memory.

    A setting is also left out where a simpler one is as good within the simulator's own error.
    """
    figures = [_figures(point) for point in points]
    order = sorted(range(len(points)), key=lambda index: (_complexity(points[index]), index))
    kept: list[int] = []
    for index in order:
        if not any(_as_good(figures[simpler], figures[index]) for simpler in kept):
            kept.append(index)
    return sorted(
        index for index in kept if not any(_beats(figures[o], figures[index]) for o in kept)
    )


Figures = tuple[float, float, float]


def _figures(point: Simulated) -> Figures:
    return (
        max(point.gc_ns_per_request, SMALL_NS),
        max(point.worst_pause_ns, SMALL_NS),
        max(float(point.peak_bytes), float(SMALL_BYTES)),
    )


def _as_good(one: Figures, other: Figures) -> bool:
    """Whether the one is nowhere worse by more than the error."""
    return all(a <= b * (1 + ERROR) for a, b in zip(one, other, strict=True))


def _beats(one: Figures, other: Figures) -> bool:
    """Whether the one is nowhere worse, and somewhere better by more than the error."""
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a * (1 + ERROR) < b for a, b in pairs)


def _complexity(point: Simulated) -> tuple[int, int, int]:
    """How much there is to a setting: what it does, then its digits and its size."""
    policy = parse(point.policy)
    numbers = policy.thresholds or ()
    digits = sum(len(str(number).rstrip("0")) for number in numbers)
    does = policy.freeze + (policy.thresholds is not None) + 2 * (not policy.enabled)
    return does, digits, sum(numbers)
