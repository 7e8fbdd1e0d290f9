"""What the user wants of the collector: a limit on memory first, then one thing made small."""

import re

from msgspec import Struct

from djtune.garbage.recording import Simulated
from djtune.garbage.result import Goal

DEFAULT_LIMIT = "+10%"
_UNITS = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_UNITS |= {"kib": 1024, "mib": 1024**2, "gib": 1024**3}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_MORE = re.compile(r"\+(\d{1,15}(?:\.\d+)?)\s*%")


class MemoryLimit(Struct, frozen=True):
    """How much may be resident at most: so much more than now, or so many bytes."""

    text: str
    more: float | None = None
    """A part of what is resident at the most at the current setting: 0.1 is 10 % more."""
    bytes: int | None = None

    def allowed(self, current_peak: float) -> float:
        """Bytes that may be resident where the current setting's peak is ``current_peak``."""
        if self.bytes is not None:
            return float(self.bytes)
        return current_peak * (1 + (self.more or 0.0))


def parse_limit(text: str) -> MemoryLimit:
    """Read ``+10%``, ``512MB`` or ``1GiB``. Raises ``ValueError`` for anything else."""
    if more := _MORE.fullmatch(text.strip()):
        return MemoryLimit(text, more=float(more[1]) / 100)
    size = _SIZE.fullmatch(text.strip())
    if size is None or size[2].lower() not in _UNITS:
        raise ValueError("a limit on memory reads +10%, 512MB or 1GiB")
    return MemoryLimit(text, bytes=int(float(size[1]) * _UNITS[size[2].lower()]))


def score(goal: Goal, simulated: Simulated) -> float:
    """What the goal makes small, in nanoseconds."""
    if goal == "pause":
        return simulated.worst_pause_ns
    if goal == "p99":
        return simulated.gc_ns_p99
    return simulated.gc_ns_per_request
