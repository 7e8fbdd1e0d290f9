"""Services that the site asks over the network. They are made up; the waiting is real."""

import asyncio
import time
import zlib
from dataclasses import dataclass
from typing import Generic, TypeVar

from accounts.viewers import Viewer
from epg.models import Channel
from playback.models import StreamOrigin

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call that has not been made yet, its answer, and how long that takes to come."""

    answer: T
    seconds: float

    def get(self) -> T:
        time.sleep(self.seconds)
        return self.answer

    async def aget(self) -> T:
        await asyncio.sleep(self.seconds)
        return self.answer


def entitlement(viewer: Viewer, channel: Channel) -> Call[int]:
    """How many devices may watch the channel at once, says the billing system."""
    devices = 4 if len(viewer.packages) > 1 else 2
    return Call(devices, seconds=_between(0.015, 0.020, viewer.pk, channel.slug))


def pick_origin(viewer: Viewer, origins: list[StreamOrigin]) -> Call[StreamOrigin]:
    """The machine nearest to the viewer, says the content delivery network."""
    nearest = origins[_dice(viewer.pk) % len(origins)]
    return Call(nearest, seconds=_between(0.015, 0.020, viewer.pk, nearest.host))


def recommended_genres(viewer: Viewer) -> Call[list[str]]:
    """What the viewer may like, says the recommendation engine. It thinks about that."""
    liked = viewer.preferences["genres"]
    return Call(liked, seconds=_between(0.110, 0.130, viewer.pk))


def _between(low: float, high: float, *facts: object) -> float:
    return low + (high - low) * (_dice(*facts) % 1000) / 1000


def _dice(*facts: object) -> int:
    """The same number for the same facts, so that every run waits alike."""
    return zlib.crc32(repr(facts).encode())
