"""Runs real gunicorn workers, frozen and not, in blocks of random order."""

import random
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments.trials import opened
from djtune.garbage.prefork import ARMS, Arm
from djtune.model.app import App
from djtune.model.workload import Workload
from djtune.servers.prefork import FreezeIn, Served, Share, serve_shares
from djtune.servers.worker import shareable


class PreforkPlan(Struct, frozen=True):
    """What every run is to do."""

    app: App
    workload: Workload
    interface: str
    skip: list[int]
    counts: list[int]
    """How often each journey is made in each worker."""
    workers: int
    blocks: int
    seconds: float
    """What serving may take in one run."""
    thresholds: list[int] | None = None
    seed: int = 1
    sign_in: dict[str, Any] | None = None


class PreforkBlocks(Struct):
    """What has been measured so far; filled as the runs go, so that nothing is lost."""

    blocks: list[dict[Arm, Served]] = field(default_factory=list)
    """Whole ones alone."""
    failure: str = ""


def run_prefork(
    plan: PreforkPlan, into: PreforkBlocks, tick: Callable[[float], None] = lambda _: None
) -> None:
    """Run the blocks, adding to ``into``; ``tick`` is told the part of them that each has been.

    Where a run fails before a block is whole there is nothing to compare, and its
    :class:`DjtuneError` is raised; later the blocks so far are kept and ``into.failure`` says why.
    """
    dice = random.Random(plan.seed)
    for number in range(plan.blocks):
        arms = list(ARMS)
        try:
            block = {
                arm: _run(plan, ARMS[arm], plan.seed + 1 + number)
                for arm in dice.sample(arms, len(arms))
            }
        except DjtuneError as error:
            if not into.blocks:
                raise
            into.failure = shareable(error)
            return
        into.blocks.append(block)
        tick(1 / plan.blocks)


def _run(plan: PreforkPlan, freeze_in: FreezeIn, seed: int) -> Served:
    share = Share(plan.counts, plan.skip, seed, plan.workers, freeze_in, plan.thresholds)
    with opened(plan.app, plan.workload, plan.interface, seed, plan.sign_in) as worker:
        return serve_shares(worker, share, plan.seconds)
