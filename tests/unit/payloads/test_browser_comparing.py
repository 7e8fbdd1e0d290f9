"""What two plays of a journey have in common, and what is told of the rest."""

import pytest

from djtune.payloads.browser.comparing import differences, unstable_between
from djtune.payloads.browser.jobs import Outcome, Seen
from djtune.payloads.clients import Difference


def play(places=None, *, errors=(), requests=(), failure=""):
    """One step's end."""
    seen = Seen("look", dict(places or {}), list(errors), list(requests))
    return Outcome(seen=[seen], failure=failure)


PAGE = {"/body/p[1]": "1", "/body/p[1]/#text[1]": "2"}


def test_equal_plays_do_not_differ():
    assert differences(play(PAGE), play(PAGE)) == []


@pytest.mark.parametrize(
    ("after", "detail"),
    [
        (PAGE | {"/body/p[1]": "9"}, "1 otherwise"),
        ({"/body/p[1]": "1"}, "1 missing"),
        (PAGE | {"/body/p[2]": "3"}, "1 new"),
        ({"/body/p[1]": "9", "/body/p[2]": "3"}, "1 missing, 1 new, 1 otherwise"),
    ],
)
def test_a_page_s_differences_are_counted(after, detail):
    assert differences(play(PAGE), play(after)) == [
        Difference("look", "page", f"places in the page: {detail}")
    ]


def test_what_differs_between_equal_plays_is_left_out_of_account():
    first, second = play(PAGE | {"clock": "1"}), play(PAGE | {"clock": "2", "advert": "x"})
    unstable = unstable_between(first, second)
    assert differences(first, play(PAGE | {"clock": "3", "advert": "y"}), unstable) == []
    (found,) = differences(first, play(PAGE | {"/body/p[1]": "9"}), unstable)
    assert found.detail == "places in the page: 1 otherwise"


def test_a_new_exception_is_an_error():
    (found,) = differences(play(errors=["Error"]), play(errors=["Error", "TypeError"]))
    assert found == Difference("look", "error", "TypeError is raised")


def test_requests_are_counted_both_ways():
    (found,) = differences(play(requests=["a", "b", "b"]), play(requests=["b", "c"]))
    assert found == Difference("look", "requests", "requests: 2 not made, 1 others made")


def test_unstable_requests_and_errors_tell_nothing():
    first, second = play(requests=["a"], errors=["A"]), play(requests=["b"], errors=[])
    unstable = unstable_between(first, second)
    assert differences(first, play(requests=["c"], errors=["C"]), unstable) == []


def test_a_journey_that_breaks_off_is_an_error():
    (found,) = differences(play(), play(failure="step 'look': TimeoutError at journey.py:3"))
    assert found.what == "error"
    assert "journey.py:3" in found.detail
