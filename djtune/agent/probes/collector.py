"""Garbage collections: moved out of whatever phase they interrupt, and logged for a trial.

They are timed on the thread's CPU clock: what the machine took meanwhile is none of theirs.
"""

from __future__ import annotations

import gc
from array import array
from threading import get_ident
from time import thread_time_ns
from typing import Any

from ..clock import CURRENT
from .patches import Patches

BETWEEN = -1
"""The request that a collection outside of any interrupts."""
FIELDS = 5

_started_at = 0
_log = array("q")
_logging = False
_request = 0


def _on_collection(stage: str, info: dict[str, Any]) -> None:
    global _started_at
    if stage == "start":
        _started_at = thread_time_ns()
        return
    elapsed = thread_time_ns() - _started_at
    clock = CURRENT.get()
    if _logging:
        _note(elapsed, info, BETWEEN if clock is None else _request)
    # A thread that is just handing over does not own the clock any more.
    if clock is not None and clock.thread == get_ident():
        clock.collected(elapsed, info["generation"])


def _note(elapsed: int, info: dict[str, Any], request: int) -> None:
    """Keep a collection in an array, which the collector does not count as objects."""
    for value in (info["generation"], elapsed, info["collected"], info["uncollectable"], request):
        _log.append(value)


def start_log(request: int = 0) -> None:
    """Keep every collection from now on; ``request`` is the number of the next one."""
    global _logging, _request
    del _log[:]
    _request = request
    _logging = True


def next_request() -> None:
    """What follows belongs to the next request."""
    global _request
    _request += 1


def take_log() -> list[list[int]]:
    """The collections since :func:`start_log`: generation, ns of CPU, objects freed,
    uncollectable objects, and number of the request or :data:`BETWEEN`.
    """
    global _logging
    _logging = False
    rows = [list(_log[start : start + FIELDS]) for start in range(0, len(_log), FIELDS)]
    del _log[:]
    return rows


def install(patches: Patches) -> None:
    """Watch the collector."""
    patches.once(
        "gc",
        lambda: gc.callbacks.append(_on_collection),
        lambda: gc.callbacks.remove(_on_collection),
    )
