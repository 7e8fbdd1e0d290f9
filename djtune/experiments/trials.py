"""Trials: fresh worker processes, one after another, each given the time that is left to it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import fmean, pstdev
from typing import Any

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments import noise
from djtune.experiments.allocation import RouteCost, allocate, proportional
from djtune.model.app import App
from djtune.model.noise import Noise
from djtune.model.policy import GcPolicy
from djtune.model.samples import Collector, Memory, Pause, Sample, Trial
from djtune.model.workload import Workload
from djtune.servers.worker import Worker, shareable

LEAST_A_TRIAL = 4
"""Times that each journey is made in a trial at least: the first is cold."""
LEAST_IN_A_MIX = 2
"""The same where the workload's own mix is made: once to settle, and once beside the others."""
OVERTIME = 1.5
AS_IT_IS = GcPolicy()

Tick = Callable[[float], None]


class TrialPlan(Struct, frozen=True):
    """What every trial is to do."""

    app: App
    workload: Workload
    interface: str
    skip: list[int]
    """Steps that are not asked for."""
    trials: int
    seconds: float
    """Time for all trials together, loading the app included."""
    seed: int = 1
    sign_in: dict[str, Any] | None = None
    settle: bool = False
    """As for blocks: see :class:`djtune.experiments.blocks.BlockPlan`."""
    as_weighted: bool = False
    policy: GcPolicy = AS_IT_IS


class Trials(Struct):
    """What has been measured so far; filled as the trials go, so that nothing is lost."""

    trials: list[Trial] = field(default_factory=list)
    noises: list[Noise] = field(default_factory=list)
    failure: str = ""
    """Why the last trial ended early."""


class Pace:
    """How much of the time of trials was the requests' own: what is around them takes its part."""

    def __init__(self) -> None:
        self._own = self._whole = 0.0

    def note(self, trial: Trial, seconds: float) -> None:
        """Take a trial that served for so long into account."""
        self._own += sum(sample.wall for sample in trial.samples) / 1e9
        self._whole += seconds

    def own(self, seconds: float) -> float:
        """The requests' part of ``seconds``; all of it before the first trial."""
        return seconds * min(1.0, self._own / self._whole) if self._own else seconds


def run_trials(plan: TrialPlan, costs: list[RouteCost], into: Trials, tick: Tick) -> None:
    """Run the trials, adding to ``into``; ``tick`` is told the seconds that pass.

    ``costs`` is the first guess of each journey's time; every trial sharpens it. A worker that
    dies ends the run: what was measured is kept and ``into.failure`` says why.
    """
    begun, pace = time.monotonic(), Pace()
    for number in range(plan.trials):
        left = plan.seconds - (time.monotonic() - begun)
        into.noises.append(noise.probe())
        try:
            _run_trial(plan, number, left / (plan.trials - number), costs, pace, into, tick)
        except DjtuneError as error:
            if not into.trials:
                raise
            into.failure = shareable(error)
            return
        costs = journey_costs(plan.workload, into.trials[-1].samples, costs)


def _run_trial(
    plan: TrialPlan,
    number: int,
    seconds: float,
    costs: Sequence[RouteCost],
    pace: Pace,
    into: Trials,
    tick: Tick,
) -> None:
    start = time.monotonic()
    seed = plan.seed + 1 + number
    with opened(plan.app, plan.workload, plan.interface, seed, plan.sign_in, plan.policy) as worker:
        budget = max(0.0, seconds - (time.monotonic() - start))
        trial = Trial([], complete=False)
        into.trials.append(trial)
        counts = shared_out(pace.own(budget), costs, as_weighted=plan.as_weighted)
        begun = time.monotonic()
        serve(
            worker,
            trial,
            counts,
            plan.skip,
            seed,
            budget * OVERTIME + 1,
            start,
            tick,
            settle=plan.settle,
        )
        pace.note(trial, time.monotonic() - begun)


