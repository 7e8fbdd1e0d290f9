"""Ctrl-C at a moment when it must not strike: while a process is being started or ended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

INTERRUPTIONS = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))
)


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold interruptions back while the block lasts, and let the last of them act after it.

    An exception in the middle of starting a process would leave nobody who knows of it. Signals
    reach the main thread alone, so elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[tuple[int, FrameType | None]] = []
    kept: dict[int, Any] = {}
    for number in INTERRUPTIONS:
        if callable(signal.getsignal(number)):
            kept[number] = signal.signal(number, lambda *signalled: arrived.append(signalled))
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
        if arrived:
            number, frame = arrived[-1]
            kept[number](number, frame)
