"""Counts the instructions of a request exactly, policy by policy: no clock, hardly any noise."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from djtune.model.app import App
from djtune.model.policy import GcPolicy
from djtune.model.workload import Workload
from djtune.servers.instructions import Counter
from djtune.servers.worker import Worker

ROUNDS = (1, 2)
"""The second round costs what the two together cost more than the first: starting the app,
opening connections and first requests cancel out."""
PATIENCE = 30.0
"""Seconds that one request may take natively."""


class InstructionPlan(Struct, frozen=True):
    """What is counted."""

    app: App
    workload: Workload
    interface: str
    policies: list[GcPolicy]
    """A policy that comes twice shows how exact the count is."""
    counts: list[int]
    """How often each journey is made in a round; a few suffice."""
    skip: list[int]
    seconds: float
    """Time for everything."""
    seed: int = 1
    sign_in: dict[str, Any] | None = None


class Counted(Struct, frozen=True):
    """What one policy costs."""

    policy: str
    tool: str
    instructions: int
    """Of the second round, the warm one: garbage collection included."""
    requests: int
    """In that round."""
    ok: int
    """How many of both rounds' requests had the expected answer."""

    @property
    def per_request(self) -> float:
        """Instructions of the average request; NaN where none was made."""
        return self.instructions / self.requests if self.requests else float("nan")


class _Fork(Struct, frozen=True):
    number: int
    pid: int
    requests: int
    ok: int
    instructions: int = 0


def count_instructions(
    plan: InstructionPlan, counter: Counter, tick: Callable[[], None] = lambda: None
) -> list[Counted]:
    """Count every policy's instructions; ``tick`` is called ``2 · len(plan.policies)`` times.

    The hashes of strings are the same in every process. Raises :class:`DjtuneError` when the app
    fails, or there is no count after ``plan.seconds``.
    """
    parts = [
        {**msgspec.to_builtins(policy), "rounds": rounds}
        for policy in plan.policies
        for rounds in ROUNDS
    ]
    starts = [parts] if counter.by_process else [[part] for part in parts]
    forks = [fork for each in starts for fork in _count_forks(plan, counter, each, tick)]
    return [
        _counted(policy, counter, once, twice)
        for policy, once, twice in zip(plan.policies, forks[::2], forks[1::2], strict=True)
    ]


def _counted(policy: GcPolicy, counter: Counter, once: _Fork, twice: _Fork) -> Counted:
    return Counted(
        str(policy),
        counter.tool,
        twice.instructions - once.instructions,
        twice.requests - once.requests,
        twice.ok,
    )


def _count_forks(
    plan: InstructionPlan,
    counter: Counter,
    parts: Sequence[dict[str, Any]],
    tick: Callable[[], None],
) -> list[_Fork]:
    """Start the app once, and have a fork of it counted for each part."""
    forks: list[_Fork] = []

    def keep(row: Any) -> None:
        forks.append(msgspec.convert(row, _Fork))
        tick()

    with tempfile.TemporaryDirectory(prefix="djtune-count-") as folder:
        path = Path(folder)
        app = msgspec.structs.replace(
            plan.app,
            wrapper=[*plan.app.wrapper, *counter.wrapper(path)],
            env={**plan.app.env, "PYTHONHASHSEED": "0"},
        )
        with Worker(app, load_timeout=plan.seconds) as worker, worker.within(plan.seconds):
            worker.call(
                "open_session",
                workload=msgspec.to_builtins(plan.workload),
                seed=plan.seed,
                interface=plan.interface,
                sign_in=plan.sign_in,
            )
            worker.call(
                "replay_forked",
                on_part=keep,
                parts=list(parts),
                counts=plan.counts,
                skip=plan.skip,
                seed=plan.seed,
                limit_seconds=PATIENCE * counter.slowdown,
            )
        return [
            msgspec.structs.replace(fork, instructions=counter.read(path, fork.pid))
            for fork in forks
        ]
