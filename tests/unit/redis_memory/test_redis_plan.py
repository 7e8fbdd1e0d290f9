import json
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.redis_memory.curves import Curve, CurvePoint
from djtune.redis_memory.estimated import Amount, PatternEstimate, Spread
from djtune.redis_memory.plan import (
    USABLE,
    Users,
    make_plan,
    parse_growth,
    parse_users,
    queries_per_server_second,
    queries_saved,
)


def pattern(name, keys, size, kind="other"):
    held = Amount(keys * size, 0.9 * keys * size, 1.1 * keys * size)
    count, none = Amount(keys, keys, keys), Spread(0)
    return PatternEstimate(
        pattern=name,
        kind=kind,
        keys=count,
        bytes=held,
        resident=held,
        share=Amount(0.5, 0.5, 0.5),
        sampled=100,
        size=none,
        ttl=none,
        idle=none,
        with_ttl=Amount(0, 0, 0),
    )


PROFILES = pattern("profile:*", 1_000_000, 500)
PRODUCTS = pattern("product:*", 5_000, 4_000)


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("2M", Users(None, 2e6)),
        ("250k", Users(None, 250e3)),
        ("1.5m", Users(None, 1.5e6)),
        ("800", Users(None, 800)),
        ("1M..2M", Users(1e6, 2e6)),
    ],
)
def test_users_are_read(text, users):
    assert parse_users(text) == users


@pytest.mark.parametrize("text", ["", "many", "2X", "0", "-5", "1M..", "0..2M"])
def test_what_is_no_number_of_users_is_an_error(text):
    with pytest.raises(DjtuneError) as raised:
        parse_users(text)
    assert "--users 2M" in raised.value.hint


def test_growth_is_compounded():
    assert parse_growth("5%/month") == pytest.approx(0.05)
    assert (1 + parse_growth("60%/year")) ** 12 == pytest.approx(1.6)
    assert parse_growth("-10 %/quarter") < 0


@pytest.mark.parametrize("text", ["5%", "5/month", "5%/day", "-100%/year", "x%/month"])
def test_what_is_no_growth_is_an_error(text):
    with pytest.raises(DjtuneError, match="is no growth"):
        parse_growth(text)


def test_what_each_user_has_grows_and_the_catalogue_stays():
    plan = make_plan([PROFILES, PRODUCTS], Users(1e6, 2e6))
    now, then = plan.points
    assert (plan.growing, plan.steady) == (["profile:*"], ["product:*"])
    assert isclose(now.bytes.value, 520e6)
    assert isclose(then.bytes.value, 1020e6)


def test_it_says_how_many_instances_are_needed():
    plan = make_plan([PROFILES], Users(1e6, 4e6), instance=1e9)
    assert [point.instances for point in plan.points] == [1, 3]
    assert plan.points[1].bytes.high <= 3 * USABLE * 1e9


def test_sessions_are_counted_where_nobody_says_how_many_users_there_are():
    sessions = pattern(":1:django.contrib.sessions.cache*", 50_000, 300, kind="session")
    assert make_plan([sessions, PROFILES], Users(None, 2e6)).users_now == 50_000
    with pytest.raises(DjtuneError, match="how many users there are now"):
        make_plan([PROFILES], Users(None, 2e6))


@given(st.floats(0.0, 0.5), st.floats(1e3, 1e9))
def test_growth_never_needs_less(growth, users):
    points = make_plan([PROFILES, PRODUCTS], Users(1e6, users), growth).points[1:]
    sizes = [point.bytes.value for point in points]
    assert sizes == sorted(sizes)
    assert len(points) == 5


def curve(*points):
    made = [CurvePoint(size, 0.5, 0.4, 0.6, lost) for size, lost in points]
    return Curve("trace", None, made, 1000)


def test_each_step_saves_the_queries_of_what_is_not_recomputed():
    saved, why = queries_saved(curve((100e6, 3600.0), (300e6, 0.0)), 50.0)
    assert why == ""
    assert [each.bytes for each in saved] == [200e6, 300e6]
    assert [each.queries_per_second for each in saved] == [25.0, 25.0]


def test_without_the_cost_of_a_miss_nothing_is_said():
    saved, why = queries_saved(curve((100e6, None), (300e6, None)), 50.0)
    assert saved == []
    assert "recording" in why


def test_a_profile_tells_queries_for_each_second():
    route = {"weight": 1.0, "mean": {"value": 0.1}, "queries": {"value": 5.0}, "more": "ignored"}
    idle = {"weight": 1.0, "mean": {"value": None}, "queries": {"value": None}}
    profile = json.dumps({"routes": [route, idle], "app": {}}).encode()
    assert queries_per_server_second(profile) == pytest.approx(50)


@pytest.mark.parametrize("text", [b"{}", b"not JSON", b'{"routes": []}'])
def test_what_is_no_profile_is_an_error(text):
    with pytest.raises(DjtuneError):
        queries_per_server_second(text)
