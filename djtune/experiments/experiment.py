"""An experiment: blocks of trials, looked at after each one, saved, and stopped in time."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field

from djtune.experiments import store
from djtune.experiments.allocation import RouteCost
from djtune.experiments.blocks import Block, BlockPlan, Blocks, run_blocks, seconds_left
from djtune.experiments.evidence import Comparison
from djtune.experiments.stopping import Reason, StoppingRule
from djtune.experiments.trials import Tick

Compare = Callable[[Sequence[Block]], Sequence[Comparison]]
"""What the complete blocks show, in the metrics whose intervals are to become narrow."""
Watch = Callable[[Sequence[Comparison]], None]


class Experiment(Struct, frozen=True):
    """A plan, and what is to be made of its blocks."""

    plan: BlockPlan
    compare: Compare
    half_width: float | None = None
    """How narrow the intervals are to be, relative to their figures; ``None``: as narrow as the
    plan's blocks and seconds make them."""
    file: Path | None = None
    """Where the complete blocks are kept; those there already count."""
    made_with: dict[str, str] = field(default_factory=dict)
    """The versions that the measurements depend on: ``{"Python": "3.13.0", "Django": "6.0"}``."""


def run(
    experiment: Experiment,
    costs: Sequence[RouteCost],
    into: Blocks,
    tick: Tick,
    watch: Watch = lambda _: None,
) -> None:
    """Run the experiment, adding to ``into``; see :func:`run_blocks` for what ends it.

    ``watch`` is shown the comparisons after each complete block, those from ``file`` included.
    Raises :class:`DjtuneError` where ``file`` cannot be read or is of another experiment.
    """
    plan, file, begun = experiment.plan, experiment.file, time.monotonic()
    identity = store.identity(plan, experiment.made_with)
    if file is not None:
        store.load(file, identity, into)
    known = len(into.blocks)
    rule = StoppingRule(plan.blocks, seconds_left(plan, known), experiment.half_width)

    def look(found: Blocks) -> Reason | None:
        comparisons = experiment.compare(found.complete)
        watch(comparisons)
        failed = {failure.variant for failure in found.failures}
        widths = [c.half_width for c in comparisons if c.variant not in failed]
        spent = time.monotonic() - begun
        another = spent / max(1, len(found.blocks) - known)
        return rule.decide(len(found.complete), widths, spent, another)

    def after(found: Blocks) -> Reason | None:
        if file is not None:
            store.save(file, identity, found)
        return look(found)

    into.stopped = look(into) if known else None
    if into.stopped is None:
        run_blocks(plan, costs, into, tick, after)
