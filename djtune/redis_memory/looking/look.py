"""One gentle look at a server: all names, the sizes of some keys, and how idle they are."""

import random
import time
from typing import Protocol

import numpy as np
from msgspec import Struct, field

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.estimating.counts import key_counts
from djtune.redis_memory.idle.limits import FEWEST_KEYS
from djtune.redis_memory.looking.memory import read_memory
from djtune.redis_memory.looking.patterns import Patterns
from djtune.redis_memory.looking.reservoir import PARTS
from djtune.redis_memory.looking.sizing import Sizes
from djtune.redis_memory.observed import Moment, PatternSample, Seen
from djtune.redis_memory.server.names import names
from djtune.redis_memory.server.questions import ages
from djtune.redis_memory.server.server import Key, Server
from djtune.redis_memory.server.wire import ServerLostError

INTERRUPTED = "interrupted"
"""What cut a look short that the user did not want to wait for."""
FOR_NAMES = 0.75
"""Share of the time that names may take."""
FOR_SIZES = 0.95
SECONDS_A_NAME = 1.1e-6
"""Server time: measured 1.0 on Redis 7.0 at 1000 names a ``SCAN``."""
SECONDS_A_SIZE = 8e-6
"""Server time of the five questions about one small key; large ones end by the clock."""


class Asked(Struct, frozen=True):
    """What the user asked of a look."""

    precision: float = 0.02
    """Half of the total's 95 % interval, as a share of the total, that is precise enough; 0: a
    census, all keys are measured."""
    seconds: float = 30.0
    """For the whole look at one server."""
    cap: int | None = None
    """Names at most; ``None``: as many as there is time for."""
    patterns: list[str] = field(default_factory=list)
    """Globs that are patterns by the user's own word."""
    keep_values: bool = False
    """Whether a pattern of one key may show its name."""
    seed: int = 0
    moments: int = 5
    """Times that idle times are asked for."""
    sizes: int = 20_000
    """Keys whose sizes are asked for, at most; unless it is a census."""


class Display(Protocol):
    """What shows how far the look is, in seconds."""

    def advance(self, steps: float = 1, *, description: str | None = None) -> None:
        """Move on."""


def look(server: Server, asked: Asked, display: Display | None = None) -> Seen:
    """Look at the server within the time that was given.

    A server that is lost meanwhile, or an interrupt (Ctrl-C), ends the look: what was seen until
    then comes back with ``complete=False``.
    """
    return Look(server, asked, display).run()


