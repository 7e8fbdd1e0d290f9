"""Blocks: one trial of each variant, side by side and in random order, asked for the same."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from statistics import fmean
from typing import Any

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments import noise
from djtune.experiments.allocation import RouteCost
from djtune.experiments.stopping import Reason
from djtune.experiments.trials import Pace, Tick, journey_costs, opened, serve, shared_out
from djtune.model.noise import Noise
from djtune.model.samples import Sample, Trial
from djtune.model.variant import Variant
from djtune.model.workload import Workload
from djtune.servers.worker import Worker, WorkerLostError, shareable

OVERTIME = 1.5
LEAST_BLOCKS = 4
"""With fewer, the intervals of several comparisons leave nothing out."""
STARTING = 0.75
"""What part of the time starting may take: blocks tell more than requests do."""
GRACE = 60.0
"""Seconds beyond its time after which a trial is ended: two requests that come to no end."""


class BlockPlan(Struct, frozen=True):
    """What every block is to do."""

    variants: list[Variant]
    """Told apart by name; a variant that comes twice (:func:`again`) makes an A/A comparison."""
    workload: Workload
    skip: list[int]
    """Steps that no variant is asked for."""
    blocks: int
    seconds: float
    """Time for all blocks together, loading the app included."""
    start_seconds: float
    """What starting one worker takes, as far as it is known before."""
    seed: int = 1
    sign_in: dict[str, Any] | None = None
    settle: bool = False
    """Tell collections and memory from a full collection on, after one round of all journeys."""
    as_weighted: bool = False
    """Make the journeys in the workload's own mix, for what they do to each other, instead of so
    that the total is as precise as can be."""
    baseline: tuple[str, ...] = ()
    """The names of the variants that the others are compared with: it ends with them."""
    grace: float = GRACE


class Failure(Struct, frozen=True):
    """Why a variant has no trials any more."""

    variant: str
    block: int
    """From 0."""
    why: str


class Block(Struct):
    """The trials that are compared with each other, by the variant's name."""

    trials: dict[str, Trial] = field(default_factory=dict)
    """In a complete block, those that ran to their end."""
    complete: bool = False


class Blocks(Struct):
    """What has been measured so far; filled as the trials go, so that nothing is lost."""

    blocks: list[Block] = field(default_factory=list)
    noises: list[Noise] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    failure: str = ""
    """Why the last block ended early."""
    stopped: Reason | None = None
    """Why no block followed the last one; ``None`` where it ended early."""

    @property
    def complete(self) -> list[Block]:
        """The blocks in which every variant had its trial, but those that failed by then."""
        return [block for block in self.blocks if block.complete]


AfterBlock = Callable[[Blocks], Reason | None]


def again(variant: Variant) -> Variant:
    """The same variant, to be measured a second time in each block."""
    return msgspec.structs.replace(variant, name=f"{variant.name} again")


def affordable_blocks(wanted: int, variants: int, seconds: float, start_seconds: float) -> int:
    """How many blocks of so many variants there is time for, where each takes so long to start."""
    affordable = int(seconds * STARTING / (variants * max(start_seconds, 0.001)))
    return min(wanted, max(LEAST_BLOCKS, affordable))


def seconds_left(plan: BlockPlan, known: int) -> float:
    """The time for the blocks that are still to be run, where some are known from before."""
    return plan.seconds * max(0, plan.blocks - known) / plan.blocks


def run_blocks(
    plan: BlockPlan,
    costs: Sequence[RouteCost],
    into: Blocks,
    tick: Tick,
    after: AfterBlock = lambda _: None,
) -> None:
    """Run the blocks, adding to ``into``; ``tick`` is told the seconds that pass.

    The variants of a block make the same requests in the same order: each journey as often as
    the mean time that it took them before suggests, drawn by the block's seed. Complete blocks
    that ``into`` holds already count, others are dropped. ``after`` each complete block the run
    goes on unless it is given a reason to stop.

    A variant whose worker fails is noted in ``into.failures`` and has no more trials. Where that
    leaves nothing to compare the run ends: ``into.failure`` says whose it was and why. Raises
    :class:`DjtuneError` for what fails before anything was measured, and for a variant that
    cannot even be started as it is meant to be.
    """
    begun, pace = time.monotonic(), Pace()
    starting = [plan.start_seconds]
    into.blocks[:] = into.complete
    into.stopped, into.failure = None, ""
    whole = seconds_left(plan, len(into.blocks))
    for number in range(len(into.blocks), plan.blocks):
        if into.blocks:
            costs = journey_costs(plan.workload, _pooled(into.blocks[-1]), costs)
        into.noises.append(noise.probe())
        seconds = (whole - (time.monotonic() - begun)) / (plan.blocks - number)
        if not _run_block(plan, number, seconds, costs, into, starting, pace, tick):
            return
        into.stopped = after(into)
        if into.stopped:
            return
    into.stopped = "blocks"


