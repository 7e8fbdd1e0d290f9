"""Which journeys are made when the user names routes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import workload

from djtune.errors import DjtuneError
from djtune.workloads.choosing import choose_journeys, matches

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
