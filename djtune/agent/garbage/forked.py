"""Replays in forks of this process, whose instructions are counted from outside.

All forks begin alike, so that what one executes more than another is what it was asked for more.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any

from .. import limit, probes
from ..calls import current
from ..errors import AgentError
from . import bare
from .policy import set_policy


def replay_forked(
    emit: Callable[[Any], None],
    parts: list[dict[str, Any]],
    counts: list[int],
    skip: list[int],
    seed: int,
    limit_seconds: float,
) -> dict[str, Any]:
    """Fork once for each part, one after another.

    A part holds the arguments of :func:`.policy.set_policy` and ``rounds``: how many times all
    journeys are made, the first time cold. Each fork emits its ``pid``, the ``number`` of its part
    in the list, its ``requests`` and how many of them were ``ok``.
    ``limit_seconds`` is what one request may take: an emulated processor is slow.
    """
    probes.remove()
    bare.let_go_of_connections()
    limit.SECONDS = limit_seconds
    journeys = bare.ordered(counts, seed)
    for number, part in enumerate(parts):
        pid = os.fork()
        if not pid:
            _fork(emit, number, part, journeys, set(skip))
        _, status = os.waitpid(pid, 0)
        if status:
            raise AgentError(f"the process that was counted ended with status {status}")
    return {}


def _fork(
    emit: Callable[[Any], None],
    number: int,
    part: dict[str, Any],
    journeys: list[int],
    skip: set[int],
) -> None:
    """The fork's life: it never returns, for the calls and their answers are the parent's."""
    try:
        policy = dict(part)
        rounds = policy.pop("rounds")
        set_policy(**policy)
        made = [bare.make(current(), journey, skip) for _ in range(rounds) for journey in journeys]
        requests, ok = map(sum, zip(*made, strict=True))
        emit({"number": number, "pid": os.getpid(), "requests": requests, "ok": ok})
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)
