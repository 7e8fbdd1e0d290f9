"""The simulated process: which generation its objects are in, kept as counts, not as objects.

A request's objects are a stack: what was allocated last is freed first. Heights on the stack are
net allocations since the request's beginning; below ``aged`` objects have survived one collection,
below ``old`` two. When the request ends, what is left is garbage or kept.

Garbage of one request is taken to hang together: an object of it in an older generation keeps the
younger ones alive (*nepotism*), so a request's garbage goes when its oldest part is collected.
"""

YOUNG, MIDDLE, OLD = range(3)


class Collected:
    """One collection."""

    __slots__ = ("freed", "generation", "request", "visited")

    def __init__(self, request: int, generation: int, visited: float, freed: float) -> None:
        self.request = request
        self.generation = generation
        self.visited = visited
        self.freed = freed


class SimulatedHeap:
    """A :class:`djtune.garbage.collector.Heap` of counts."""

    def __init__(self, tracked: int) -> None:
        self.log: list[Collected] = []
        self.request = 0
        """Requests begun so far."""
        self.height = self._floor = self._aged = self._old = 0
        self._visited = self._surviving = 1.0
        self._kept = [0.0, 0.0, float(tracked)]
        self._start = float(tracked)
        self._dead = [[0.0], [0.0, 0.0], [0.0, 0.0, 0.0]]
        """By the oldest generation that a request's garbage reaches: how much is in each."""
        self._dead_total = self._kept_total = 0.0

    def begin(self, visited: float, surviving: float) -> None:
        """A request begins: tracked objects per net allocation, new and once seen."""
        self.request += 1
        self._visited, self._surviving = visited, surviving

    def fall_to(self, height: int) -> None:
        """Free the request's youngest objects."""
        self.height = height
        self._floor = min(self._floor, height)
        self._aged = min(self._aged, height)
        self._old = min(self._old, height)

    def pass_over(self, bottom: int, end: int) -> None:
        """A whole request without a collection: how far down it went, and where it ended."""
        self.height = end
        self._floor = self._aged = self._old = bottom

    def skip(self, requests: int, garbage: float, kept: float) -> None:
        """Many requests without a collection: what they left is all young."""
        self.request += requests
        self._dead[YOUNG][YOUNG] += garbage
        self._dead_total += garbage
        self._kept[YOUNG] += kept
        self._kept_total += kept

    def end(self, garbage: float, kept: float) -> None:
        """The request ends: part of what is left is garbage, wherever it has got to."""
        self._kept_total += kept
        self._dead_total += garbage
        if self._aged == self._floor:
            self._dead[YOUNG][YOUNG] += garbage
            self._kept[YOUNG] += kept
        else:
            self._leave(garbage, kept)
        self.height = self._floor = self._aged = self._old = 0

    def _leave(self, garbage: float, kept: float) -> None:
        """Spread what is left over the generations that the request has got to."""
        left = self.height - self._floor
        old, aged = (self._old - self._floor) / left, (self._aged - self._floor) / left
        shares = (1.0 - aged, aged - old, old)
        oldest = OLD if shares[OLD] else MIDDLE if shares[MIDDLE] else YOUNG
        dead = self._dead[oldest]
        for generation in range(oldest + 1):
            dead[generation] += garbage * shares[generation]
        for generation, share in enumerate(shares):
            self._kept[generation] += kept * share

    def above_start(self, more: int = 0) -> float:
        """Tracked objects more than at the start; were the stack higher by ``more``."""
        live = (self.height + more - self._floor) * self._visited
        return self._kept_total + self._dead_total + live

    def tracked(self) -> int:
        """What collections look at, of all generations."""
        return int(self._start + self.above_start())

    def collect(self, generation: int) -> int:
        """See :class:`djtune.garbage.collector.Heap`."""
        new, seen = self._live(generation)
        visited = new * self._visited + seen * self._surviving
        left = (new + seen) * self._surviving
        visited += sum(self._kept[: generation + 1])
        left += self._promote(self._kept, generation)
        freed = 0.0
        for oldest, dead in enumerate(self._dead):
            part = sum(dead[: generation + 1])
            visited += part
            if oldest <= generation:
                freed += part
                dead[:] = [0.0] * len(dead)
            else:
                left += self._promote(dead, generation)
        self._dead_total -= freed
        self._age(generation)
        self.log.append(Collected(self.request, generation, visited, freed))
        return int(left)

    def _live(self, generation: int) -> tuple[int, int]:
        """Objects of the request that runs, up to ``generation``: not visited yet, and others."""
        down_to = (self._aged, self._old, self._floor)[generation]
        return self.height - self._aged, self._aged - down_to

    def _age(self, generation: int) -> None:
        self._aged = self.height
        if generation > YOUNG:
            self._old = self.height

    @staticmethod
    def _promote(parts: list[float], generation: int) -> float:
        """Move what is in ``generation`` or younger on; return how much that is."""
        moved = sum(parts[: generation + 1])
        parts[: generation + 1] = [0.0] * (generation + 1)
        parts[min(generation + 1, OLD)] += moved
        return moved
