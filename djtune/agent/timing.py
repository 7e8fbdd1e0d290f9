"""The timing pass: journeys served in random order, each request a row of counters and times."""

from __future__ import annotations

import gc
import time
import zlib
from collections.abc import Callable
from typing import Any

from . import probes
from .calls import current, draw, follow
from .clock import PHASES
from .exchange import Exchange
from .garbage import memory
from .player import Request, captures_of
from .probes import collector
from .session import FIRST_ROUNDS, classify, journey_order

Emit = Callable[[Any], None]
ROWS_A_PART = 64
GZIPPED_A_STEP = 2
MEMORY_POINTS = 50
SETTLING_ROUNDS = 1


def run_trial(
    emit: Emit,
    counts: list[int],
    skip: list[int],
    seed: int,
    seconds: float,
    settle: bool = False,
) -> dict[str, Any]:
    """Serve journeys in random order, timed; emit rows of samples.

    ``counts`` says how often each journey is made. After ``seconds`` no new journey is begun,
    once each has been made twice. With ``settle`` each is made once, then the process is
    collected as a whole, and its collections and memory are told from there on.
    """
    session = current()
    seen: set[tuple[str, str]] = set()
    asked_for: dict[int, int] = {}
    gzipped: dict[int, int] = {}
    rows: list[list[Any]] = []
    deadline = time.monotonic() + seconds
    made = 0
    first, rest = journey_order(counts, seed, SETTLING_ROUNDS if settle else FIRST_ROUNDS)
    order = [*first, *rest]
    usage = Usage(len(order))
    for number, journey in enumerate(order):
        if settle and number == len(first):
            usage.settle()
        if number >= len(first) and time.monotonic() > deadline:
            break
        for step, request, exchange in follow(session, draw(session, journey, set(skip))):
            usage.count_request()
            if request is None or exchange.clock is None:
                rows.append(_failed_row(step.plan.index, exchange.status))
                continue
            if number < len(first) and not captures_of(step.plan):
                asked_for[step.plan.index] = _checksum(request, asked_for.get(step.plan.index, 0))
            asked = (request.method, request.route)
            if asked not in seen:
                probes.install()  # its first request may have imported what is to be watched
            rows.append(_row(exchange, request, asked not in seen, gzipped))
            seen.add(asked)
        made += 1
        usage.look(made)
        if len(rows) >= ROWS_A_PART:
            emit(rows)
            rows = []
    emit(rows)
    return {
        "order": order[len(first) if settle else 0 : made],
        "distinct": session.player.distinct(),
        "asked": asked_for,
        **usage.summary(),
    }


class Usage:
    """What a trial does to the process: its collections, its memory, and the collector's state."""

    def __init__(self, journeys: int) -> None:
        self._every = max(1, journeys // MEMORY_POINTS)
        self._requests = 0
        self._settled = 0
        self._begin()

    def _begin(self) -> None:
        self._points: list[list[int]] = []
        memory.reset_peak()
        self._start = memory.rss()
        collector.start_log(self._requests)

    def settle(self) -> None:
        """Collect everything, and begin anew: the generations' counts are those of this moment."""
        gc.collect()
        self._settled = self._requests
        self._begin()

    def count_request(self) -> None:
        """Note that a request has been served."""
        self._requests += 1
        collector.next_request()

    def look(self, made: int) -> None:
        """Note the memory, once in a while: after ``made`` journeys."""
        if made % self._every == 0:
            self._points.append([self._requests, memory.rss()])

    def summary(self) -> dict[str, Any]:
        """Rows and figures as ``djtune.model.samples`` names them."""
        pauses = collector.take_log()
        return {
            "settled": self._settled,
            "pauses": pauses,
            "memory": {
                "start": self._start,
                "peak": memory.peak(),
                "end": memory.rss(),
                "points": self._points,
                **memory.shared(),
            },
            "collector": {
                "thresholds": list(gc.get_threshold()),
                "enabled": gc.isenabled(),
                "frozen": gc.get_freeze_count(),
                "uncollectable": len(gc.garbage),
            },
        }


def _checksum(request: Request, before: int) -> int:
    """What tells two replays of a step apart if they ask for different things."""
    asked = f"{request.path}?{request.query} {request.user_pk} {sorted(request.headers.items())}"
    return zlib.crc32(asked.encode() + request.body, before)


def _failed_row(step: int, status: int) -> list[Any]:
    """The row of a step that could not be asked for, or whose answer broke off."""
    none = [0] * len(PHASES)
    return [step, False, False, status, 0, 0, 0, none, {}, {}, 0, 0, 0, 0, -1, [0, 0, 0], 0, none]


def _row(exchange: Exchange, request: Request, cold: bool, gzipped: dict[int, int]) -> list[Any]:
    """A sample as a row, in the order of ``djtune.model.samples.Sample``."""
    clock = exchange.clock
    assert clock is not None
    phases = exchange.phases_ns()
    raw, packed = _sizes(exchange, request.step, gzipped)
    return [
        request.step,
        cold,
        classify(exchange, request) == "ok",
        exchange.status,
        exchange.wall_ns,
        exchange.cpu_ns,
        exchange.machine_ns,
        phases,
        clock.queries,
        clock.sql_ns,
        clock.cache_hits,
        clock.cache_misses,
        raw,
        len(exchange.body),
        packed,
        clock.collections,
        clock.hops,
        clock.parallel,
    ]


def _sizes(exchange: Exchange, step: int, gzipped: dict[int, int]) -> tuple[int, int]:
    """Bytes of the body before and after gzip; -1 where it was not packed this time."""
    raw = exchange.raw_size()
    if exchange.header("Content-Encoding") == "gzip":
        return raw, len(exchange.body)
    if gzipped.get(step, 0) >= GZIPPED_A_STEP:
        return raw, -1
    gzipped[step] = gzipped.get(step, 0) + 1
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return raw, len(packer.compress(exchange.body) + packer.flush())
