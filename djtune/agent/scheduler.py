"""What the kernel's scheduler did to a thread: time on the run queue is the machine's, not the
app's waiting.
"""

from __future__ import annotations

import resource
import threading
from time import perf_counter_ns

_THREAD = getattr(resource, "RUSAGE_THREAD", None)


class _LastAsked(threading.local):
    at_ns = 0
    queued_ns = 0
    yields = -1


_last = _LastAsked()


def queue_delay() -> int:
    """Time in ns that this thread was ready to run but did not, since it asked last.

    0 where the kernel does not tell. It is no more than the time that has passed, and all of it
    for a thread that never gave the processor up in between: whatever time such a thread was off
    the processor was taken from it.
    """
    passed = perf_counter_ns() - _last.at_ns
    queued, yields = _queued_ns(), _yields()
    never_gave_up = yields >= 0 and yields == _last.yields
    delay = passed if never_gave_up else min(queued - _last.queued_ns, passed)
    _last.at_ns, _last.queued_ns, _last.yields = perf_counter_ns(), queued, yields
    return delay


def _yields() -> int:
    """How often the thread gave the processor up itself; -1 where that is not told."""
    return -1 if _THREAD is None else resource.getrusage(_THREAD).ru_nvcsw


def _queued_ns() -> int:
    try:
        with open("/proc/thread-self/schedstat", "rb", buffering=0) as file:  # noqa: PTH123
            return int(file.read().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