def _run_block(
    plan: BlockPlan,
    number: int,
    seconds: float,
    costs: Sequence[RouteCost],
    into: Blocks,
    starting: list[float],
    pace: Pace,
    tick: Tick,
) -> bool:
    """Run one trial of each variant that has not failed; return whether the block is complete.

    ``starting`` gets what starting each worker took.
    """
    block = Block()
    into.blocks.append(block)
    variants = _left(plan, into)
    serving = max(0.0, seconds - fmean(starting) * len(variants))
    share = serving / len(variants)
    counts = shared_out(pace.own(share), costs, as_weighted=plan.as_weighted, least=0)
    order = random.Random(f"{plan.seed} {number}").sample(variants, len(variants))
    for variant in order:
        try:
            starting.append(
                _run_variant(
                    plan, variant, number, counts, serving * OVERTIME + 1, block, pace, tick
                )
            )
        except DjtuneError as error:
            _refuse(variant, number, block, into, error)
            if not _comparable(plan, into):
                into.failure = f"{variant.name}: {shareable(error)}"
                if not _pooled(block) and number == 0:
                    raise
                return False
            block.trials.pop(variant.name, None)
    block.complete = True
    return True


def _refuse(variant: Variant, number: int, block: Block, into: Blocks, error: DjtuneError) -> None:
    """Note why a variant has no more trials; raise if it never could have had one."""
    lost = isinstance(error, WorkerLostError)
    if number == 0 and variant.name not in block.trials and not lost:
        into.failure = f"{variant.name}: {error.message}"
        raise error
    into.failures.append(Failure(variant.name, number, shareable(error)))


def _left(plan: BlockPlan, into: Blocks) -> list[Variant]:
    failed = {failure.variant for failure in into.failures}
    return [variant for variant in plan.variants if variant.name not in failed]


def _comparable(plan: BlockPlan, into: Blocks) -> bool:
    """Whether the whole baseline is left, and something to compare it with."""
    names = {variant.name for variant in _left(plan, into)}
    return names >= set(plan.baseline) and len(names) > max(1, len(plan.baseline))


def _run_variant(
    plan: BlockPlan,
    variant: Variant,
    number: int,
    counts: Sequence[int],
    seconds: float,
    block: Block,
    pace: Pace,
    tick: Tick,
) -> float:
    """Run one variant's trial of a block; return what starting its worker took."""
    begun = time.monotonic()
    with _opened(plan, variant, plan.seed + 1 + number) as worker:
        start_seconds = time.monotonic() - begun
        trial = block.trials[variant.name] = Trial([], complete=False)
        with worker.within(seconds + plan.grace):
            serve(
                worker,
                trial,
                counts,
                plan.skip,
                plan.seed + 1 + number,
                seconds,
                begun,
                tick,
                settle=plan.settle,
            )
        pace.note(trial, time.monotonic() - begun - start_seconds)
    return start_seconds


def _opened(plan: BlockPlan, variant: Variant, seed: int) -> AbstractContextManager[Worker]:
    return opened(variant.app, plan.workload, variant.interface, seed, plan.sign_in, variant.policy)


def _pooled(block: Block) -> list[Sample]:
    return [sample for trial in block.trials.values() for sample in trial.samples]


def matched(trials: Mapping[str, Trial]) -> dict[str, list[Sample]]:
    """The warm requests that every variant of a block answered as expected, by variant.

    The n-th request of a step is the same one in each trial. The lists run in step, so that
    ``zip`` gives the answers to one request.
    """
    by_variant = {name: _by_step(trial) for name, trial in trials.items()}
    steps = sorted(set.intersection(*(set(by_step) for by_step in by_variant.values())))
    kept: dict[str, list[Sample]] = {name: [] for name in trials}
    for step in steps:
        for answers in zip(*(by_step[step] for by_step in by_variant.values()), strict=False):
            if all(answer.ok and not answer.cold for answer in answers):
                for name, answer in zip(by_variant, answers, strict=True):
                    kept[name].append(answer)
    return kept


def differently_asked(trials: Mapping[str, Trial]) -> set[int]:
    """The steps that were not asked for the same by every variant: their data differ."""
    first, *others = trials.values()
    return {
        step for step, asked in first.asked.items() if any(_differs(t, step, asked) for t in others)
    }


def _differs(trial: Trial, step: int, asked: int) -> bool:
    return trial.asked.get(step, asked) != asked


def _by_step(trial: Trial) -> dict[int, list[Sample]]:
    by_step: dict[int, list[Sample]] = defaultdict(list)
    for sample in trial.samples:
        by_step[sample.step].append(sample)
    return by_step
