"""What the kernel's scheduler did to a thread: time on the run queue is the machine's, not the
app's waiting.
"""

from __future__ import annotations

import resource
from typing import NamedTuple

_THREAD = getattr(resource, "RUSAGE_THREAD", None)
ALL_OF_IT = 1 << 62


class SchedulerState(NamedTuple):
    """A thread's counters so far."""

    queued_ns: int
    """Time spent ready to run but not running; stays 0 where the kernel does not count it."""
    yields: int
    """How often the thread gave the processor up itself; -1 where that is not told."""


def scheduler_state() -> SchedulerState:
    """The counters of the thread that asks."""
    yields = -1 if _THREAD is None else resource.getrusage(_THREAD).ru_nvcsw
    try:
        with open("/proc/thread-self/schedstat", "rb", buffering=0) as file:  # noqa: PTH123
            return SchedulerState(int(file.read().split()[1]), yields)
    except (OSError, IndexError, ValueError):
        return SchedulerState(0, yields)


def queued_between(before: SchedulerState, after: SchedulerState) -> int:
    """Time on the run queue; :data:`ALL_OF_IT` for a thread that never gave the processor up:
    whatever time it was off the processor was taken from it.
    """
    if before.yields >= 0 and after.yields == before.yields:
        return ALL_OF_IT
    return after.queued_ns - before.queued_ns
