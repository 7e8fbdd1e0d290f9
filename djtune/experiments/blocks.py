"""Blocks: one trial of each variant, side by side and in random order, asked for the same."""

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments import noise
from djtune.experiments.allocation import RouteCost, allocate
from djtune.experiments.trials import LEAST_A_TRIAL, Tick, journey_costs, opened, serve
from djtune.model.app import App
from djtune.model.samples import Sample, Trial
from djtune.model.workload import Workload

OVERTIME = 1.5
LEAST_BLOCKS = 4
"""With fewer, the intervals of several comparisons leave nothing out."""
STARTING = 0.75
"""What part of the time starting may take: blocks tell more than requests do."""


class Variant(Struct, frozen=True):
    """One configuration of the app to try."""

    name: str
    app: App
    interface: str


class BlockPlan(Struct, frozen=True):
    """What every block is to do."""

    variants: list[Variant]
    """Told apart by name; a variant that comes twice makes an A/A comparison."""
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


class Block(Struct):
    """The trials that are compared with each other, by the variant's name."""

    trials: dict[str, Trial] = field(default_factory=dict)
    complete: bool = False


class Blocks(Struct):
    """What has been measured so far; filled as the trials go, so that nothing is lost."""

    blocks: list[Block] = field(default_factory=list)
    noises: list[noise.Noise] = field(default_factory=list)
    failure: str = ""
    """Why the last block ended early."""

    @property
    def complete(self) -> list[Block]:
        """The blocks in which every variant had its trial."""
        return [block for block in self.blocks if block.complete]


def affordable_blocks(wanted: int, variants: int, seconds: float, start_seconds: float) -> int:
    """How many blocks of so many variants there is time for, where each takes so long to start."""
    affordable = int(seconds * STARTING / (variants * max(start_seconds, 0.001)))
    return min(wanted, max(LEAST_BLOCKS, affordable))


def run_blocks(plan: BlockPlan, costs: Sequence[RouteCost], into: Blocks, tick: Tick) -> None:
    """Run the blocks, adding to ``into``; ``tick`` is told the seconds that pass.

    The variants of a block make the same requests in the same order: each journey as often as
    the mean time that it took them before suggests, drawn by the block's seed. A worker that dies
    ends the run: what was measured is kept and ``into.failure`` says whose it was and why.
    """
    begun = time.monotonic()
    starting = [plan.start_seconds]
    dice = random.Random(plan.seed)
    for number in range(plan.blocks):
        left = plan.seconds - (time.monotonic() - begun)
        into.noises.append(noise.probe())
        block = Block()
        into.blocks.append(block)
        seconds = left / (plan.blocks - number)
        serving = max(0.0, seconds - fmean(starting) * len(plan.variants))
        counts = allocate(serving / len(plan.variants), costs, LEAST_A_TRIAL)
        for variant in dice.sample(plan.variants, len(plan.variants)):
            try:
                starting.append(
                    _run_variant(plan, variant, number, counts, serving * OVERTIME + 1, block, tick)
                )
            except DjtuneError as error:
                into.failure = f"{variant.name}: {error.message}"
                if not any(trial.samples for trial in block.trials.values()) and number == 0:
                    raise
                return
        block.complete = True
        pooled = [sample for trial in block.trials.values() for sample in trial.samples]
        costs = journey_costs(plan.workload, pooled, costs)


def _run_variant(
    plan: BlockPlan,
    variant: Variant,
    number: int,
    counts: Sequence[int],
    seconds: float,
    block: Block,
    tick: Tick,
) -> float:
    """Run one variant's trial of a block; return what starting its worker took."""
    begun = time.monotonic()
    seed = plan.seed + 1 + number
    with opened(variant.app, plan.workload, variant.interface, seed, plan.sign_in) as worker:
        start_seconds = time.monotonic() - begun
        trial = block.trials[variant.name] = Trial([], complete=False)
        serve(worker, trial, counts, plan.skip, seed, seconds, begun, tick)
    return start_seconds


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
