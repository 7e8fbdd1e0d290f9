"""What the kernel's scheduler did to a thread: time on the run queue is the machine's, not the
app's waiting.
"""

from __future__ import annotations

import os
import resource
import threading
from time import perf_counter_ns

_THREAD = getattr(resource, "RUSAGE_THREAD", None)


class _QueuedTime:
    """The thread's own counter, kept open: opening it costs several times a read."""

    def __init__(self) -> None:
        try:
            self._fd = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._fd = -1

    def read_ns(self) -> int:
        """Time on the run queue since the thread began; 0 where the kernel does not tell."""
        if self._fd < 0:
            return 0
        try:
            return int(os.pread(self._fd, 64, 0).split()[1])
        except (OSError, IndexError, ValueError):
            return 0

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


class _LastAsked(threading.local):
    """What a thread was told when it asked last."""

    def __init__(self) -> None:
        self.queued = _QueuedTime()
        self.at_ns = 0
        self.queued_ns = 0
        self.yields = -1


_last = _LastAsked()


def queue_delay() -> int:
    """Time in ns that this thread was ready to run but did not, since it asked last.

    0 where the kernel does not tell. It is no more than the time that has passed, and all of it
    for a thread that never gave the processor up in between: whatever time such a thread was off
    the processor was taken from it.
    """
    passed = perf_counter_ns() - _last.at_ns
    queued, yields = _last.queued.read_ns(), _yields()
    never_gave_up = yields >= 0 and yields == _last.yields
    delay = passed if never_gave_up else min(queued - _last.queued_ns, passed)
    _last.at_ns, _last.queued_ns, _last.yields = perf_counter_ns(), queued, yields
    return delay


def _yields() -> int:
    """How often the thread gave the processor up itself; -1 where that is not told."""
    return -1 if _THREAD is None else resource.getrusage(_THREAD).ru_nvcsw
