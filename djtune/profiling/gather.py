"""Talks to the app: which steps answer, what they ask for again, how long they take."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments.allocation import RouteCost
from djtune.experiments.trials import TrialPlan, Trials, run_trials
from djtune.model.app import App
from djtune.model.routes import Route
from djtune.model.workload import Workload
from djtune.profiling import plan as planning
from djtune.profiling.result import Unmeasured
from djtune.profiling.trace import Traced
from djtune.servers.worker import Worker
from djtune.workloads.urlconf import from_routes

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


class Request(Struct, frozen=True):
    """What the user asked ``djtune profile`` for."""

    app: App
    budget: planning.Budget
    workload: Workload | None
    """``None``: every route of the URLconf that can be asked for, equally often."""
    patterns: list[str]
    sign_in: dict[str, Any] | None
    unsafe: bool
    seed: int
    explain: bool = False
    """Ask the databases for the plans of the dearest queries."""
    restrict: Callable[[Workload], Workload] | None = None
    """Takes out of the workload what is not to be asked for."""


class Gathered(Struct):
    """Everything that was measured; filled step by step, so that an interruption loses nothing."""

    workload: Workload = field(default_factory=lambda: Workload([]))
    facts: dict[str, Any] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    wanting: list[Unmeasured] = field(default_factory=list)
    """Routes of the URLconf that cannot be asked for without help."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Why routes were left out of a bare run → how many."""
    classes: list[dict[str, Any]] = field(default_factory=list)
    unsafe: dict[int, str] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    """Steps that answer as expected here, but not in the baseline that this is compared with."""
    repeats: list[dict[str, Any]] = field(default_factory=list)
    studies: list[dict[str, Any]] = field(default_factory=list)
    """What each step asks the databases for, from the detail pass."""
    study_failure: str = ""
    """Why there is no study."""
    sources: dict[str, str] = field(default_factory=dict)
    """The app's files in which querysets of the study begin, for patches."""
    overhead_rows: list[list[list[float]]] = field(default_factory=list)
    trials: Trials = field(default_factory=Trials)
    connect_seconds: dict[str, float] = field(default_factory=dict)
    interface: str = ""
    start_seconds: float = 0.0
    """What it takes to start a worker and open the workload."""
    overhead_failure: str = ""
    """Why the price of the probes is not known."""
    signed_in: bool = False
    """The requests that name no user are made by the one of ``--as``."""
    seconds: float = 0.0
    complete: bool = False

    @property
    def forced(self) -> list[int]:
        """Steps whose user is signed in past the app's own authentication."""
        return [entry["step"] for entry in self.classes if entry.get("forced")]

    @property
    def skip(self) -> set[int]:
        """Steps that are in no figure."""
        bad = {entry["step"] for entry in self.classes if entry["class"] != "ok"}
        return bad | set(self.unsafe) | self.apart


def survey(request: Request, into: Gathered) -> None:
    """Load the app once: find its routes, class every step, and look for repeats.

    Raises :class:`DjtuneError` when nothing can be measured.
    """
    begun = time.monotonic()
    with Worker(request.app) as worker:
        into.start_seconds = time.monotonic() - begun
        into.facts = worker.facts
        into.signed_in = request.sign_in is not None
        into.interface = request.app.interface or worker.facts["interface"]
        routes = msgspec.convert(worker.call("describe_routes"), list[Route])
        into.routes = {route.route: route for route in routes}
        workload = request.workload or _whole_urlconf(routes, request.patterns, into)
        _refuse_wanting(workload, request.patterns, into)
        into.workload = planning.choose_journeys(workload, request.patterns)
        if request.restrict is not None:
            into.workload = request.restrict(into.workload)
        begun = time.monotonic()
        opened = open_session(worker, request, into)
        into.start_seconds += time.monotonic() - begun
        into.connect_seconds = opened["connect_seconds"]
        into.unsafe = planning.unsafe_steps(
            into.workload, allowed=request.unsafe, unproven=opened["unproven"]
        )
        into.classes = worker.call("class_steps", skip=sorted(into.unsafe))
        _require_something_measurable(into)
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
    for file in sorted({place["where"].rpartition(":")[0] for place in begun}):
        path = Path(request.app.directory) / file
        if not Path(file).is_absolute() and path.is_file():
            into.sources[file] = path.read_text(encoding="utf-8", errors="replace")


def _whole_urlconf(routes: Sequence[Route], patterns: Sequence[str], into: Gathered) -> Workload:
    """Every route that can be asked for; what cannot is remembered with its reason."""
    workload, skipped = from_routes(list(routes))
    for entry in skipped:
        if not entry.params:  # no recipe would help: it is no page of the app, or takes no GET
            why = entry.reason.removeprefix("left out: ")
            into.left_out[why] = into.left_out.get(why, 0) + 1
        elif planning.chosen(entry.route, patterns):
            where = planning.where(entry.route, into.routes)
            into.wanting.append(
                Unmeasured(entry.method, entry.route, "recipe", entry.reason, where)
            )
    if not workload.journeys:
        raise DjtuneError(
            "no route of the URLconf can be asked for without help",
            hint="write a workload: djtune workload init",
        )
    return workload


def _refuse_wanting(workload: Workload, patterns: Sequence[str], into: Gathered) -> None:
    """Say what a route lacks that was asked for by name but cannot be asked for."""
    routes = [route for _, route in planning.steps_of(workload)]
    if patterns and into.wanting and not any(planning.chosen(r, patterns) for r in routes):
        first = into.wanting[0]
        raise DjtuneError(
            f"/{first.route} {first.detail}", hint="give it one: djtune workload init"
        )


def _require_something_measurable(into: Gathered) -> None:
    if any(entry["class"] == "ok" for entry in into.classes):
        return
    missing = planning.unmeasured(
        into.workload, into.classes, into.unsafe, into.routes, into.signed_in
    )
    first = missing[0]
    raise DjtuneError(
        f"none of the {len(missing)} routes answered as expected; "
        f"{first.method} /{first.route} needs {first.detail}",
        hint="pass --as USER, or give the routes recipes: djtune workload init",
    )


def open_session(worker: Worker, request: Request, into: Gathered) -> dict[str, Any]:
    """Have the worker prepare the workload, as the survey found that it has to."""
    opened: dict[str, Any] = worker.call(
        "open_session",
        workload=msgspec.to_builtins(into.workload),
        seed=request.seed,
        interface=into.interface,
        sign_in=sign_in(request, into),
    )
    return opened


def sign_in(request: Request, into: Gathered) -> dict[str, Any] | None:
    """Who signs in and how, with what the survey found about steps that need more."""
    return {**request.sign_in, "forced": into.forced} if request.sign_in else None


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
        planning.first_costs(into.workload, into.classes),
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
