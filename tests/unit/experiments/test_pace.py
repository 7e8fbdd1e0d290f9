"""What a trial takes beside its requests' own time, which the next one allows for."""

import pytest

from djtune.experiments.trials import Pace
from djtune.model.samples import PHASES, Sample, Trial

NONE = [0] * len(PHASES)
SECOND = 1_000_000_000


def trial(*walls: float) -> Trial:
    return Trial([answer(round(wall * SECOND)) for wall in walls])


def answer(wall: int) -> Sample:
    return Sample(
        0, False, True, 200, wall, wall, 0, NONE, {}, {}, 0, 0, 1, 1, -1, [0, 0, 0], 0, NONE
    )


def test_before_the_first_trial_all_time_is_the_requests():
    assert Pace().own(8) == 8


def test_what_trials_took_beside_their_requests_is_left_for_it():
    pace = Pace()
    pace.note(trial(0.5, 0.5), 4)
    assert pace.own(8) == pytest.approx(2)


def test_a_trial_that_made_hardly_a_request_does_not_decide_alone():
    pace = Pace()
    pace.note(trial(1, 1), 4)
    pace.note(trial(0.001), 0.1)
    assert pace.own(8) == pytest.approx(4, rel=0.05)


def test_a_trial_without_requests_changes_nothing():
    pace = Pace()
    pace.note(trial(), 1)
    assert pace.own(8) == 8
