"""The calls about a workload: class its steps, time them, price the probes, look for repeats."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from . import prices, probes, serving, study, study_summary, waits
from .clock import PHASES, WAITING
from .errors import AgentError
from .exchange import Exchange
from .player import Request, StepDraw
from .repeats import Repeats
from .session import SAFE_METHODS, Session, captured, classify
from .templates import WorkloadError

Emit = Callable[[Any], None]
ASKED_FIRST = 3
HALVED_ROUNDS = 2
_session: Session | None = None


def open_session(
    workload: dict[str, Any],
    seed: int,
    interface: str,
    sign_in: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Prepare the workload's users and values, and check what can be rolled back."""
    global _session
    _session = Session(workload, seed, interface, sign_in)
    unproven = _session.prove_rollback() if _has_unsafe_steps(workload) else {}
    probes.install()
    return {
        "unproven": unproven,
        "phases": PHASES,
        "connect_seconds": _session.rollback.connect_seconds,
    }


def _has_unsafe_steps(workload: dict[str, Any]) -> bool:
    return any(
        step.get("method", "GET") not in SAFE_METHODS
        for journey in workload["journeys"]
        for step in journey["steps"]
    )


def current() -> Session:
    """The session that is open; raises :class:`AgentError` where none is."""
    if _session is None:
        raise AgentError("no workload has been opened")
    return _session


def follow(
    session: Session, steps: Iterable[StepDraw], *, timed: bool = True, detail: Any = None
) -> Iterator[tuple[StepDraw, Request | None, Exchange]]:
    """Make a journey: each step with its request and answer.

    A step that needs what an earlier answer did not bring has no request, and an empty answer.
    """
    answers: dict[str, str] = {}
    for step in steps:
        try:
            request = step.request(answers)
        except WorkloadError as error:
            session.failures[step.plan.index] = error.message
            yield step, None, Exchange()
            continue
        exchange = session.serve(request, timed=timed, detail=detail)
        answers.update(captured(exchange, request.capture))
        yield step, request, exchange


def draw(session: Session, journey: int, skip: Container[int]) -> list[StepDraw]:
    """The steps of a journey with their values drawn, but for those that are not asked for."""
    return [step for step in session.player.draw(journey) if step.plan.index not in skip]


def class_steps(emit: Emit, skip: list[int]) -> list[dict[str, Any]]:
    """Ask for each step of each journey three times, and say what its answer is.

    The times are for planning only: the first is the first request of its kind here.
    """
    session = current()
    found: dict[int, dict[str, Any]] = {}
    for journey in range(len(session.workload["journeys"])):
        for _ in range(ASKED_FIRST):
            entries = list(_class_journey(session, journey, set(skip)))
            for entry in entries:
                _keep_best(found, entry)
            probes.install()
            if any(entry["step"] in session.endless for entry in entries):
                break
        emit({"journey": journey})
    return [found[step] for step in sorted(found)]


def _keep_best(found: dict[int, dict[str, Any]], entry: dict[str, Any]) -> None:
    """Take a step's newest answer, unless an earlier one was the expected one and it is not."""
    before = found.get(entry["step"])
    seconds = [*(before["seconds"] if before else []), entry["seconds"]]
    if before is None or entry["class"] in ("ok", "refused") or before["class"] != "ok":
        found[entry["step"]] = entry
    found[entry["step"]]["seconds"] = seconds


def _class_journey(session: Session, journey: int, skip: set[int]) -> Iterator[dict[str, Any]]:
    for step, request, exchange in follow(session, draw(session, journey, skip)):
        number = step.plan.index
        yield {
            "step": number,
            "class": classify(exchange, request) if request else "error",
            "status": exchange.status,
            "seconds": exchange.wall_ns / 1e9,
            "hosts": serving.refused_hosts(number),
            "failure": session.failures.get(number, ""),
            "forced": number in session.forced,
        }


def measure_overhead(
    emit: Emit, skip: list[int], pairs: int, seconds: float
) -> list[list[list[float]]]:
    """Make every journey bare and timed in turn: a block a round, with a row a step.

    A row is the step, its bare and its timed CPU seconds, and its queries. Bare requests run
    with every probe taken out; the collector is held off on both sides. A round that the time
    does not suffice for is left out.
    """
    session = current()
    deadline = time.monotonic() + seconds
    blocks: list[list[list[float]]] = []
    for pair in range(pairs):
        block = _overhead_block(session, set(skip), pair % 2 == 0, deadline)
        if not block:
            break
        blocks.append(block)
        emit({"pair": pair})
    probes.install()
    return blocks