class Look:
    """A look that is under way."""

    def __init__(self, server: Server, asked: Asked, display: Display | None) -> None:
        self.server, self.asked, self.display = server, asked, display
        self.began = self.shown = time.monotonic()
        self.population = sum(sum(node.databases.values()) for node in server.nodes)
        prefixes = [use.key_prefix for use in server.facts.uses]
        everything = asked.precision == 0
        self.patterns = Patterns(asked.patterns, prefixes, asked.seed, everything=everything)
        self.names = 0
        self.all_names = False
        self.sizes: Sizes | None = None
        self.moments: list[Moment] = []
        self.cut = ""

    def run(self) -> Seen:
        """The whole look; see :func:`look`."""
        try:
            self.go()
        except ServerLostError as error:
            self.cut = error.message
        except KeyboardInterrupt:
            self.cut = INTERRUPTED
        return self.seen()

    def drawn(self, pattern: str) -> list[Key]:
        """Fairly drawn keys of one of the patterns that were found, in random order."""
        groups = self.sizes.groups if self.sizes else []
        return [draw.key for group in groups if group.pattern == pattern for draw in group.draws]

    def go(self) -> None:
        """Names, sizes, and idle times until the time is up."""
        self._list_names()
        self._measure()
        read_memory(self.server)
        self._watch_idle()

    def _left(self, share: float = 1.0) -> float:
        """Seconds until that share of the time is over."""
        return self.began + share * self.asked.seconds - time.monotonic()

    def _show(self, description: str) -> None:
        now = time.monotonic()
        if self.display is not None:
            self.display.advance(now - self.shown, description=description)
        self.shown = now

    def _list_names(self) -> None:
        cap = self._cap()
        for found in names(self.server, cap, random.Random(self.asked.seed)):
            self.patterns.add(found.names, (found.node, found.database))
            self.names += len(found.names)
            self._show(f"names: {self.names:,} of about {self.population:,}")
            if self._left(FOR_NAMES) < 0:
                return
        self.all_names = cap is None

    def _cap(self) -> int | None:
        """How many names there is time for; ``None``: for all.

        Every node gives the same share of its keys, so that the fullest one decides.
        """
        seconds = FOR_NAMES * self.asked.seconds
        nodes = [(node, sum(node.databases.values())) for node in self.server.nodes]
        shares = [
            seconds * node.pace.share / (SECONDS_A_NAME * keys) for node, keys in nodes if keys
        ]
        affordable = int(self.population * min(shares, default=1.0))
        cap = min(affordable, self.asked.cap or affordable)
        return None if self.population <= cap else cap

    def _affordable(self, seconds: float, each: float) -> int:
        """How many of what costs the server so many seconds it can be asked for in that time."""
        share = sum(node.pace.share for node in self.server.nodes)
        return int(max(0.0, seconds) * share / each)

    def _measure(self) -> None:
        self.sizes = self._grouped()
        self._show("sizes: a pilot")
        self.sizes.begin()
        self._show(f"sizes: {self.sizes.measured:,} keys so far")
        most = self._affordable(self._left(FOR_SIZES), SECONDS_A_SIZE)
        if self.asked.precision:
            self.sizes.go_on(self.asked.precision, min(self.asked.sizes, most))
        else:
            self.sizes.finish(most)

    def _grouped(self) -> Sizes:
        groups = self.patterns.groups(keep_values=self.asked.keep_values)
        return Sizes(self.server, groups, self._scale(), lambda: self._left(FOR_SIZES))

    def _scale(self) -> float:
        """Keys of the server that each name stands for."""
        return 1.0 if self.all_names else max(1.0, self.population / max(1, self.names))

    def _watch_idle(self) -> None:
        """Ask the same keys for their idle times at several moments, over the time that is left."""
        if self.sizes is None or not (self.server.idle_known and self.sizes.measured):
            return
        if self.sizes.measured < FEWEST_KEYS:  # one look, for the table: a curve takes more keys
            self.moments.append(self._moment(self.sizes))
            return
        first = time.monotonic()
        times = np.linspace(first, first + max(0.0, self._left()), max(1, self.asked.moments))
        for moment in times:
            while (rest := moment - time.monotonic()) > 0:
                time.sleep(min(rest, 0.5))
                self._show("idle times")
            self.moments.append(self._moment(self.sizes))
            if self._left() < 0:
                return

    def _moment(self, sizes: Sizes) -> Moment:
        counters = self.server.counters()
        keys, sizes_of, weights = sizes.rows()
        found = ages(self.server, keys)
        return Moment(
            time=counters.time,
            idle=found.idle,
            bytes=sizes_of[found.rows],
            ttl=found.ttl,
            weight=weights[found.rows],
            hits=counters.hits,
            misses=counters.misses,
            writes=counters.writes,
            evicted=counters.evicted,
            expired=counters.expired,
            keys=counters.keys,
        )

    def seen(self) -> Seen:
        """All that was seen so far."""
        sizes = self.sizes or self._grouped()
        return Seen(
            server=self.server.facts,
            patterns=self._samples(sizes),
            moments=self.moments,
            load=self.server.load(),
            names=self.names,
            population=self.population,
            complete=not self.cut,
            cut=self.cut,
            notes=[*self._notes(), *sizes.notes()],
        )

    def _samples(self, sizes: Sizes) -> list[PatternSample]:
        parts = [group.parts for group in sizes.groups]
        told = key_counts(parts, self.population)
        samples = []
        for place, group in enumerate(sizes.groups):
            keys = float(sizes.keys(place))
            known = self.all_names or group.fixed
            count = Amount(keys, keys, keys) if known else told[place]
            samples.append(
                PatternSample(
                    group.pattern,
                    group.kind,
                    count.value,
                    count.low,
                    count.high,
                    *sizes.columns(place),
                    parts=[] if self.all_names else [0] * PARTS if group.fixed else group.parts,
                )
            )
        return samples

    def _notes(self) -> list[str]:
        if self.all_names or not self.population:
            return []
        return [
            f"{self.names:,} of about {self.population:,} names were seen in the time that there"
            " was: counts of keys are estimates"
        ]
