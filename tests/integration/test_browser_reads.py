"""A journey in a real Chromium: which fields of the sample site's answers its page reads."""

import re
import sys
from pathlib import Path

import pytest
from site_helpers import djtune_site

from djtune.model.app import App
from djtune.payloads.browser.ablation import needed
from djtune.payloads.browser.player import player, run_journey, setting_for, why_no_browser
from djtune.payloads.clients import Endpoint
from djtune.payloads.paths import text_of
from djtune.servers.loopback import serve_on_loopback
from sample_site import ROOT

pytestmark = pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")

JOURNEY = ROOT / "journey.py"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


def site(data: Path, **env: str) -> App:
    return App(
        directory=str(ROOT),
        settings="streaming.settings",
        python=sys.executable,
        env={"SITE_DATA": str(data), "REDIS_URL": "", "DATABASE_URL": "", **env},
    )


@pytest.fixture(scope="module")
def run(data):
    with serve_on_loopback(site(data)) as served:
        return run_journey(JOURNEY, served.url)


# F09 to F15, which SITE_LEAN leaves out.
UNREAD = {
    "/api/profile/": "id username email joined_on region isp preferences devices.[].code "
    "devices.[].paired_on",
    "/api/channels/": "[].description [].languages [].feed_id [].launched_on",
    "/api/epg/": "channels.[].logo channels.[].programmes.[].crid "
    "channels.[].programmes.[].country channels.[].programmes.[].catchup_until "
    "channels.[].programmes.[].updated_at",
    "/api/shows/[0-9]+/": "id tagline country cast airings.[].id",
}


def picked(run, address: str) -> set[str]:
    """Every field picked from the addresses that match, containers too."""
    return {
        text_of(read.json_path)
        for read in run.reads
        if re.fullmatch(address, read.path) and read.picked
    }


# What FAULTS.md says under F09 to F15 that the page does not read, and all that it does.
PROGRAMME = " ".join(
    f"channels[].programmes[].{name}"
    for name in (
        *("id", "show", "title", "subtitle", "description", "starts_at", "ends_at", "minutes"),
        *("genres", "season", "episode", "age_rating", "is_live", "is_new", "image"),
    )
)
READ = {
    "/api/auth/": "token",
    "/api/profile/": "display_name region_name isp_name last_channel subscriptions "
    "subscriptions[].package subscriptions[].name subscriptions[].expires_on devices "
    "devices[].kind devices[].model",
    "/api/channels/": "[].number [].slug [].name [].logo [].package [].available [].resolution",
    "/api/epg/": "day channels channels[].number channels[].slug channels[].name "
    "channels[].available channels[].programmes " + PROGRAMME,
    "/api/shows/[0-9]+/": "title description genre year age_rating poster airings "
    "airings[].channel airings[].starts_at airings[].ends_at airings[].subtitle airings[].is_live "
    "related related[].id related[].title related[].poster",
    "/api/stream/[^/]+/": "channel url devices",
    "/api/recommendations/": "[].id [].title [].poster",
}


@pytest.mark.parametrize("address", READ)
def test_the_guide_page_picks_exactly_the_fields_that_its_faults_leave(run, address):
    assert picked(run, address) == set(READ[address].split())


def test_nothing_is_enumerated_by_the_page_s_own_way_of_reading(run):
    assert not [text_of(read.json_path) for read in run.reads if read.enumerated]


def test_a_read_has_its_place_in_the_script_and_its_step(run):
    (read,) = [read for read in run.reads if text_of(read.json_path).endswith("[].minutes")]
    assert read.steps == ["open programmes"]
    (place,) = read.sites
    source = (ROOT / "web/static/web/guide.js").read_text()
    line = source.splitlines()[place.line - 1]
    assert line[place.column - 1 :].startswith("minutes}")
    assert run.scripts[place.file] == source


def test_every_address_is_counted_and_watched(run):
    asked = {each.path: each for each in run.asked}
    assert asked["/api/auth/"].method == "POST"
    assert asked["/api/epg/"].bytes > 100_000
    assert all(each.watched for each in run.asked)


def test_other_hosts_are_not_asked(run):
    assert run.blocked == ["images.example.net"]


def test_every_other_field_was_there_and_is_known_to_be_unread(run):
    for address, unread in UNREAD.items():
        reads = [read for read in run.reads if re.fullmatch(address, read.path)]
        named = {read.json_path for read in reads if not read.picked}
        below = {path for path in named if path[0] == "preferences" and len(path) > 1}
        assert named - below == {tuple(path.split(".")) for path in unread.split()}


@pytest.mark.slow
def test_the_page_looks_the_same_without_them_in_one_play(data):
    remove = {
        Endpoint("GET", address): [tuple(path.split(".")) for path in unread.split()]
        for address, unread in UNREAD.items()
    }
    with (
        serve_on_loopback(site(data)) as served,
        player(setting_for(JOURNEY, served.url)) as plays,
    ):
        found = needed(plays, remove, served.restore)
    assert (found.visible, found.differences, found.unstable) == ({}, [], [])
    assert found.page_loads == 3


@pytest.mark.slow
def test_the_lean_site_s_page_reads_the_same(data):
    with serve_on_loopback(site(data, SITE_LEAN="1")) as served:
        lean = run_journey(JOURNEY, served.url)
    assert not lean.errors
    for address, read in READ.items():
        assert picked(lean, address) == set(read.split())
        assert all(each.picked for each in lean.reads if re.fullmatch(address, each.path))


def test_the_scripts_blocks_that_ran_are_known(run):
    (address,) = [address for address in run.scripts if address.endswith("guide.js")]

    def ran(text: str) -> bool:
        at = run.scripts[address].index(text)
        # Inner blocks come last.
        return [state for begin, end, state in run.ran[address] if begin <= at < end][-1]

    assert ran("programme.minutes")
    assert not ran("body.detail")
