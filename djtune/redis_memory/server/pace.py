"""Keeps a visit within its share of the server's time."""

import time
from collections import deque
from collections.abc import Callable
from statistics import median

from msgspec import Struct

BLOCK = 0.005
"""Seconds of server time that one batch should take at most."""
SHALLOWEST, DEEPEST = 10, 1000
"""Commands in a batch."""
_ROUND_TRIPS = 9


class Budget(Struct, frozen=True):
    """How much of a server's time a visit may take."""

    milliseconds_per_second: float = 50


class Pace:
    """When the next batch may go out, and how deep it may be.

    The server's time for a batch is taken to be its latency less the round trip of an idle ``PING``
    (the median of the last few). What else delays the replies (a slow network, a busy machine of
    ours) is taken back at times: the server cannot have worked longer for the visit than the CPU
    time that it has had at all (:meth:`worked`). Other clients' commands stay counted as ours, so
    that a busy server is asked less.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.share = budget.milliseconds_per_second / 1000
        self.server_seconds = 0.0
        """Estimated, of all batches so far."""
        self.depth = 50
        """Commands that the next batch may have."""
        self._clock, self._sleep = clock, sleep
        self._round_trips: deque[float] = deque(maxlen=_ROUND_TRIPS)
        self._free_at = clock()
        self._worked: float | None = None
        self._charged = 0.0
        """What was charged since the server's CPU time was last looked at."""

    @property
    def round_trip(self) -> float:
        """Seconds of an idle round trip."""
        return median(self._round_trips) if self._round_trips else 0.0

    def pinged(self, seconds: float) -> None:
        """Note the round trip of a ``PING``."""
        self._round_trips.append(seconds)

    @property
    def rest(self) -> float:
        """Seconds until the next batch may go out."""
        return max(0.0, self._free_at - self._clock())

    def wait(self) -> None:
        """Sleep until the next batch may go out."""
        if (rest := self.rest) > 0:
            self._sleep(rest)

    def worked(self, cpu_seconds: float) -> None:
        """Note the CPU time that the server has had since it started, by ``INFO cpu``."""
        if self._worked is not None:
            surplus = max(0.0, self._charged - max(0.0, cpu_seconds - self._worked))
            self.server_seconds -= surplus
            self._free_at = max(self._free_at - surplus / self.share, self._clock())
        self._worked, self._charged = cpu_seconds, 0.0

    def spent(self, latency: float, commands: int) -> None:
        """Note that a batch of ``commands`` has just been answered after ``latency`` seconds."""
        server = max(0.0, latency - self.round_trip)
        self.server_seconds += server
        self._charged += server
        began = self._clock() - latency
        self._free_at = max(self._free_at, began) + (server / self.share)
        if commands < SHALLOWEST:
            return
        fits = BLOCK / max(server / commands, 1e-9)
        self.depth = int(min(max(fits, SHALLOWEST), 2 * self.depth, DEEPEST))
