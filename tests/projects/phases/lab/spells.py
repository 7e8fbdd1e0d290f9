"""Known amounts of time, spent in a known way."""

import time

SPELL = 0.06
"""Seconds that each injected wait or piece of work takes."""


def sleep(seconds: float = SPELL) -> None:
    """Be off the CPU."""
    time.sleep(seconds)


def burn(seconds: float = SPELL) -> None:
    """Be on the CPU: counted in the thread's own CPU time, whatever else the machine does."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))
