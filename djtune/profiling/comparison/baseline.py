"""Talks to another checkout of the app: what it has in common with this one, run side by side."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments.allocation import RouteCost
from djtune.experiments.blocks import (
    BlockPlan,
    Blocks,
    affordable_blocks,
    run_blocks,
)
from djtune.experiments.trials import Tick, TrialPlan, Trials
from djtune.model.app import App
from djtune.model.routes import Route
from djtune.model.variant import Variant
from djtune.model.workload import Journey, Workload
from djtune.profiling import gather
from djtune.servers.worker import Worker
from djtune.workloads import choosing, unmeasured
from djtune.workloads.survey import sign_in

BASELINE, AGAIN, HERE = "baseline", "baseline again", "this checkout"
ARMS = (BASELINE, AGAIN, HERE)
"""The variants of a block; the baseline's second trial makes the A/A comparison."""
NEEDS = "it needs the same database, .env and the like as this checkout"


class Baseline(Struct):
    """The other checkout; filled step by step."""

    app: App
    name: str
    blocks_wanted: int
    facts: dict[str, Any] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    lacking: list[Journey] = field(default_factory=list)
    """Journeys that were not made, because the baseline has not all of their routes."""
    classes: list[dict[str, Any]] = field(default_factory=list)
    interface: str = ""
    start_seconds: float = 0.0
    blocks: Blocks = field(default_factory=Blocks)

    def restrict(self, workload: Workload) -> Workload:
        """Take out the journeys that ask for a route that the baseline does not have.

        Raises:
            DjtuneError: none is left.

        """
        kept: list[Journey] = []
        for journey in workload.journeys:
            known = all(step.route in self.routes for step in journey.steps)
            (kept if known else self.lacking).append(journey)
        weight = sum(journey.weight for journey in kept)
        if not weight:
            raise DjtuneError(
                f"the baseline {self.name} has none of the routes that are to be measured",
                hint="compare with a checkout that has, or leave --baseline-dir out",
            )
        per_hour = workload.journeys_per_hour
        if per_hour is not None:
            per_hour *= weight / sum(journey.weight for journey in workload.journeys)
        return msgspec.structs.replace(workload, journeys=kept, journeys_per_hour=per_hour)


def survey(baseline: Baseline, request: gather.Request, gathered: gather.Gathered) -> None:
    """Look at the routes of both checkouts, and class the steps that they have in common.

    Raises:
        DjtuneError: one of them cannot be loaded, or nothing can be compared.

    """
    with ExitStack() as stack:
        with _about(baseline):
            begun = time.monotonic()
            worker = stack.enter_context(Worker(baseline.app))
            baseline.start_seconds = time.monotonic() - begun
            _read_routes(baseline, worker)
        _refuse_foreign_code(baseline, request.app)
        gather.survey(msgspec.structs.replace(request, restrict=baseline.restrict), gathered)
        with _about(baseline):
            _class_steps(baseline, worker, request, gathered)
    _set_apart(baseline, gathered)


@contextmanager
def _about(baseline: Baseline) -> Iterator[None]:
    """Say of an error that it is about the baseline."""
    try:
        yield
    except DjtuneError as error:
        raise DjtuneError(
            f"the baseline {baseline.name}: {error.message}",
            hint=NEEDS,
            detail=error.detail,
            exit_code=error.exit_code,
        ) from error


def _read_routes(baseline: Baseline, worker: Worker) -> None:
    baseline.facts = worker.facts
    baseline.interface = baseline.app.interface or worker.facts["interface"]
    routes = msgspec.convert(worker.call("describe_routes"), list[Route])
    baseline.routes = {route.route: route for route in routes}


def _refuse_foreign_code(baseline: Baseline, here: App) -> None:
    """An editable install leads every checkout to one and the same code."""
    own, other = Path(baseline.app.directory), Path(here.directory)
    for route in baseline.routes.values():
        file = Path(route.file)
        if file.is_absolute() and file.is_relative_to(other) and not file.is_relative_to(own):
            raise DjtuneError(
                f"the baseline {baseline.name} imports this checkout's code: {file}",
                hint="it is installed editable here; give the baseline a .venv of its own",
            )


def _class_steps(
    baseline: Baseline, worker: Worker, request: gather.Request, gathered: gather.Gathered
) -> None:
    """Ask the baseline for every step of the workload."""
    begun = time.monotonic()
    opened = worker.call(
        "open_session",
        workload=msgspec.to_builtins(gathered.workload),
        seed=request.seed,
        interface=baseline.interface,
        sign_in=sign_in(request, gathered),
    )
    # What cannot be undone on either side is asked for on neither.
    gathered.unsafe |= unmeasured.unsafe_steps(
        gathered.workload, allowed=request.unsafe, unproven=opened["unproven"]
    )
    starting = baseline.start_seconds + time.monotonic() - begun
    baseline.start_seconds = max(starting, gathered.start_seconds)
    baseline.classes = worker.call("class_steps", skip=sorted(gathered.unsafe))


def _set_apart(baseline: Baseline, gathered: gather.Gathered) -> None:
    """Leave out the steps that the baseline does not answer as expected.

    Steps that either side signs in to past the app's authentication are so on both.

    Raises:
        DjtuneError: it answers none of the steps that this checkout answers.

    """
    forced = {entry["step"] for entry in baseline.classes if entry.get("forced")}
    for entry in gathered.classes:
        entry["forced"] = entry.get("forced") or entry["step"] in forced
    answered_here = {entry["step"] for entry in gathered.classes if entry["class"] == "ok"}
    failing = [
        entry
        for entry in baseline.classes
        if entry["class"] != "ok" and entry["step"] in answered_here
    ]
    gathered.apart = {entry["step"] for entry in failing}
    if failing and gathered.apart == answered_here:
        method, route = choosing.steps_of(gathered.workload)[failing[0]["step"]]
        why = unmeasured.explain(failing[0], gathered.signed_in)
        raise DjtuneError(
            f"the baseline {baseline.name} answers none of the routes as expected; "
            f"{method} /{route.lstrip('/')} needs {why}",
            hint=NEEDS,
        )


def timed_in_blocks(baseline: Baseline) -> gather.RunTrials:
    """What times this checkout and the baseline side by side, instead of this checkout alone."""

    def run(plan: TrialPlan, costs: list[RouteCost], into: Trials, tick: Tick) -> None:
        here = Variant(HERE, plan.app, plan.interface)
        twice = [Variant(name, baseline.app, baseline.interface) for name in (BASELINE, AGAIN)]
        try:
            run_blocks(
                BlockPlan(
                    variants=[*twice, here],
                    workload=plan.workload,
                    skip=plan.skip,
                    blocks=blocks_in(baseline, plan.seconds),
                    seconds=plan.seconds,
                    start_seconds=baseline.start_seconds,
                    seed=plan.seed,
                    sign_in=plan.sign_in,
                    baseline=(BASELINE, AGAIN),
                ),
                costs,
                baseline.blocks,
                tick,
            )
        finally:
            # This checkout's trials are what the rest of the report rests on.
            blocks = baseline.blocks.blocks
            into.trials += [block.trials[HERE] for block in blocks if HERE in block.trials]
            into.noises += baseline.blocks.noises
            into.failure = baseline.blocks.failure

    return run


def blocks_in(baseline: Baseline, seconds: float) -> int:
    """How many blocks there is time for."""
    return affordable_blocks(baseline.blocks_wanted, len(ARMS), seconds, baseline.start_seconds)
