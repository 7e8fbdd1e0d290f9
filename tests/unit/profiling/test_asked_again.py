"""What the finding about repeated queries tells the user to do."""

import pytest

from djtune.model.workload import Journey, Step, Workload
from djtune.profiling.repeats import findings
from djtune.profiling.result import Repeat

STEPS = ["GET /a/", "GET /b/", "GET /c/"]
WORKLOAD = Workload([Journey("launch", [Step(route=name) for name in ("a/", "b/", "c/")])])


def asked(times: float, *, kind: str = "query", seconds: float = 0.01) -> Repeat:
    return Repeat(
        journey="launch",
        kind=kind,
        alias="default",
        pattern='SELECT "id" FROM "user" WHERE "id" = %s',
        steps=STEPS,
        times=times,
        seconds=seconds,
    )


def remedy(*repeats: Repeat, journey_seconds: float = 0.1) -> str:
    (finding,) = findings(repeats, {"launch": journey_seconds}, WORKLOAD)
    return finding.remedy


def test_a_query_made_once_by_each_request_is_to_be_cached_between_them():
    assert remedy(asked(2)).startswith("Keep what the requests share in one cached value")


def test_a_query_made_many_times_by_each_request_is_first_to_be_made_once():
    assert "About 80 % of this is one query several times within a request" in remedy(asked(10))


def test_dear_repeats_decide_which_of_the_two_comes_first():
    assert remedy(asked(10, seconds=0.001), asked(2, seconds=0.01)).startswith("Keep")


def test_a_query_that_not_every_journey_repeats_has_no_negative_part():
    assert remedy(asked(0.5)).startswith("Keep")


def test_a_cached_value_is_to_be_read_once():
    assert remedy(asked(2, kind="cache")).startswith("Read the value once a journey")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.02, "20 % of the"), (0.0001, "under 1 % of the"), (0.0, "under 1 %")]
)
def test_the_ceiling_is_said(seconds: float, said: str):
    assert said in remedy(asked(2, seconds=seconds))
