"""A journey played without some fields, in Chromium: what the user would miss is found."""

import msgspec
import pytest
from browser_pages import PAGES, app_of, write
from worker_helpers import manage

from djtune.errors import DjtuneError, ExitCode
from djtune.payloads.browser.ablation import ablate, needed
from djtune.payloads.browser.player import player, setting_for, why_no_browser
from djtune.payloads.clients import Endpoint
from djtune.servers.loopback import serve_on_loopback

pytestmark = pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")

ROW = ("rows", "[]")
UNUSED = [(*ROW, "id"), (*ROW, "start"), (*ROW, "live"), (*ROW, "secret"), (*ROW, "end"), ("next",)]
TITLE = (*ROW, "title")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    manage("pages", "migrate", "--run-syncdb", env={"PAGES": str(folder)})
    return folder


@pytest.fixture(scope="module")
def served(folder):
    with serve_on_loopback(app_of(folder)) as served:
        yield served


def rows_of(name):
    return Endpoint("GET", f"/api/rows/{name}/")


@pytest.fixture
def playing(folder, served):
    """Plays a journey over some pages."""

    def play(pages):
        setting = setting_for(write(folder, pages), served.url)
        return player(msgspec.structs.replace(setting, timeout=5.0))

    return play


def test_one_play_confirms_what_nobody_sees(playing):
    with playing({"spread": PAGES["spread"]}) as plays:
        found = needed(plays, {rows_of("spread"): UNUSED})
    assert (found.visible, found.differences, found.unstable) == ({}, [], [])
    assert found.page_loads == 3  # two of them with every field


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spread", "structured-clone", "worker"])
def test_a_field_that_reads_do_not_tell_of_is_found(playing, name):
    with playing({name: PAGES[name]}) as plays:
        found = needed(plays, {rows_of(name): [*UNUSED, TITLE]})
    assert found.visible == {rows_of(name): [TITLE]}
    assert {each.what for each in found.differences} == {"page"}


@pytest.mark.slow
def test_a_page_that_breaks_without_a_field_is_a_difference(playing):
    with playing({"json": PAGES["json"]}) as plays:
        found = ablate(plays, {rows_of("json"): [("rows",)]})
    assert ("json", "error", "TypeError is raised") in [
        (each.step, each.what, each.detail) for each in found
    ]


def test_a_request_that_is_not_made_is_a_difference(playing):
    page = 'const [row] = (await load()).rows; if (row.id) await fetch("/api/notes/");'
    with playing({"asks": page}) as plays:
        found = ablate(plays, {rows_of("asks"): [(*ROW, "id")]})
    assert [(each.what, each.detail) for each in found] == [("requests", "requests: 1 not made")]


@pytest.mark.slow
def test_the_clock_and_chance_in_the_page_are_the_same_in_each_play(playing):
    page = """
        await load();
        show(Math.random(), Date.now(), new Date(), crypto.randomUUID());"""
    with playing({"chance": page}) as plays:
        found = needed(plays, {rows_of("chance"): UNUSED})
    assert (found.visible, found.unstable) == ({}, [])


def test_what_the_server_draws_by_lot_is_left_out_of_account_and_told(playing):
    page = 'await load(); show((await (await fetch("/api/chance/")).json()).drawn);'
    with playing({"lot": page}) as plays:
        found = needed(plays, {rows_of("lot"): UNUSED})
    assert found.visible == {}
    assert [each.what for each in found.unstable] == ["page"]


@pytest.mark.slow
def test_what_a_journey_writes_is_taken_back_before_the_next_play(playing, served):
    page = """
        await load();
        const notes = await (await fetch("/api/notes/", { method: "POST" })).json();
        show(notes.count);"""
    with playing({"writes": page}) as plays:
        growing = needed(plays, {rows_of("writes"): UNUSED})
        still = needed(plays, {rows_of("writes"): UNUSED}, served.restore)
    assert growing.unstable
    assert (still.visible, still.unstable) == ({}, [])


def test_a_journey_that_fails_with_every_field_is_not_tried_without(folder, served):
    script = folder / "fails.py"
    script.write_text("def journey(page):\n    page.goto('/page/json/')\n    raise LookupError\n")
    with (
        player(setting_for(script, served.url)) as plays,
        pytest.raises(DjtuneError, match=r"LookupError at fails\.py:3") as caught,
    ):
        needed(plays, {rows_of("json"): UNUSED})
    assert caught.value.exit_code == ExitCode.INCOMPLETE
