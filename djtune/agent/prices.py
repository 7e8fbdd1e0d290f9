"""What each query of a request costs, without looking at it."""

from __future__ import annotations

from typing import Any

from .clock import CURRENT, ORM, SQL_EXECUTE, SQL_FETCH


class Prices:
    """A mark at every query; what passes in SQL and ORM until the next one is the query's cost."""

    def __init__(self) -> None:
        self.marks: list[tuple[Any, int]] = []

    def start_step(self, _step: int) -> None:
        """Begin a request."""
        self.marks.clear()

    def note_query(self, _alias: str, _sql: Any, _params: Any) -> None:
        """Mark the beginning of a query."""
        clock = CURRENT.get()
        if clock is not None:
            self.marks.append((clock, _database_ns(clock)))

    def note_cache_get(self, _key: Any, _hit: bool) -> None:
        """Nothing of caches is priced."""

    def costs(self) -> list[int]:
        """Nanoseconds of SQL and ORM for each query, in order."""
        costs = [0] * len(self.marks)
        later: dict[int, int] = {}
        for number in range(len(self.marks) - 1, -1, -1):
            clock, mark = self.marks[number]
            costs[number] = later.get(id(clock), _database_ns(clock)) - mark
            later[id(clock)] = mark
        return costs


def _database_ns(clock: Any) -> int:
    totals = clock.totals
    return int(totals[SQL_EXECUTE] + totals[SQL_FETCH] + totals[ORM])
