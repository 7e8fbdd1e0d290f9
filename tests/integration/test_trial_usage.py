"""What a trial tells of its process: collections, memory, the collector's state."""

import msgspec
import pytest
from worker_helpers import project, step, workload

from djtune.experiments.trials import opened, serve
from djtune.model.samples import Trial
from djtune.model.workload import Workload


@pytest.fixture(scope="module")
def trial() -> Trial:
    made = Trial([])
    journeys = msgspec.convert(workload([step("hello/")]), Workload)
    with opened(project("plain", settings="plain.settings"), journeys, "wsgi", 1, None) as worker:
        serve(worker, made, [300], [], 1, 60.0, 0.0, lambda _: None)
    return made


def test_every_collection_of_a_request_is_in_the_log(trial: Trial) -> None:
    for number, sample in enumerate(trial.samples):
        logged = [pause.generation for pause in trial.pauses if pause.request == number]
        assert [logged.count(generation) for generation in range(3)] == sample.collections


def test_collections_between_requests_belong_to_none(trial: Trial) -> None:
    assert trial.pauses
    assert all(-1 <= pause.request < len(trial.samples) for pause in trial.pauses)


def test_memory_has_its_peak_at_or_above_start_and_end(trial: Trial) -> None:
    assert trial.memory is not None
    assert trial.memory.peak >= max(trial.memory.start, trial.memory.end)
    requests = [number for number, _ in trial.memory.points]
    assert requests == sorted(requests)
    assert requests[-1] == len(trial.samples)


def test_the_state_of_the_collector_is_told(trial: Trial) -> None:
    assert trial.collector is not None
    assert trial.collector.enabled
    assert trial.collector.uncollectable == 0


def test_a_settled_trial_tells_of_what_follows_its_first_round() -> None:
    made = Trial([])
    journeys = msgspec.convert(workload([step("hello/")]), Workload)
    with opened(project("plain", settings="plain.settings"), journeys, "wsgi", 1, None) as worker:
        serve(worker, made, [200], [], 1, 60.0, 0.0, lambda _: None, settle=True)
    assert made.settled == 1
    assert made.pauses
    assert all(pause.request == -1 or pause.request >= 1 for pause in made.pauses)
    assert made.memory is not None
    assert made.memory.points[0][0] > 2
