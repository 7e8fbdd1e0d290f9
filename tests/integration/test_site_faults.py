"""The faults that FAULTS.md lists are really there, and the switches do what it says."""

import gc
from collections import Counter
from json import loads

import pytest
from site_helpers import djtune_site, probe

from djtune.servers.redis import find_redis, redis_server

LAUNCH = ("profile", "channels", "epg", "stream")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


@pytest.fixture(scope="module")
def before(data):
    return probe(data)


@pytest.fixture(scope="module")
def lean(data):
    return probe(data, SITE_LEAN="1")


def asked_for(found, route, text):
    return [sql for sql in found["routes"][route]["queries"] if text in sql]


def test_a_serializer_field_asks_once_a_row(before):
    airings = loads(before["routes"]["show"]["body"])["airings"]
    assert len(airings) > 2
    by_key = asked_for(before, "show", 'FROM "epg_channel" WHERE "epg_channel"."id" = ')
    last_channel = asked_for(before, "profile", 'FROM "epg_channel"')
    assert len(by_key) == len(airings) + len(last_channel)


def test_a_template_line_asks_once_a_row(before):
    assert len(asked_for(before, "shows", 'FROM "epg_genre" WHERE "epg_genre"."id" = ')) == 24


def test_the_stream_request_asks_for_the_licence_twice(before):
    counts = Counter(before["routes"]["stream"]["queries"])
    (twice,) = [sql for sql, count in counts.items() if count > 1]
    assert 'FROM "playback_licence"' in twice
    assert counts[twice] == 2


def test_no_index_holds_the_start_of_a_programme(before):
    assert ["channel_id"] in before["indexes"]
    assert not [columns for columns in before["indexes"] if "starts_at" in columns]


@pytest.mark.parametrize("column", ["long_synopsis", "credits"])
def test_the_guide_fetches_columns_that_it_does_not_send(before, lean, column):
    assert asked_for(before, "epg", column)
    assert column not in before["routes"]["epg"]["body"]
    assert not asked_for(lean, "epg", column)


@pytest.mark.parametrize(
    ("route", "column"),
    [("recommendations", "cast"), ("shows", "cast"), ("export", "long_synopsis")],
)
def test_columns_that_no_switch_leaves_out(before, lean, route, column):
    assert asked_for(before, route, column)
    assert asked_for(lean, route, column)


def test_lean_payloads_cost_no_further_query(before, lean):
    for route, found in before["routes"].items():
        assert len(lean["routes"][route]["queries"]) == len(found["queries"]), route


@pytest.mark.parametrize(
    "table", ["accounts_profile", "accounts_region", "accounts_isp", "epg_channel"]
)
def test_the_users_foreign_keys_are_followed_one_by_one(before, table):
    (alone,) = asked_for(before, "profile", f'FROM "{table}"')
    assert "JOIN" not in alone


def test_each_step_of_the_launch_asks_for_the_same_user_data(before):
    steps = [set(before["routes"][step]["queries"]) for step in LAUNCH]
    assert len(set.intersection(*steps)) == 7


@pytest.mark.skipif(find_redis() is None, reason="no redis-server or valkey-server on PATH")
def test_the_profile_cache_asks_for_it_once(before, data):
    with redis_server() as url:
        cached = probe(data, SITE_PROFILE_CACHE="1", REDIS_URL=url)
    first, *later = LAUNCH
    repeated = set(before["routes"][first]["queries"])
    assert set(cached["routes"][first]["queries"]) == repeated
    for step in later:
        assert not repeated & set(cached["routes"][step]["queries"])
        assert cached["routes"][step]["body"] == before["routes"][step]["body"]


class TestSwitches:
    def test_nothing_is_switched_on_before(self, before):
        assert before["renderer"] == "rest_framework"
        assert before["gc"] == list(gc.get_threshold())
        assert not any(before["async"].values())

    def test_orjson_renders(self, data):
        assert probe(data, SITE_ORJSON="1")["renderer"] == "drf_orjson_renderer"

    def test_gc_has_the_thresholds(self, data):
        assert probe(data, SITE_GC="10000,100,100")["gc"] == [10000, 100, 100]

    def test_the_apis_views_are_async(self, data):
        views = probe(data, SITE_ASYNC="1")["async"]
        api = {*LAUNCH, "show", "recommendations"}
        assert {name for name, is_async in views.items() if is_async} == api
