"""Makes journeys with no probe in the way, for what is read of the process from outside."""

from __future__ import annotations

from collections.abc import Container

from ..calls import draw, follow
from ..session import Session, classify, journey_order


def ordered(counts: list[int], seed: int) -> list[int]:
    """The journeys to make, each as often as ``counts`` says, in random order."""
    first, rest = journey_order(counts, seed)
    return [*first, *rest]


def make(session: Session, journey: int, skip: Container[int]) -> tuple[int, int]:
    """Make a journey; return its number of requests, and how many had the expected answer."""
    steps = list(follow(session, draw(session, journey, skip), timed=False))
    good = [request and classify(exchange, request) == "ok" for _, request, exchange in steps]
    return len(steps), sum(map(bool, good))


def let_go_of_connections() -> None:
    """A connection that two processes write to mixes their answers up: each opens its own."""
    from django.core.cache import caches
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
    for cache in caches.all(initialized_only=True):
        cache.close()
