"""The noise probe: how much time the machine takes away from a process that wants to run."""

import math
import time
from collections.abc import Callable, Iterable

from djtune.model.noise import Noise

SHORTEST_GAP_S = 0.001
"""A turn of the probe's loop takes less than a microsecond; one this long was interrupted."""


def probe(duration_s: float = 0.2, clock: Callable[[], float] = time.perf_counter) -> Noise:
    """Keep one processor busy for ``duration_s`` and account for the time that went missing.

    Run it between trials, while no other thread of this process is at work: one that holds the
    interpreter's lock looks like a lost slice. ``clock`` gives seconds.
    """
    gaps: list[float] = []
    cpu_before, begin = time.thread_time(), clock()
    now, end = begin, begin + duration_s
    while now < end:
        later = clock()
        if later - now > SHORTEST_GAP_S:
            gaps.append(later - now)
        now = later
    cpu_s = time.thread_time() - cpu_before
    return Noise(
        duration_s=now - begin,
        gaps=len(gaps),
        lost_s=math.fsum(gaps),
        worst_gap_s=max(gaps, default=0.0),
        off_cpu_s=max(0.0, now - begin - cpu_s),
    )


def total(probes: Iterable[Noise]) -> Noise:
    """The probes of a run as one."""
    probes = list(probes)
    return Noise(
        duration_s=math.fsum(noise.duration_s for noise in probes),
        gaps=sum(noise.gaps for noise in probes),
        lost_s=math.fsum(noise.lost_s for noise in probes),
        worst_gap_s=max((noise.worst_gap_s for noise in probes), default=0.0),
        off_cpu_s=math.fsum(noise.off_cpu_s for noise in probes),
    )
