"""Which step is being served, and what it tried to do that was refused."""

from collections import defaultdict

BACKGROUND = -1
_step = BACKGROUND
_refused: dict[int, set[str]] = defaultdict(set)


def start(step: int) -> None:
    """Say that ``step`` is being served from here on."""
    global _step
    _step = step


def stop() -> None:
    """Say that no request is being served."""
    start(BACKGROUND)


def note_refused(host: str) -> None:
    """Record that the step being served tried to reach ``host``."""
    _refused[_step].add(host)


def refused_hosts(step: int) -> list[str]:
    """The hosts that ``step`` tried to reach."""
    return sorted(_refused.get(step, ()))