def shared_out(
    seconds: float, costs: Sequence[RouteCost], *, as_weighted: bool, least: int = LEAST_IN_A_MIX
) -> list[int]:
    """How often to make each journey: in the workload's own mix, or as precision asks for.

    ``least`` is for the mix; with 0 journeys that are rarer than the trial is long are left out.
    """
    if not as_weighted:
        return allocate(seconds, costs, LEAST_A_TRIAL)
    counts = proportional(seconds, costs, least)
    return counts if any(counts) else proportional(seconds, costs, LEAST_IN_A_MIX)


@contextmanager
def opened(
    app: App,
    workload: Workload,
    interface: str,
    seed: int,
    sign_in: dict[str, Any] | None,
    policy: GcPolicy = AS_IT_IS,
) -> Iterator[Worker]:
    """A fresh worker with the workload ready to be asked for, its collector as ``policy`` says."""
    with Worker(app) as worker:
        worker.call(
            "open_session",
            workload=msgspec.to_builtins(workload),
            seed=seed,
            interface=interface,
            sign_in=sign_in,
        )
        if policy != AS_IT_IS:
            worker.call("set_policy", **msgspec.to_builtins(policy))
        yield worker


def serve(
    worker: Worker,
    trial: Trial,
    counts: Sequence[int],
    skip: Sequence[int],
    seed: int,
    seconds: float,
    told: float,
    tick: Tick,
    *,
    settle: bool = False,
) -> None:
    """Have each journey made as often as ``counts`` says, and keep the samples in ``trial``.

    After ``seconds`` no new journey is begun. ``tick`` is told the time since ``told`` as it
    passes. With ``settle``, collections and memory are those from the first full collection on,
    which then comes after one round of all journeys.
    """

    def keep(rows: Any) -> None:
        nonlocal told
        trial.samples.extend(msgspec.convert(rows, list[Sample]))
        now = time.monotonic()
        tick(now - told)
        told = now

    summary = worker.call(
        "run_trial",
        on_part=keep,
        counts=counts,
        skip=skip,
        seed=seed,
        seconds=seconds,
        settle=settle,
    )
    trial.distinct_users = summary["distinct"]["users"]
    trial.distinct_params = summary["distinct"]["params"]
    trial.asked = {int(step): asked for step, asked in summary["asked"].items()}
    trial.order = summary["order"]
    trial.settled = summary["settled"]
    trial.pauses = msgspec.convert(summary["pauses"], list[Pause])
    trial.memory = msgspec.convert(summary["memory"], Memory)
    trial.collector = msgspec.convert(summary["collector"], Collector)
    trial.complete = True


def journey_costs(
    workload: Workload, samples: Sequence[Sample], known: Sequence[RouteCost]
) -> list[RouteCost]:
    """Mean and spread of each journey's time, as the sum over its steps (taken as independent)."""
    by_step: dict[int, list[float]] = {}
    for sample in samples:
        if not sample.cold:
            by_step.setdefault(sample.step, []).append(sample.wall / 1e9)
    costs = []
    step = 0
    for journey, before in zip(workload.journeys, known, strict=True):
        steps = range(step, step + len(journey.steps))
        step += len(journey.steps)
        mean = sum(fmean(by_step[i]) for i in steps if i in by_step)
        variance = sum(pstdev(by_step[i]) ** 2 for i in steps if i in by_step)
        costs.append(RouteCost(mean, variance**0.5, journey.weight) if mean > 0 else before)
    return costs


def first_costs(workload: Workload, classes: Sequence[Mapping[str, Any]]) -> list[RouteCost]:
    """A first guess of each journey's time, from the requests that classed its steps."""
    seconds = {entry["step"]: entry["seconds"] for entry in classes}
    costs = []
    number = 0
    for journey in workload.journeys:
        steps = range(number, number + len(journey.steps))
        number += len(journey.steps)
        warm = [min(seconds[step]) for step in steps if seconds.get(step)]
        mean = sum(warm) or 0.001
        costs.append(RouteCost(mean, mean / 4, journey.weight))
    return costs
