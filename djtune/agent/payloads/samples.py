"""Asks for responses and sends those in JSON to the CLI, which keeps no value of them."""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..calls import current, draw, follow
from ..exchange import Exchange
from ..player import Request
from ..session import classify

PATIENCE = 4
MOST_BODY = 16 * 2**20
"""Bytes of one body; a larger one is sized, not sent."""
MOST_SENT = 256 * 2**20
"""Bytes of all bodies that are sent."""


def sample_payloads(
    emit: Callable[[Any], None], skip: list[int], rounds: int, seconds: float, each: int
) -> int:
    """Make every journey ``rounds`` times, or until ``seconds`` have passed; return the rounds.

    The first round, which shows every endpoint once, may take :data:`PATIENCE` times as long.
    A part is one response that answered as expected; its body comes along where it is JSON.
    Of each step ``each`` bodies are sent, and no more than fits into memory.
    """
    session = current()
    sampler = _Sampler(emit, each)
    begun = time.monotonic()
    for number in range(rounds):
        for journey in range(len(session.workload["journeys"])):
            steps = draw(session, journey, set(skip))
            for _, request, exchange in follow(session, steps, timed=False):
                if request is not None and classify(exchange, request) == "ok":
                    sampler.take(request, exchange)
            if time.monotonic() - begun > seconds * (1 if number else PATIENCE):
                return number
    return rounds


class _Sampler:
    """Knows who and what was asked before, by ordinals that say nothing of either."""

    def __init__(self, emit: Callable[[Any], None], each: int) -> None:
        self._emit = emit
        self._each = each
        self._sent = 0
        self._taken: Counter[int] = Counter()
        self._users: dict[Any, int] = {}
        self._asked: dict[tuple[str, str], int] = {}

    def take(self, request: Request, exchange: Exchange) -> None:
        body = exchange.plain_body()
        kind = exchange.header("Content-Type").partition(";")[0].strip().lower()
        sample = {
            "step": request.step,
            "user": self._users.setdefault(request.user_pk, len(self._users)),
            "asked": self._asked.setdefault((request.path, request.query), len(self._asked)),
            "type": kind,
            "encoding": exchange.header("Content-Encoding"),
            "streamed": exchange.parts > 1,
            "wire": len(exchange.body),
            "size": len(body),
        }
        if is_json(kind) and self._may_send(request.step, len(body)):
            sample["body"] = base64.b64encode(body).decode()
        self._emit(sample)

    def _may_send(self, step: int, size: int) -> bool:
        allowed = (
            size <= MOST_BODY and self._sent + size <= MOST_SENT and self._taken[step] < self._each
        )
        if allowed:
            self._sent += size
            self._taken[step] += 1
        return allowed


def is_json(kind: str) -> bool:
    """Whether a content type is one JSON document."""
    return kind == "application/json" or kind.endswith("+json")
