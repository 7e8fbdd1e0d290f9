"""How a run of the profiler spends its time."""

from msgspec import Struct

OVERHEAD_SHARE = 0.15
OVERHEAD_LEAST = 8.0
"""Pricing the probes takes this share of the time; at least so many seconds, a third at most."""


class Budget(Struct, frozen=True):
    """How long a run may take, in seconds, and over how many trials."""

    seconds: float
    trials: int

    def affordable_trials(self, start_seconds: float) -> int:
        """How many trials to run where each takes ``start_seconds`` to start: starting may take
        half of the time, and two trials are run in any case.
        """
        affordable = int((self.seconds - self.overhead) / 2 / max(start_seconds, 0.001))
        return min(self.trials, max(2, affordable))

    @property
    def overhead(self) -> float:
        """Seconds for pricing the probes."""
        least = min(OVERHEAD_LEAST, self.seconds / 3)
        return max(least, self.seconds * OVERHEAD_SHARE)
