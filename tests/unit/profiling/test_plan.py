"""What a run asks for, how it spends its time, and what it says of routes that are left out."""

from typing import Any

import pytest
from fabricated import workload
from hypothesis import given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.model.routes import Route
from djtune.profiling.plan import (
    Budget,
    choose_journeys,
    explain,
    first_costs,
    matches,
    unmeasured,
    unsafe_steps,
)

ASKED = workload((3, ["api/auth/", "api/epg/"]), (1, ["shows/<int:pk>/"]), (1, [""]))


@pytest.mark.parametrize(
    ("route", "pattern"),
    [
        ("api/epg/", "api/epg/"),
        ("api/epg/", "/api/epg"),
        ("api/epg/", "api/*"),
        ("api/epg/", "/api/*/"),
        ("", "/"),
        ("shows/<int:pk>/", "shows/<int:pk>/"),
        ("^legacy/$", "/legacy/"),
        ("^legacy/$", "/^legacy/$"),
        (r"^archive/(?P<year>[0-9]{4})/$", r"/archive/(?P<year>[0-9]{4})/"),
        (r"^archive/(?P<year>[0-9]{4})/$", "archive/*"),
    ],
)
def test_a_pattern_names_a_route(route: str, pattern: str) -> None:
    assert matches(route, pattern)


@pytest.mark.parametrize(
    ("route", "pattern"),
    [("api/epg/", "epg/"), ("api/epg/", "api/"), ("api/epg/", "/"), ("", "api/")],
)
def test_a_part_of_a_route_is_not_its_name(route: str, pattern: str) -> None:
    assert not matches(route, pattern)


@given(st.text(alphabet="abc/<>:$^()[]*?", max_size=12))
def test_every_route_is_named_as_it_is_shown(route: str) -> None:
    assert matches(route, route)
    assert matches(route, "/" + route)


def test_a_journey_is_made_as_a_whole_for_one_of_its_routes() -> None:
    chosen = choose_journeys(ASKED, ["api/epg/"])
    assert [journey.name for journey in chosen.journeys] == ["journey 0"]
    assert len(chosen.journeys[0].steps) == 2


def test_choosing_journeys_keeps_what_the_weights_mean() -> None:
    asked = workload((1, ["a/"]), (2, ["b/"]), weights_from="access log", journeys_per_hour=70.0)
    chosen = choose_journeys(asked, ["a/"])
    assert chosen.weights_from == "access log"
    assert chosen.journeys_per_hour == pytest.approx(70 / 3)


def test_without_patterns_all_journeys_are_made() -> None:
    assert choose_journeys(ASKED, []) is ASKED


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("api/ebg/", "did you mean /api/epg/ or /api/auth/?"),
        ("zzz", "the workload asks for /, /api/auth/, /api/epg/, /shows/<int:pk>/"),
    ],
)
def test_a_pattern_that_names_nothing_is_refused(pattern: str, hint: str) -> None:
    with pytest.raises(DjtuneError) as refused:
        choose_journeys(ASKED, ["api/epg/", pattern])
    assert refused.value.message == f"no route matches {pattern!r}"
    assert refused.value.hint == hint


class TestUnsafeMethods:
    def test_are_left_out_unless_asked_for(self) -> None:
        asked = workload((1, ["a/", "b/", "c/"]))
        asked.journeys[0].steps[0].method = "POST"
        asked.journeys[0].steps[1].method = "HEAD"
        assert list(unsafe_steps(asked, allowed=False, unproven={})) == [0]
        assert unsafe_steps(asked, allowed=True, unproven={}) == {}

    def test_may_be_allowed_step_by_step(self) -> None:
        asked = workload((1, ["a/"]))
        asked.journeys[0].steps[0].method = "DELETE"
        asked.journeys[0].steps[0].unsafe = True
        assert unsafe_steps(asked, allowed=False, unproven={}) == {}

    def test_are_never_made_where_a_rollback_is_not_proven(self) -> None:
        asked = workload((1, ["a/"]))
        asked.journeys[0].steps[0].method = "POST"
        reasons = unsafe_steps(asked, allowed=True, unproven={"archive": "it is MyISAM"})
        assert reasons == {0: "a rollback on 'archive' could not be proven: it is MyISAM"}


def entry(kind: str, status: int, **given: Any) -> dict[str, Any]:
    return {"step": 0, "class": kind, "status": status, "hosts": [], "failure": ""} | given


@pytest.mark.parametrize(
    ("seen", "signed_in", "said"),
    [
        (entry("login", 302), False, "a signed-in user (302): pass --as USER"),
        (entry("login", 403), True, "another user: this one may not (403)"),
        (entry("throttled", 429), False, "its throttle lifted (429)"),
        (entry("redirect", 301), False, "the route that it redirects to (301)"),
        (
            entry("refused", 500, hosts=["api.example.com"]),
            False,
            "api.example.com: pass --allow-host api.example.com if it may be reached",
        ),
        (
            entry("error", 500, failure="KeyError at a.py:3"),
            False,
            "a repair (500, KeyError at a.py:3)",
        ),
        (entry("error", 500), False, "a repair (500)"),
        (entry("error", 0, failure="no token was captured"), False, "no token was captured"),
    ],
)
def test_what_a_route_needs_is_said(seen: dict[str, Any], signed_in: bool, said: str) -> None:
    assert explain(seen, signed_in) == said


def test_a_route_that_is_left_out_is_named_once_with_its_place() -> None:
    asked = workload((1, ["a/", "a/"]))
    classes = [entry("login", 302), entry("login", 302, step=1)]
    known = {"a/": Route("a/", "", "app.views.a", "app/views.py", 7, ["GET"])}
    (only,) = unmeasured(asked, classes, {}, known, False)
    assert (only.method, only.route, only.why, only.where) == (
        "GET",
        "a/",
        "login",
        "app/views.py:7",
    )


def test_a_request_that_the_app_refuses_needs_other_parameters() -> None:
    (only,) = unmeasured(workload((1, ["a/"])), [entry("error", 400)], {}, {}, False)
    assert only.why == "missing"


def test_a_first_guess_takes_each_steps_quickest_answer() -> None:
    classes = [{"step": 0, "seconds": [0.5, 0.02]}, {"step": 1, "seconds": [0.03]}]
    launch, shows, front = first_costs(ASKED, classes)
    assert (launch.mean_s, launch.weight) == (pytest.approx(0.05), 3)
    assert shows.mean_s > 0
    assert front.mean_s > 0


@given(st.floats(5, 3600), st.integers(1, 64))
def test_pricing_the_probes_leaves_most_of_the_time_to_the_trials(
    seconds: float, trials: int
) -> None:
    assert 0 < Budget(seconds, trials).overhead <= seconds / 3
