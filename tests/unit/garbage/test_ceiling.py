"""What collections cost now, route by route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_of_garbage import ceiling as made
from made_of_garbage import pause, sample, trial

from djtune.garbage.ceiling import ceiling

EPG, LIVE = ("GET", "api/epg/"), ("GET", "api/live/")
ROUTES = {0: EPG, 1: LIVE}
WEIGHTS = {EPG: 900.0, LIVE: 100.0}


def test_a_collection_is_charged_to_the_route_that_it_interrupted():
    one = trial([sample(0), sample(1), sample(1)], pause(0, 4, request=1), pause(2, 2, request=2))
    by_route = {route.route: route for route in ceiling([one, one], ROUTES, WEIGHTS).routes}
    live, epg = by_route["api/live/"], by_route["api/epg/"]
    assert live.gc.value == pytest.approx(0.003)
    assert live.share.value == pytest.approx(0.3)
    assert live.longest == pytest.approx(0.004)
    assert live.collections == [500, 0, 500]
    assert epg.gc.value == 0


def test_collections_between_requests_are_in_the_share_but_no_routes():
    one = trial([sample(0, 10)], pause(cpu_ms=10))
    found = ceiling([one, one], ROUTES, WEIGHTS)
    assert found.share.value == pytest.approx(0.5)
    assert found.routes[0].gc.value == 0


def test_cold_and_failed_requests_are_left_out_of_the_routes():
    samples = [sample(0, 99, cold=True), sample(0, 99, ok=False), sample(0, 10)]
    one = trial(samples, *(pause(cpu_ms=5, request=n) for n in range(3)))
    (route,) = ceiling([one, one], ROUTES, WEIGHTS).routes
    assert route.n == 2
    assert route.cpu.value == pytest.approx(0.010)
    assert route.gc.value == pytest.approx(0.005)


def test_what_was_served_before_it_settled_is_left_out():
    one = trial([sample(0, 99), sample(0, 10)], settled=1)
    found = ceiling([one, one], ROUTES, WEIGHTS)
    assert found.requests == 2
    assert found.routes[0].cpu.value == pytest.approx(0.010)


def test_the_route_that_collections_cost_most_comes_first():
    often = trial([sample(0), sample(1)], pause(cpu_ms=2, request=0), pause(cpu_ms=4, request=1))
    assert [route.route for route in ceiling([often], ROUTES, WEIGHTS).routes] == [
        "api/epg/",
        "api/live/",
    ]
    equal = ceiling([often], ROUTES, {EPG: 500.0, LIVE: 500.0})
    assert equal.routes[0].route == "api/live/"


def test_steps_of_one_route_are_one_route():
    found = ceiling([trial([sample(0), sample(1)])], {0: EPG, 1: EPG}, {EPG: 1000.0})
    assert [route.n for route in found.routes] == [2]


def test_one_trial_has_no_interval():
    share = ceiling([trial([sample()], pause())], ROUTES, WEIGHTS).share
    assert share.value is not None
    assert share.low is None
    assert share.reason


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(1, 100)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0.01, 10), st.integers(0, 19)), max_size=20),
)
def test_the_routes_together_cost_what_collections_within_requests_cost(requests, collections):
    samples = [sample(step, ms) for step, ms in requests]
    found = [pause(gen, ms, number % len(samples)) for gen, ms, number in collections]
    routes = ceiling([trial(samples, *found)], ROUTES, WEIGHTS).routes
    assert sum(r.n * r.gc.value for r in routes) == pytest.approx(sum(p.cpu for p in found) / 1e9)
    assert sum(r.n * sum(r.collections) for r in routes) == pytest.approx(1000 * len(found))


@pytest.mark.parametrize(("share", "alone"), [(0.0, True), (0.019, True), (0.02, False)])
def test_below_two_per_cent_it_is_left_alone(share, alone):
    assert made(share).leave_alone is alone


def test_a_share_that_is_not_known_is_no_reason_to_leave_it_alone():
    assert not made(None).leave_alone


def test_a_small_share_without_any_full_collection_is_not_enough_to_leave_it_alone():
    found = made(0.001)
    found.certain = False
    assert not found.leave_alone


def test_full_collections_that_trials_were_too_short_for_count():
    found = made(0.001)
    found.whole_cycle = 0.05
    assert not found.leave_alone
