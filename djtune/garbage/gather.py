"""Talks to the app: what its requests leave behind, and what collections cost in it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments.allocation import proportional
from djtune.experiments.blocks import BlockPlan, Blocks, again
from djtune.experiments.evidence import compare
from djtune.experiments.experiment import Experiment, Watch, run
from djtune.experiments.instructions import Counted, InstructionPlan, count_instructions
from djtune.experiments.trials import TrialPlan, Trials, first_costs, opened, run_trials
from djtune.garbage import plan as planning
from djtune.garbage.prefork_trials import PreforkBlocks, PreforkPlan, run_prefork
from djtune.garbage.verify import AGAIN, CURRENT, Candidate, deciding
from djtune.model.policy import GcPolicy
from djtune.model.variant import Variant
from djtune.servers.instructions import find_counter
from djtune.servers.worker import shareable
from djtune.workloads.survey import Question, Survey, sign_in, surveyed

AUDIT_ROUNDS = 3
TRACED_ROUNDS = 5
PREFORK_BLOCKS = 4
PREFORK_SECONDS = 2.0
"""What each worker serves for, by the first guess of what requests take."""
PREFORK_LEAST = 2
PREFORK_PATIENCE = 180.0
"""Seconds after which one run is given up: on SQLite the workers serve in turn."""
COUNTED_SECONDS = 0.5
"""What the requests whose instructions are counted take natively, about."""
COUNTING_SECONDS = 1200.0
Tick = Callable[[float], None]


class Gathered(Survey, kw_only=True):
    """What was measured; filled stage by stage, so that an interruption loses nothing."""

    audited: list[dict[str, Any]] = field(default_factory=list)
    traced: dict[str, Any] | None = None
    current: Trials = field(default_factory=Trials)
    larger: Trials = field(default_factory=Trials)
    larger_policy: GcPolicy = GcPolicy()
    blocks: Blocks = field(default_factory=Blocks)
    failures: list[str] = field(default_factory=list)
    """Stages that could not be gone through, and why."""
    seconds: float = 0.0


def look(question: Question, into: Gathered, seconds: float) -> None:
    """Load the app once: find its routes, class every step, and audit what requests leave.

    Raises :class:`DjtuneError` when nothing can be measured.
    """
    with surveyed(question, into) as worker:
        try:
            into.audited = worker.call(
                "audit_garbage", skip=sorted(into.skip), rounds=AUDIT_ROUNDS, seconds=seconds
            )
        except DjtuneError as error:
            into.failures.append(f"the audit ended early: {shareable(error)}")


def trace(question: Question, into: Gathered, seconds: float) -> None:
    """Follow the collector's counter through requests of every step, in a fresh worker."""
    signed = sign_in(question, into)
    with opened(question.app, into.workload, into.interface, question.seed, signed) as worker:
        into.traced = worker.call(
            "trace_allocations", skip=sorted(into.skip), rounds=TRACED_ROUNDS, seconds=seconds
        )


def measure_current(question: Question, into: Gathered, seconds: float, tick: Tick) -> None:
    """Time the workload in fresh workers, the collector as the app leaves it."""
    trials = planning.trials(seconds, into.start_seconds, round_seconds(into))
    plan = _trial_plan(question, into, trials, seconds, GcPolicy())
    run_trials(plan, first_costs(into.workload, into.classes), into.current, tick)


def measure_larger(question: Question, into: Gathered, seconds: float, tick: Tick) -> None:
    """Time it once with large collections, for what those cost an object."""
    state = into.current.trials[-1].collector
    assert state is not None
    into.larger_policy = planning.larger(state.thresholds)
    plan = _trial_plan(question, into, 1, seconds, into.larger_policy)
    run_trials(plan, first_costs(into.workload, into.classes), into.larger, tick)


def round_seconds(gathered: Gathered) -> float:
    """What it takes to make every journey once, by the first guess."""
    return sum(cost.mean_s for cost in first_costs(gathered.workload, gathered.classes))


def _trial_plan(
    question: Question, into: Gathered, trials: int, seconds: float, policy: GcPolicy
) -> TrialPlan:
    return TrialPlan(
        app=question.app,
        workload=into.workload,
        interface=into.interface,
        skip=sorted(into.skip),
        trials=trials,
        seconds=seconds,
        seed=question.seed,
        sign_in=sign_in(question, into),
        settle=True,
        as_weighted=True,
        policy=policy,
    )


class Verifying(Struct, frozen=True):
    """How the settings are to be verified."""

    candidates: list[Candidate]
    blocks: int
    seconds: float
    file: Path | None = None
    """Where the blocks are kept, to go on from later."""


def block_plan(question: Question, gathered: Gathered, verifying: Verifying) -> BlockPlan:
    """The current setting twice and every candidate, side by side in each block."""
    current = Variant(CURRENT, question.app, gathered.interface)
    others = [
        Variant(candidate.name, question.app, gathered.interface, candidate.policy)
        for candidate in verifying.candidates
    ]
    return BlockPlan(
        variants=[current, again(current), *others],
        workload=gathered.workload,
        skip=sorted(gathered.skip),
        blocks=verifying.blocks,
        seconds=verifying.seconds,
        start_seconds=gathered.start_seconds,
        seed=question.seed,
        sign_in=sign_in(question, gathered),
        settle=True,
        as_weighted=True,
        baseline=(CURRENT, again(current).name),
    )


def verify(
    question: Question,
    gathered: Gathered,
    verifying: Verifying,
    tick: Tick,
    watch: Watch = lambda _: None,
) -> None:
    """Run the settings for real; ``watch`` is shown what the blocks say so far."""
    names = [candidate.name for candidate in verifying.candidates]
    experiment = Experiment(
        plan=block_plan(question, gathered, verifying),
        compare=lambda blocks: compare(deciding(blocks), names, CURRENT, AGAIN),
        file=verifying.file,
        made_with={name: gathered.facts[name.lower()] for name in ("Python", "Django")},
    )
    costs = first_costs(gathered.workload, gathered.classes)
    run(experiment, costs, gathered.blocks, tick, watch)


def prefork(
    question: Question, gathered: Gathered, workers: int, tick: Tick = lambda _: None
) -> PreforkBlocks:
    """Serve the workload by real gunicorn workers, frozen and not."""
    blocks = PreforkBlocks()
    costs = first_costs(gathered.workload, gathered.classes)
    plan = PreforkPlan(
        app=question.app,
        workload=gathered.workload,
        interface=gathered.interface,
        skip=sorted(gathered.skip),
        counts=proportional(PREFORK_SECONDS, costs, PREFORK_LEAST),
        workers=workers,
        blocks=PREFORK_BLOCKS,
        seconds=PREFORK_PATIENCE,
        seed=question.seed,
        sign_in=sign_in(question, gathered),
    )
    run_prefork(plan, blocks, tick)
    return blocks


def instructions(
    question: Question, gathered: Gathered, policies: Sequence[GcPolicy], tick: Tick
) -> list[Counted]:
    """Count the instructions of a few requests under each policy, the current one twice."""
    every = [GcPolicy(), GcPolicy(), *policies]
    costs = first_costs(gathered.workload, gathered.classes)
    plan = InstructionPlan(
        app=question.app,
        workload=gathered.workload,
        interface=gathered.interface,
        policies=every,
        counts=proportional(COUNTED_SECONDS, costs, 1),
        skip=sorted(gathered.skip),
        seconds=COUNTING_SECONDS,
        seed=question.seed,
        sign_in=sign_in(question, gathered),
    )
    return count_instructions(plan, find_counter(), lambda: tick(1 / (2 * len(every))))
