"""A limit on one request's time, so that a stream without an end does not hold everything up."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

SECONDS = 30.0


class NotDoneError(Exception):
    """A request was not done within :data:`SECONDS`."""


@contextlib.contextmanager
def time_limit() -> Iterator[None]:
    """Raise :class:`NotDoneError` in the main thread's code when the time is over."""

    def interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise NotDoneError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
