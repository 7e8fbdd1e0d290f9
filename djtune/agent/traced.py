"""The call that follows chosen requests slice by slice: first, typical and slowest of each step."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from . import calls, probes
from .exchange import Exchange
from .probes.patches import Patches
from .session import Session, classify
from .trace import TracedClock, Tracer, install_labels

Emit = Callable[[Any], None]
FEWEST = 3
"""Times that a journey is made warm however long that takes."""


def trace_requests(
    emit: Emit, skip: list[int], steps: list[int], times: int, seconds: float
) -> None:
    """Make the journeys to ``steps`` once cold and ``times`` times warm; emit chosen requests.

    A journey is made no more after ``seconds``, once it has been made a few times. Answers that
    are not the expected ones are left out.
    """
    session = calls.current()
    probes.install()
    with Patches() as labels:
        first = 0
        for journey, made in enumerate(session.workload["journeys"]):
            wanted = set(steps) & set(range(first, first + len(made["steps"])))
            first += len(made["steps"])
            if wanted:
                answers = _make(session, journey, set(skip), times, seconds, labels)
                for step in sorted(wanted):
                    for chosen in _chosen(step, answers[step]):
                        emit(chosen)


def _make(
    session: Session,
    journey: int,
    skip: Container[int],
    times: int,
    seconds: float,
    labels: Patches,
) -> dict[int, list[Exchange | None]]:
    """Make a journey again and again; return the answers by step, the cold one first.

    ``None`` stands for an answer that is no measurement.
    """
    answers: dict[int, list[Exchange | None]] = defaultdict(list)
    deadline = time.monotonic() + seconds
    for number in range(1 + times):
        if number > FEWEST and time.monotonic() > deadline:
            break
        # The request before may have imported what is to be watched; labels go around probes.
        probes.install()
        install_labels(labels)
        steps = calls.draw(session, journey, skip)
        for step, request, exchange in calls.follow(session, steps, detail=Tracer()):
            ok = request is not None and classify(exchange, request) == "ok"
            answers[step.plan.index].append(exchange if ok else None)
    return answers


def _chosen(step: int, answers: Sequence[Exchange | None]) -> Iterator[dict[str, Any]]:
    """The first answer, and of the others that of median time and the slowest."""
    if not answers:
        return
    if (cold := answers[0]) is not None:
        yield _rows(step, "first", cold, 1)
    warm = sorted(filter(None, answers[1:]), key=lambda exchange: exchange.wall_ns)
    if warm:
        yield _rows(step, "typical", warm[(len(warm) - 1) // 2], len(warm))
    if len(warm) > 1:
        yield _rows(step, "slowest", warm[-1], len(warm))


def _rows(step: int, kind: str, exchange: Exchange, of: int) -> dict[str, Any]:
    """One request as plain data: what it is, what it took, and its tracks."""
    clock = exchange.clock
    assert isinstance(clock, TracedClock)
    return {
        "step": step,
        "kind": kind,
        "of": of,
        "wall": exchange.wall_ns,
        "queries": sum(clock.queries.values()),
        "cut": clock.cut,
        "tracks": clock.rows(),
    }
