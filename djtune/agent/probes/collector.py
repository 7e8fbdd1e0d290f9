"""Garbage collections: moved out of whatever phase they interrupt.

They are timed on the thread's CPU clock: what the machine took meanwhile is none of theirs.
"""

from __future__ import annotations

import gc
from threading import get_ident
from time import thread_time_ns
from typing import Any

from ..clock import CURRENT
from .patches import Patches

_started_at = 0


def _on_collection(stage: str, info: dict[str, Any]) -> None:
    global _started_at
    if stage == "start":
        _started_at = thread_time_ns()
        return
    clock = CURRENT.get()
    # A thread that is just handing over does not own the clock any more.
    if clock is not None and clock.thread == get_ident():
        clock.collected(thread_time_ns() - _started_at, info["generation"])


def install(patches: Patches) -> None:
    """Watch the collector."""
    patches.once(
        "gc",
        lambda: gc.callbacks.append(_on_collection),
        lambda: gc.callbacks.remove(_on_collection),
    )
