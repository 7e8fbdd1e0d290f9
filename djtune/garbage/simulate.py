"""Replays recorded requests under any setting of the collector."""

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from msgspec import Struct

from djtune.garbage.collector import Collector
from djtune.garbage.costs import price
from djtune.garbage.heap import Collected, SimulatedHeap
from djtune.garbage.recording import PerGeneration, Recording, Simulated
from djtune.garbage.rules import simulated_rules
from djtune.garbage.shapes import LEVELS, Requests, Shape, Shaped, Stretch
from djtune.model.policy import GcPolicy

FULL_COLLECTIONS = 2
LEAST_REQUESTS = 300
"""A replay of drawn journeys is no shorter, so that all of them are met."""
DRAWN = 2000
"""Journeys after which the sequence begins again."""
REMEMBERED = 4
LOOK_EVERY = 16
"""Requests between two looks at the limits."""
RARE = 0.99


class Limits(Struct, frozen=True):
    """Where a replay ends at the latest, but for at most 256 requests that are made in one go."""

    requests: int = 1_000_000
    bytes: int = 2 << 30


DEFAULT_LIMITS = Limits()


def simulate(
    recording: Recording,
    policy: GcPolicy,
    *,
    order: Sequence[int] | None = None,
    settled: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 1,
) -> Simulated:
    """Replay the workload under ``policy``, past a whole cycle of full collections.

    ``order`` names the journeys to be made one after another instead, and no others: to hold the
    simulation against a trial. ``settled`` says that the process was collected once more after it
    had been frozen, as trials do it; else the long-lived total still has what was frozen. Raises
    :class:`~djtune.errors.DjtuneError` for a collector that cannot be simulated.
    """
    replay = replayed(recording, policy, order=order, settled=settled, limits=limits, seed=seed)
    return replay.summary()


def replayed(
    recording: Recording,
    policy: GcPolicy,
    *,
    order: Sequence[int] | None = None,
    settled: bool = True,
    limits: Limits = DEFAULT_LIMITS,
    seed: int = 1,
) -> "Replay":
    """The same with every single collection."""
    replay = Replay(recording, policy, settled=settled)
    if order is not None:
        replay.run(_requests(recording, tuple(order), seed))
    else:
        replay.run(_requests(recording, None, seed), limits)
    return replay


class _Same:
    """A recording told by its identity: it is large, and hashing it would take longer."""

    def __init__(self, it: Recording) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.it is self.it

    def __hash__(self) -> int:
        return id(self.it)


@lru_cache(maxsize=REMEMBERED)
def _sequence(recording: _Same, order: tuple[int, ...] | None, seed: int) -> Requests:
    if order is not None:
        return Requests(recording.it, order)
    return Requests(recording.it, _drawn(recording.it, seed), endless=True)


def _requests(recording: Recording, order: tuple[int, ...] | None, seed: int) -> Requests:
    """The same sequence for every policy, so that what is computed of it is shared."""
    return _sequence(_Same(recording), order, seed)


def _drawn(recording: Recording, seed: int) -> list[int]:
    """Journeys by weight."""
    weights = [journey.weight for journey in recording.journeys]
    return random.Random(seed).choices(range(len(weights)), weights, k=DRAWN)


