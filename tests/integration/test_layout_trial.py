"""Layouts on a real throw-away server."""

import math

import pytest
from layout_entries import profiles

from djtune.errors import DjtuneError
from djtune.redis_memory.layouts.entries import Entries, Entry
from djtune.redis_memory.layouts.forms import HashForm
from djtune.redis_memory.layouts.laboratory import laboratory
from djtune.redis_memory.layouts.present import layout_blocks
from djtune.redis_memory.layouts.trial import Conditions, trial
from djtune.reports.blocks import Finding, Report
from djtune.reports.html import render_html
from djtune.servers.redis import find_redis

pytestmark = pytest.mark.skipif(
    find_redis() is None, reason="no redis-server or valkey-server on PATH"
)


@pytest.fixture(scope="module")
def long_bio():
    return trial(profiles(200, bio=120), Conditions("", {"hash-max-listpack-value": "64"}, 100_000))


def bytes_of(result):
    return {each.name: each.bytes.value for each in result.layouts}


def test_one_long_value_costs_what_a_table_costs(long_bio):
    sizes = bytes_of(long_bio)
    assert sizes["present"] > 1.8 * sizes["hash_raised"]
    assert sizes["msgpack_array"] < sizes["msgpack"] < sizes["json"] < sizes["key_per_field"]


def test_the_setting_is_recommended(long_bio):
    advice = long_bio.recommendation
    assert advice.layout == "hash_raised"
    assert advice.settings == {"hash-max-listpack-value": "128"}
    assert advice.saving.low > 100


def test_every_operation_is_timed_by_the_client_and_by_the_server(long_bio):
    for layout in long_bio.layouts:
        for time in layout.times.values():
            assert 0 < time.server_seconds < time.seconds
            assert time.low <= time.seconds <= time.high
    trips = {each.name: each.times["update_one"].round_trips for each in long_bio.layouts}
    assert trips["present"] == 1
    assert trips["json"] == 2


@pytest.mark.slow
def test_a_ttl_is_paid_for_each_key():
    plain, expiring = (
        bytes_of(trial(profiles(100, bio=40, expires=ttl), Conditions(population=50_000)))
        for ttl in (False, True)
    )
    assert expiring["present"] > plain["present"] + 20
    per_key = expiring["key_per_field"] - plain["key_per_field"]
    assert per_key > 8 * (expiring["json"] - plain["json"])


def test_the_report_has_one_table_one_recommendation_and_no_value(long_bio):
    made = layout_blocks(long_bio)
    assert sum(isinstance(block, Finding) for block in made) == 1
    text = render_html(Report("", made), version="0")
    assert "hash-max-listpack-value 128" in text
    assert "@example.com" not in text


def test_pages_are_tried_compressed():
    page = "<li>the same again</li>" * 400
    rows = [Entry(40, page, page.encode()) for _ in range(20)]
    result = trial(Entries("cache_page", "text", rows), Conditions(population=1000))
    assert result.recommendation.layout in ("text_zlib", "text_zstd")
    assert all(math.isfinite(each.bytes.value) for each in result.layouts)


def test_what_was_loaded_before_makes_no_entry_heavier():
    rows = profiles(100, bio=40).entries
    with laboratory(find_redis(), {}) as lab:
        first, second = (
            lab.weigh(database, HashForm("hash", "hash", 0), rows, 1000).bytes
            for database in (0, 1)
        )
    assert first == pytest.approx(second, abs=1.0)


def test_no_entry_is_an_error():
    with pytest.raises(DjtuneError, match="no entry"):
        trial(Entries("p", "hash", []), Conditions())