def _overhead_block(
    session: Session, skip: set[int], bare_first: bool, deadline: float
) -> list[list[float]]:
    """One round: the same journeys twice; empty when time runs out."""
    journeys = [
        draw(session, journey, skip) for journey in range(len(session.workload["journeys"]))
    ]
    cpu: dict[bool, list[int]] = {}
    queries: list[int] = []
    for timed in (False, True) if bare_first else (True, False):
        (probes.install if timed else probes.remove)()
        # A full collection costs more than all probes together, and falls on either side.
        gc.collect()
        gc.disable()
        # What runs right after the switch is not counted: the interpreter's caches are cold.
        for _ in follow(session, journeys[0], timed=timed):
            pass
        exchanges: list[Exchange] = []
        for steps in journeys:
            exchanges += [exchange for _, _, exchange in follow(session, steps, timed=timed)]
            if time.monotonic() > deadline:
                gc.enable()
                return []
        gc.enable()
        cpu[timed] = [exchange.cpu_ns for exchange in exchanges]
        if timed:
            queries = [sum(e.clock.queries.values()) if e.clock else 0 for e in exchanges]
    numbers = [step.plan.index for steps in journeys for step in steps]
    return [
        [number, cpu[False][i] / 1e9, cpu[True][i] / 1e9, queries[i]]
        for i, number in enumerate(numbers)
        if cpu[False][i] and cpu[True][i]
    ]


def find_repeats(emit: Emit, skip: list[int], times: int) -> list[dict[str, Any]]:
    """Make each journey ``times`` times with detail, and say what it asks for again and again.

    Nothing is timed here. Parameters and keys are compared by digests that do not leave.
    """
    session = current()
    results: list[dict[str, Any]] = []
    for journey in range(len(session.workload["journeys"])):
        repeats = Repeats()
        for _ in range(times):
            repeats.start_journey()
            for _ in follow(session, draw(session, journey, set(skip)), detail=repeats):
                pass
        results.extend(dict(entry, journey=journey) for entry in repeats.summary())
        emit({"journey": journey})
    return results


def study_queries(
    emit: Emit, skip: list[int], rounds: int, seconds: float, explained: int = 0
) -> list[dict[str, Any]]:
    """Make each journey ``rounds`` times with detail: what each step asks for, and from where.

    Nothing is timed but the queries, in requests of their own. After ``seconds`` no new round is
    begun; the first requests of each step are also made with half of the rows. ``explained`` is
    for how many of a step's queries the database is asked for its plan.
    """
    session = current()
    recorder = study.Recorder()
    waiting = waits.Waits()
    deadline = time.monotonic() + seconds
    for number in range(rounds):
        for journey in range(len(session.workload["journeys"])):
            steps = draw(session, journey, set(skip))
            waited = _study_journey(session, steps, recorder, halved=number < HALVED_ROUNDS)
            if waited:
                _watch_journey(session, steps, waiting)
        emit({"round": number})
        if time.monotonic() > deadline and number >= 1:
            break
    session.rollback.begin()
    try:
        found = [
            study_summary.summary(step, seen, explained)
            for step, seen in sorted(recorder.steps.items())
        ]
    finally:
        session.rollback.end()
    for entry in found:
        entry["waits"] = waits.summary(waiting.steps[entry["step"]])
    return found


def _study_journey(
    session: Session, steps: list[StepDraw], recorder: study.Recorder, *, halved: bool
) -> bool:
    """Make a journey with prices, with places, and with half of the rows; return whether a
    request waited for something other than SQL and cache.
    """
    waited = False
    marks = prices.Prices()
    costs: dict[int, list[int]] = {}
    for step, request, exchange in follow(session, steps, detail=marks):
        clock = exchange.clock
        waited = waited or (clock is not None and exchange.phases_ns()[WAITING] >= waits.LEAST_NS)
        # What runs beside the request asks in no certain order, and cannot be matched.
        if request is not None and clock is not None and not any(clock.parallel):
            costs[step.plan.index] = marks.costs()
    asked: dict[int, Counter[int]] = {}
    with study.noting_rows(recorder):
        for step, request, exchange in follow(session, steps, detail=recorder):
            if request is not None:
                number = step.plan.index
                recorder.finish(request, classify(exchange, request) == "ok", costs.get(number))
                asked[number] = recorder.counted()
    if not halved:
        return waited
    with study.halved_rows(recorder):
        for step, request, exchange in follow(session, steps, detail=recorder):
            number = step.plan.index
            if request is not None and classify(exchange, request) == "ok" and number in asked:
                recorder.steps[number].halves.append((asked[number], recorder.counted()))
    return waited


def _watch_journey(session: Session, steps: list[StepDraw], waiting: waits.Waits) -> None:
    with waits.watched(waiting):
        for _, request, exchange in follow(session, steps, detail=waiting):
            if request is not None:
                waiting.finish(classify(exchange, request) == "ok")
