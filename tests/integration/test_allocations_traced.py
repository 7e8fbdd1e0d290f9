"""The traced pass in a real worker, and what is simulated from it beside a real trial."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from worker_helpers import project, step, workload

from djtune.experiments.trials import opened, serve
from djtune.garbage.recording import Played, Recording
from djtune.garbage.simulate import simulate
from djtune.model.policy import parse
from djtune.model.samples import Trial
from djtune.model.workload import Workload
from djtune.servers.worker import Worker

SECTIONS = 3000
STEPS = [
    step("cycle/<int:sections>/", params={"sections": SECTIONS}),
    step("clean/"),
    step("visits/"),
]
REQUESTS = 60


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    journeys = msgspec.convert(workload(STEPS), Workload)
    with opened(project("leaky"), journeys, request.param, 1, None) as made:
        yield made


@pytest.fixture(scope="module")
def traced(worker: Worker) -> dict[str, Any]:
    return worker.call("trace_allocations", skip=[], rounds=4, seconds=30)


def curves(traced: dict[str, Any], number: int) -> list[dict[str, Any]]:
    return [curve for curve in traced["curves"] if curve["step"] == number]


def recording(traced: dict[str, Any]) -> Recording:
    journeys = [msgspec.to_builtins(Played(1.0, [number])) for number in range(len(STEPS))]
    return msgspec.convert({**traced, "journeys": journeys}, Recording)


def test_each_step_has_several_curves(traced: dict[str, Any]) -> None:
    assert [len(curves(traced, number)) >= 3 for number in range(len(STEPS))] == [True] * 3


def test_cycles_are_garbage_and_what_is_freed_is_not(traced: dict[str, Any]) -> None:
    for curve in curves(traced, 0):
        assert curve["garbage"] >= SECTIONS
        assert SECTIONS <= curve["points"][-1] <= max(curve["points"])
    assert all(curve["garbage"] < SECTIONS / 10 for curve in curves(traced, 1))


def test_the_collector_is_left_as_it_was(worker: Worker, traced: dict[str, Any]) -> None:
    state = worker.call("set_policy", thresholds=None, freeze=False, enabled=True)
    assert state["enabled"]
    assert state["thresholds"] == traced["thresholds"]
    assert state["frozen"] == 0


def test_an_app_that_switches_the_collector_on_hides_no_garbage() -> None:
    journeys = msgspec.convert(workload([step("enabled/"), step("dropped/")]), Workload)
    with opened(project("tuned"), journeys, "wsgi", 1, None) as worker:
        traced = worker.call("trace_allocations", skip=[], rounds=3, seconds=10)
    assert [curve["garbage"] >= 1000 for curve in curves(traced, 1)] == [True] * 3


@pytest.mark.parametrize("setting", ["default", "10000,10,10", "freeze+5000,5,2"])
def test_simulated_collections_are_those_of_a_trial(traced: dict[str, Any], setting: str) -> None:
    trial = Trial([])
    journeys = msgspec.convert(workload(STEPS), Workload)
    with opened(project("leaky"), journeys, "wsgi", 1, None, parse(setting)) as fresh:
        serve(fresh, trial, [REQUESTS] * 3, [], 1, 60.0, 0.0, lambda _: None, settle=True)
    seen = [sum(pause.generation == each for pause in trial.pauses) for each in range(3)]
    foreseen = simulate(recording(traced), parse(setting), order=trial.order)
    for simulated, real in zip(foreseen.collections, seen, strict=True):
        assert abs(simulated - real) <= max(2, 0.1 * real)
    freed = sum(pause.collected for pause in trial.pauses)
    # Two collections more or fewer are right, and so is what they free.
    slack = max(3 * SECTIONS, 0.2 * freed) + 2 * freed / max(1, sum(seen))
    assert sum(foreseen.freed) == pytest.approx(freed, rel=0, abs=slack)
