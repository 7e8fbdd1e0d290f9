"""Pages that handle their data in ways that recorders of reads have broken at, in Chromium.

All of them are visited in one journey; each asks for rows under a path of its own.
"""

import pytest
from browser_pages import EVERY, EXACT, HIDDEN, PAGES, UNWATCHED, USED, app_of, write
from worker_helpers import manage

from djtune.payloads.browser.player import run_journey, why_no_browser
from djtune.payloads.paths import text_of
from djtune.servers.loopback import serve_on_loopback

pytestmark = pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser() or "-")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    manage("pages", "migrate", "--run-syncdb", env={"PAGES": str(folder)})
    return folder


@pytest.fixture(scope="module")
def served(folder):
    with serve_on_loopback(app_of(folder)) as served:
        yield served


@pytest.fixture(scope="module")
def run(folder, served):
    run = run_journey(write(folder, PAGES), served.url)
    assert not run.errors
    return run


def fields(run, name: str, kind: str) -> set[str]:
    reads = [read for read in run.reads if read.path == f"/api/rows/{name}/"]
    return {text_of(read.json_path) for read in reads if getattr(read, kind)}


def asked(run, name: str):
    (found,) = [each for each in run.asked if each.path == f"/api/rows/{name}/"]
    return found


@pytest.mark.parametrize("name", EXACT)
def test_the_fields_that_are_shown_are_those_picked(run, name):
    assert asked(run, name).watched
    assert fields(run, name, "picked") == USED


@pytest.mark.parametrize(
    "name", ["deep-diff", "structural-sharing", "backwards", "stringified", "frozen"]
)
def test_a_copy_or_a_comparison_is_an_enumeration(run, name):
    assert fields(run, name, "enumerated") >= EVERY - USED - {"rows", "next"}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_copied_first_is_enumerated_and_not_known_to_be_used(run, name):
    assert asked(run, name).watched
    assert "rows[].title" not in fields(run, name, "picked")
    assert {"rows[].title", "rows[].secret"} <= fields(run, name, "enumerated")


@pytest.mark.parametrize("name", UNWATCHED)
def test_what_cannot_be_watched_is_said_to_be_so(run, name):
    assert not asked(run, name).watched
    assert asked(run, name).responses == 1
    assert not fields(run, name, "picked")


def test_every_field_is_named_whether_read_or_not(run):
    reads = [read for read in run.reads if read.path == "/api/rows/json/"]
    assert {text_of(read.json_path) for read in reads} == EVERY
