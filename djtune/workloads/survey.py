"""A first look at the app: its routes, what can be asked for, and what each answer is."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.model.routes import Route, Unmeasured
from djtune.model.workload import Workload
from djtune.servers.worker import Worker
from djtune.workloads import choosing, unmeasured
from djtune.workloads.urlconf import from_routes


class Question(Struct, frozen=True, kw_only=True):
    """What the user asks to be measured."""

    app: App
    workload: Workload | None
    """``None``: every route of the URLconf that can be asked for, equally often."""
    patterns: list[str]
    sign_in: dict[str, Any] | None
    unsafe: bool
    seed: int
    restrict: Callable[[Workload], Workload] | None = None
    """Takes out of the workload what is not to be asked for."""


class Survey(Struct, kw_only=True):
    """What the first look found; filled step by step, so that an interruption loses nothing."""

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
    connect_seconds: dict[str, float] = field(default_factory=dict)
    interface: str = ""
    start_seconds: float = 0.0
    """What it takes to start a worker and open the workload."""
    signed_in: bool = False
    """The requests that name no user are made by the one of ``--as``."""

    @property
    def forced(self) -> list[int]:
        """Steps whose user is signed in past the app's own authentication."""
        return [entry["step"] for entry in self.classes if entry.get("forced")]

    @property
    def skip(self) -> set[int]:
        """Steps that are in no figure."""
        bad = {entry["step"] for entry in self.classes if entry["class"] != "ok"}
        return bad | set(self.unsafe) | self.apart


@contextmanager
def surveyed(question: Question, into: Survey) -> Iterator[Worker]:
    """Load the app: find its routes and class every step; the worker stays for more looks.

    Raises :class:`DjtuneError` when nothing can be measured.
    """
    begun = time.monotonic()
    with Worker(question.app) as worker:
        into.start_seconds = time.monotonic() - begun
        _survey(worker, question, into)
        yield worker


def _survey(worker: Worker, question: Question, into: Survey) -> None:
    into.facts = worker.facts
    into.signed_in = question.sign_in is not None
    into.interface = question.app.interface or worker.facts["interface"]
    routes = msgspec.convert(worker.call("describe_routes"), list[Route])
    into.routes = {route.route: route for route in routes}
    workload = question.workload or _whole_urlconf(routes, question.patterns, into)
    _refuse_wanting(workload, question.patterns, into)
    into.workload = choosing.choose_journeys(workload, question.patterns)
    if question.restrict is not None:
        into.workload = question.restrict(into.workload)
    begun = time.monotonic()
    opened = open_session(worker, question, into)
    into.start_seconds += time.monotonic() - begun
    into.connect_seconds = opened["connect_seconds"]
    into.unsafe = unmeasured.unsafe_steps(
        into.workload, allowed=question.unsafe, unproven=opened["unproven"]
    )
    into.classes = worker.call("class_steps", skip=sorted(into.unsafe))
    _require_something_measurable(into)


def _whole_urlconf(routes: Sequence[Route], patterns: Sequence[str], into: Survey) -> Workload:
    """Every route that can be asked for; what cannot is remembered with its reason."""
    workload, skipped = from_routes(list(routes))
    for entry in skipped:
        if not entry.params:  # no recipe would help: it is no page of the app, or takes no GET
            why = entry.reason.removeprefix("left out: ")
            into.left_out[why] = into.left_out.get(why, 0) + 1
        elif choosing.chosen(entry.route, patterns):
            where = unmeasured.where(entry.route, into.routes)
            into.wanting.append(
                Unmeasured(entry.method, entry.route, "recipe", entry.reason, where)
            )
    if not workload.journeys:
        raise DjtuneError(
            "no route of the URLconf can be asked for without help",
            hint="write a workload: djtune workload init",
        )
    return workload


def _refuse_wanting(workload: Workload, patterns: Sequence[str], into: Survey) -> None:
    """Say what a route lacks that was asked for by name but cannot be asked for."""
    routes = [route for _, route in choosing.steps_of(workload)]
    if patterns and into.wanting and not any(choosing.chosen(r, patterns) for r in routes):
        first = into.wanting[0]
        raise DjtuneError(
            f"/{first.route} {first.detail}", hint="give it one: djtune workload init"
        )


def _require_something_measurable(into: Survey) -> None:
    if any(entry["class"] == "ok" for entry in into.classes):
        return
    missing = unmeasured.unmeasured_routes(
        into.workload, into.classes, into.unsafe, into.routes, into.signed_in
    )
    first = missing[0]
    raise DjtuneError(
        f"none of the {len(missing)} routes answered as expected; "
        f"{first.method} /{first.route} needs {first.detail}",
        hint="pass --as USER, or give the routes recipes: djtune workload init",
    )


def open_session(worker: Worker, question: Question, into: Survey) -> dict[str, Any]:
    """Have the worker prepare the workload, as the survey found that it has to."""
    opened: dict[str, Any] = worker.call(
        "open_session",
        workload=msgspec.to_builtins(into.workload),
        seed=question.seed,
        interface=into.interface,
        sign_in=sign_in(question, into),
    )
    return opened


def sign_in(question: Question, into: Survey) -> dict[str, Any] | None:
    """Who signs in and how, with what the survey found about steps that need more."""
    return {**question.sign_in, "forced": into.forced} if question.sign_in else None
