"""Which requests a timeline is of, how its file is written, and what the report says of it."""

import gzip
import json

import pytest
from made_up import workload

from djtune.profiling.trace import (
    Slice,
    Traced,
    Track,
    chrome_trace,
    encoded,
    steps_to_trace,
    summaries,
)

ROUTES = [f"{letter}/" for letter in "abcdefg"]
RANKED = [("GET", route) for route in ROUTES]


def test_without_patterns_it_is_of_the_five_dearest() -> None:
    assert steps_to_trace(workload((1, ROUTES)), set(), RANKED[::-1], []) == [6, 5, 4, 3, 2]


def test_with_patterns_it_is_of_all_that_they_name_and_no_other_step_of_their_journeys() -> None:
    asked = workload((1, ROUTES))
    assert steps_to_trace(asked, set(), RANKED, ["/[abcdef]/"]) == [0, 1, 2, 3, 4, 5]


def test_of_a_route_it_is_the_step_of_the_journey_with_the_most_weight() -> None:
    asked = workload((1, ["a/"]), (3, ["b/", "a/"]), (2, ["a/"]))
    assert steps_to_trace(asked, set(), [("GET", "a/")], []) == [2]


def test_it_is_of_no_step_that_is_left_out() -> None:
    asked = workload((3, ["a/"]), (1, ["a/", "b/"]))
    assert steps_to_trace(asked, {0, 2}, [("GET", "a/"), ("GET", "b/")], []) == [1]


def traced(kind: str = "typical", cut: int = 0) -> Traced:
    slices = [Slice(0, 5_000_000, 0, 1), Slice(1000, 2_345_678, 2, 1)]
    track = Track(None, slices, [(1500, 2)], [], [(1600, 100, 0)], [0] * 11)
    return Traced(0, kind, 15, 5_000_000, 0, cut, [track])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("first", "GET /a/ (first, cold, 5.00 ms)"),
        ("typical", "GET /a/ (typical of 15 warm, 5.00 ms)"),
        ("slowest", "GET /a/ (slowest of 15 warm, 5.00 ms)"),
    ],
)
def test_a_request_is_named_by_what_it_was_chosen_for(kind: str, told: str) -> None:
    [name, *_] = chrome_trace([traced(kind)], [("GET", "^a/$")], {})["traceEvents"]
    assert (name["name"], name["args"]) == ("process_name", {"name": told})


def test_times_are_in_microseconds_to_the_nanosecond() -> None:
    events = chrome_trace([traced()], [("GET", "a/")], {})["traceEvents"]
    [view] = [event for event in events if event.get("cat") == "view"]
    assert (view["ts"], view["dur"]) == (1.0, 2344.678)


def test_the_document_says_what_made_it_and_that_its_times_are_not_the_rankings() -> None:
    told = chrome_trace([], [], {"django": "5.2"})["otherData"]
    assert told["django"] == "5.2"
    assert "not those of the ranking" in told["note"]


def test_a_summary_counts_what_was_kept_and_what_was_not() -> None:
    [summary] = summaries([traced(cut=7)], [("GET", "a/")])
    assert (summary.route, summary.wall) == ("a/", 0.005)
    assert (summary.events, summary.cut) == (4, 7)


def test_it_is_packed_where_that_is_asked_for() -> None:
    document = chrome_trace([traced()], [("GET", "a/")], {})
    plain = encoded(document, packed=False)
    assert gzip.decompress(encoded(document, packed=True)) == plain
    assert json.loads(plain) == json.loads(json.dumps(document))
