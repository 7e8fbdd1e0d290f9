"""Makes journeys with no probe in the way, for what is counted of the process from outside."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from .. import limit, probes
from ..calls import current, draw, follow
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


def replay_bare(
    emit: Callable[[Any], None],
    counts: list[int],
    skip: list[int],
    seed: int,
    limit_seconds: float,
) -> dict[str, int]:
    """Make the journeys without measuring anything; return ``requests`` and ``ok``.

    ``limit_seconds`` is what one request may take: an emulated processor is slow.
    """
    session = current()
    probes.remove()
    limit.SECONDS = limit_seconds
    requests = good = 0
    for journey in ordered(counts, seed):
        made, answered = make(session, journey, skip)
        requests += made
        good += answered
        emit({"requests": requests})
    return {"requests": requests, "ok": good}
