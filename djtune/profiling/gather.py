"""Talks to the app: which steps answer, what they ask for again, how long they take."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import field

from djtune.errors import DjtuneError
from djtune.experiments.allocation import RouteCost
from djtune.experiments.trials import TrialPlan, Trials, first_costs, run_trials
from djtune.profiling import plan as planning
from djtune.profiling.trace import Traced
from djtune.servers.worker import Worker
from djtune.workloads.sources import read_sources
from djtune.workloads.survey import Question, Survey, open_session, sign_in, surveyed

REPEAT_JOURNEYS = 3
OVERHEAD_PAIRS = 40
STUDY_ROUNDS = 5
EXPLAINED = 5
"""Queries of a step whose plans --explain asks for: the dearest."""
STUDY_SHARE = 0.2
"""The detail pass takes at most about this part of the time that the timing pass is given."""
TRACED_TIMES = 15
TRACED_SECONDS = 3.0
"""How often a journey is made for its timeline, and how long that may go on."""

Tick = Callable[[float], None]
RunTrials = Callable[[TrialPlan, list[RouteCost], Trials, Tick], None]


class Request(Question, frozen=True, kw_only=True):
    """What the user asked ``djtune profile`` for."""

    budget: planning.Budget
    explain: bool = False
    """Ask the databases for the plans of the dearest queries."""


class Gathered(Survey, kw_only=True):
    """Everything that was measured; filled step by step, so that an interruption loses nothing."""

    repeats: list[dict[str, Any]] = field(default_factory=list)
    studies: list[dict[str, Any]] = field(default_factory=list)
    """What each step asks the databases for, from the detail pass."""
    study_failure: str = ""
    """Why there is no study."""
    sources: dict[str, str] = field(default_factory=dict)
    """The app's files in which querysets of the study begin, for patches."""
    overhead_rows: list[list[list[float]]] = field(default_factory=list)
    trials: Trials = field(default_factory=Trials)
    overhead_failure: str = ""
    """Why the price of the probes is not known."""
    seconds: float = 0.0
    complete: bool = False


def survey(request: Request, into: Gathered) -> None:
    """Load the app once: find its routes, class every step, and look for repeats.

    Raises :class:`DjtuneError` when nothing can be measured.
    """
    with surveyed(request, into) as worker:
        into.repeats = worker.call("find_repeats", skip=sorted(into.skip), times=REPEAT_JOURNEYS)
        _study(worker, request, into)


def _study(worker: Worker, request: Request, into: Gathered) -> None:
    """Look where the queries come from; the routes can be timed without."""
    try:
        into.studies = worker.call(
            "study_queries",
            skip=sorted(into.skip),
            rounds=STUDY_ROUNDS,
            seconds=request.budget.seconds * STUDY_SHARE,
            explained=EXPLAINED if request.explain else 0,
        )
    except DjtuneError as error:
        into.study_failure = error.message
        return
    begun = [place for study in into.studies for g in study["groups"] for place in g["begun"]]
    files = (place["where"].rpartition(":")[0] for place in begun)
    into.sources = read_sources(request.app, files)


def measure(
    request: Request, into: Gathered, tick: Tick, run_trials: RunTrials = run_trials
) -> None:
    """Time the routes in fresh workers, then price the probes themselves."""
    begun = time.monotonic()
    try:
        _measure(request, into, tick, run_trials)
    finally:
        into.seconds = time.monotonic() - begun


def _measure(request: Request, into: Gathered, tick: Tick, run_trials: RunTrials) -> None:
    skip = sorted(into.skip)
    run_trials(
        TrialPlan(
            app=request.app,
            workload=into.workload,
            interface=into.interface,
            skip=skip,
            trials=request.budget.affordable_trials(into.start_seconds),
            seconds=request.budget.seconds - request.budget.overhead,
            seed=request.seed,
            sign_in=sign_in(request, into),
        ),
        first_costs(into.workload, into.classes),
        into.trials,
        tick,
    )
    into.complete = not into.trials.failure
    if into.complete:
        # The routes are measured: a worker lost from here on costs one figure, not all.
        try:
            _price_probes(request, into, skip)
        except DjtuneError as error:
            into.overhead_failure = error.message
        tick(request.budget.overhead)


def _price_probes(request: Request, into: Gathered, skip: list[int]) -> None:
    """Serve every journey bare and timed in turn, in a worker of its own."""
    with Worker(request.app) as worker:
        open_session(worker, request, into)
        into.overhead_rows = worker.call(
            "measure_overhead",
            skip=skip,
            pairs=OVERHEAD_PAIRS,
            seconds=request.budget.overhead,
        )


def trace(request: Request, gathered: Gathered, steps: Sequence[int]) -> list[Traced]:
    """Follow ``steps`` slice by slice, in a fresh worker: the first request of each is cold."""
    traced: list[Any] = []
    with Worker(request.app) as worker:
        open_session(worker, request, gathered)
        worker.call(
            "trace_requests",
            skip=sorted(gathered.skip),
            steps=list(steps),
            times=TRACED_TIMES,
            seconds=TRACED_SECONDS,
            on_part=traced.append,
        )
    found = msgspec.convert(traced, list[Traced])
    return sorted(found, key=lambda each: list(steps).index(each.step))
