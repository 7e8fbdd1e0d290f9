"""The first guess of what journeys cost."""

import pytest
from made_up import workload

from djtune.experiments.trials import first_costs

ASKED = workload((3, ["api/auth/", "api/epg/"]), (1, ["shows/<int:pk>/"]), (1, [""]))


def test_a_first_guess_takes_each_steps_quickest_answer() -> None:
    classes = [{"step": 0, "seconds": [0.5, 0.02]}, {"step": 1, "seconds": [0.03]}]
    launch, shows, front = first_costs(ASKED, classes)
    assert (launch.mean_s, launch.weight) == (pytest.approx(0.05), 3)
    assert shows.mean_s > 0
    assert front.mean_s > 0