class Replay:
    """One process under one policy."""

    def __init__(self, recording: Recording, policy: GcPolicy, *, settled: bool = True) -> None:
        rules = simulated_rules(recording.python, free_threaded=recording.free_threaded)
        self._recording = recording
        self._policy = policy
        heap = recording.heap
        seen = heap.tracked - (heap.loaded if policy.freeze else 0)
        self.heap = SimulatedHeap(max(0, seen))
        self.collector = Collector(
            rules,
            policy.thresholds or recording.thresholds,
            self.heap,
            enabled=policy.enabled and (recording.enabled or policy.thresholds is not None),
        )
        self.collector.long_lived_total = seen if settled else heap.tracked
        garbage = sum(curve.garbage for curve in recording.curves)
        reused = sum(curve.reused for curve in recording.curves)
        self._reused_share = min(1.0, reused / garbage) if garbage else 0.0
        """Of what a collection frees, the share that a freelist takes."""
        self._credit = 0.0
        """Allocations that the freelists will spare."""
        self._peak = 0.0
        self._why_stopped = "requests"

    @property
    def log(self) -> list[Collected]:
        """Every collection, in order."""
        return self.heap.log

    def run(self, requests: Requests, limits: Limits | None = None) -> None:
        """Make requests until there are no more, or the replay is long enough."""
        place = level = 0
        while not (limits and place % LOOK_EVERY == 0 and self.is_over(limits)):
            level = min(level + 1, LEVELS - 1)
            while level and (place % 2**level or not self._skip(requests.stretch(place, level))):
                level -= 1
            if level:
                place += 2**level
                continue
            single = requests.at(place)
            if single is None:
                return
            self.serve(single)
            place += 1

    def _skip(self, stretch: Stretch | None) -> bool:
        """Make many requests in one go if no collection falls into them."""
        if stretch is None or self._credit or not self._passes(stretch):
            return False
        self._peak = max(self._peak, self.heap.above_start() + stretch.peak)
        counts = self.collector.counts
        counts[0] = stretch.end + max(counts[0], -stretch.bottom)
        self.heap.skip(stretch.requests, stretch.garbage, stretch.kept)
        return True

    def _passes(self, way: Shape | Stretch) -> bool:
        return max(self.collector.counts[0] + way.top, way.climb) <= self.collector.limit()

    def serve(self, shaped: Shaped) -> None:
        """Make one request."""
        shape = shaped.reusing if self._credit >= shaped.reused else shaped.fresh
        self._credit = max(0.0, self._credit - shaped.reused)
        self.heap.begin(shape.visited, shape.surviving)
        if self._passes(shape):
            self._pass(shape)
        else:
            self._replay(shape)
        self.heap.end(shaped.garbage, shaped.kept)

    def _pass(self, shape: Shape) -> None:
        counts = self.collector.counts
        counts[0] = shape.end + max(counts[0], -shape.bottom)
        self.heap.pass_over(shape.bottom, shape.end)
        self._note_peak(shape.top - shape.end)

    def _replay(self, shape: Shape) -> None:
        heap, collector = self.heap, self.collector
        for point, jump in shape.moves:
            if point <= heap.height:
                collector.free(heap.height - point)
                heap.fall_to(point)
            elif jump:
                self._rise(point - heap.height)
            else:
                self._climb(point)
            self._note_peak()

    def _climb(self, point: int) -> None:
        """Allocate up to a point, and collect wherever that starts it."""
        heap, collector = self.heap, self.collector
        while (room := collector.limit() + 1 - collector.counts[0]) <= point - heap.height:
            self._rise(max(1, int(room)))
        self._rise(point - heap.height)

    def _rise(self, objects: int) -> None:
        self.heap.height += objects
        self.collector.allocate(objects)
        if self.collector.due():
            self._note_peak()
            self.collector.run()
            self._refill()

    def _refill(self) -> None:
        """What was freed fills the freelists; a full collection empties them."""
        last = self.heap.log[-1]
        spared = self._credit + last.freed * self._reused_share
        full = last.generation == len(self.collector.counts) - 1
        self._credit = 0.0 if full else min(self._recording.heap.reuse, spared)

    def _note_peak(self, more: int = 0) -> None:
        self._peak = max(self._peak, self.heap.above_start(more))

    def is_over(self, limits: Limits) -> bool:
        """Whether the replay is long enough."""
        requests = self.heap.request
        if self.peak_bytes() > limits.bytes:
            self._why_stopped = "memory limit"
        elif self.collector.collections[2] >= FULL_COLLECTIONS and requests >= LEAST_REQUESTS:
            self._why_stopped = "full cycle"
        else:
            return requests >= limits.requests
        return True

    def peak_bytes(self) -> int:
        """Resident memory above the start, at most."""
        heap = self._recording.heap
        return max(0, int(self._peak * heap.bytes_per_object) - heap.slack)

    def summary(self) -> Simulated:
        """What the replay came to."""
        log, requests = self.log, self.heap.request
        prices = [price(self._recording.costs, each) for each in log]
        worst = by_generation(log, prices, max)
        visited = by_generation(log, [each.visited for each in log], sum)
        freed = by_generation(log, [each.freed for each in log], sum)
        first, second, third = self.collector.collections
        return Simulated(
            policy=str(self._policy),
            requests=requests,
            collections=(first, second, third),
            visited=(int(visited[0]), int(visited[1]), int(visited[2])),
            freed=(int(freed[0]), int(freed[1]), int(freed[2])),
            gc_ns=sum(prices),
            gc_ns_per_request=sum(prices) / max(1, requests),
            gc_ns_p99=_rare(log, prices, requests),
            worst_pause_ns=max(worst),
            worst_pauses_ns=worst,
            peak_bytes=self.peak_bytes(),
            requests_to_full=next((each.request for each in log if each.generation > 1), None),
            reached_full=third >= FULL_COLLECTIONS,
            why_stopped=self._why_stopped,
        )


def _rare(log: Sequence[Collected], prices: Sequence[float], requests: int) -> float:
    """The 99th percentile of the collections' time in a request."""
    times: dict[int, float] = {}
    for each, value in zip(log, prices, strict=True):
        times[each.request] = times.get(each.request, 0.0) + value
    longest = sorted(times.values(), reverse=True)
    rank = requests - int(RARE * requests) - 1
    return longest[rank] if 0 <= rank < len(longest) else 0.0


def by_generation(
    log: Sequence[Collected], values: Sequence[float], reduce: Callable[[list[float]], float]
) -> PerGeneration:
    """Values of collections reduced for each generation; 0 where there were none."""
    sorted_out: list[list[float]] = [[], [], []]
    for each, value in zip(log, values, strict=True):
        sorted_out[each.generation].append(value)
    first, second, third = (reduce(values) if values else 0.0 for values in sorted_out)
    return first, second, third
