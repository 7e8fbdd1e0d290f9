"""Records the stacks of a worker that replays the workload, for flame graphs."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.profiling import gather
from djtune.profiling.flames.graph import Places
from djtune.servers.sampler import Recording, Sampler
from djtune.servers.worker import Worker
from djtune.workloads.survey import open_session

RATE = 250
"""Samples a second, unless the user says otherwise."""
SHARE = 0.5
LEAST_SECONDS = 3.0
"""Recording takes this share of the measuring time on top, and so many seconds at least: at the
default rate and time that makes 7,500 samples, of which requests have 5,000 in any case."""
GRACE = 60.0
"""Seconds after which a recording that nobody ends is over."""

Tick = Callable[[float], None]


class Recorded(Struct):
    """One recording, and what was replayed meanwhile."""

    recording: Recording
    markers: dict[str, list[int]]
    """Marker → the steps below it."""
    requests: list[int]
    """By step."""
    seconds: list[float]
    """By step: wall time in the handler, the truth that samples are held against."""
    places: Places


def seconds_for(duration: float) -> float:
    """How long to record where the timing takes ``duration`` seconds."""
    return max(LEAST_SECONDS, duration * SHARE)


def record(
    request: gather.Request,
    gathered: gather.Gathered,
    sampler: Sampler,
    seconds: float,
    tick: Tick,
) -> Recorded:
    """Replay the measured routes in a fresh worker under the sampler, without probes.

    Raises :class:`DjtuneError` where the worker cannot be read, and
    :class:`~djtune.servers.sampler.NoSamples` where nothing was seen.
    """
    skip = sorted(gathered.skip)
    with Worker(request.app) as worker:
        open_session(worker, request, gathered)
        places = worker.call("prepare_marked", skip=skip)
        sampler.start(worker.pid, seconds + GRACE)
        try:
            done = worker.call("replay_marked", skip=skip, seconds=seconds, on_part=_telling(tick))
        except BaseException:
            with contextlib.suppress(DjtuneError):
                sampler.collect()
            raise
        recording = sampler.collect()
    return Recorded(recording, places=msgspec.convert(places, Places), **done)


def _telling(tick: Tick) -> Callable[[Any], None]:
    told = time.monotonic()

    def tell(_: Any) -> None:
        nonlocal told
        tick(time.monotonic() - told)
        told = time.monotonic()

    return tell
