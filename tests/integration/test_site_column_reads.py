"""On the sample site, the columns that FAULTS.md says nothing reads are found, and none other."""

import re
import sys
from pathlib import Path

import msgspec
import pytest
from site_helpers import djtune_site

from djtune.model.app import App
from djtune.payloads.paths import text_of
from djtune.payloads.reads import Fetch, ReadsSeen
from djtune.servers.worker import Worker
from djtune.workloads.file import load
from sample_site import ROOT

WORKLOAD = ROOT / "workload.yaml"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


def watch(data: Path, interface: str, **switches: str) -> ReadsSeen:
    env = {"SITE_DATA": str(data), **switches}
    app = App(str(ROOT), "streaming.settings", sys.executable, env=env)
    with Worker(app) as worker:
        steps = msgspec.to_builtins(load(WORKLOAD))
        worker.call("open_session", workload=steps, seed=1, interface=interface)
        classes = worker.call("class_steps", skip=[])
        bad = [entry["step"] for entry in classes if entry["class"] != "ok"]
        found = worker.call("watch_reads", skip=bad, rounds=2, seconds=60)
    assert found["failures"] == {}
    return msgspec.convert(found, ReadsSeen)


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def seen(request: pytest.FixtureRequest, data: Path) -> ReadsSeen:
    switches = {"SITE_ASYNC": "1"} if request.param == "asgi" else {}
    return watch(data, request.param, **switches)


def fault(number: str) -> str:
    """``file:line`` of a fault in FAULTS.md."""
    row = next(
        line
        for line in (ROOT / "FAULTS.md").read_text().splitlines()
        if line.startswith(f"| {number} ")
    )
    found = re.search(r"`([\w/]+\.py):(\d+)`", row)
    assert found is not None
    return f"{found[1]}:{found[2]}"


def begun_at(seen: ReadsSeen, place: str) -> list[Fetch]:
    file, _, line = place.partition(":")
    near = {f"{file}:{int(line) + offset}" for offset in range(-2, 3)}
    return [fetch for fetch in seen.fetches if fetch.begun in near]


def unread(fetch: Fetch) -> set[str]:
    """Columns that nothing reads and nothing needs."""
    return {
        "__".join(filter(None, [column.relation, column.name]))
        for column in fetch.columns
        if column.unread and not column.needed
    }


SHOW = {"tagline", "description", "genre_id", "year", "country", "age_rating", "cast", "poster"}
PROGRAMME = {
    *("show_id", "subtitle", "description", "long_synopsis", "credits", "season", "episode"),
    *("age_rating", "is_live", "is_new", "image", "catchup_until", "crid", "country"),
    "updated_at",
}
CHANNEL = {"number", "slug", "logo", "package_id", "description", "languages"} | {
    *("resolution", "feed_id", "launched_on"),
}


@pytest.mark.parametrize(
    ("number", "columns"),
    [
        ("F05", {"long_synopsis", "credits"}),
        ("F06", SHOW - {"poster"}),
        ("F07", SHOW - {"description", "year", "genre_id"}),
        ("F08", PROGRAMME | {f"channel__{name}" for name in CHANNEL}),
    ],
)
def test_the_unread_columns_of_each_fault_are_found_exactly(
    seen: ReadsSeen, number: str, columns: set[str]
) -> None:
    fetches = begun_at(seen, fault(number))
    assert fetches
    assert {frozenset(unread(fetch)) for fetch in fetches} == {frozenset(columns)}


def test_every_fetch_of_the_guide_is_tied_to_its_fields(seen: ReadsSeen) -> None:
    (fetch, *_) = begun_at(seen, fault("F05"))
    minutes = ("channels", "[]", "programmes", "[]", "minutes")
    columns = {
        column.name
        for column in fetch.columns
        if any(reader.path == minutes for reader in column.readers)
    }
    assert columns == {"starts_at", "ends_at"}
    assert seen.unanchored == []


def test_the_lean_site_loads_no_column_of_a_programme_in_vain(data: Path) -> None:
    lean = watch(data, "wsgi", SITE_LEAN="1")
    programmes = [each for each in begun_at(lean, fault("F05")) if each.model == "epg.Programme"]
    assert [unread(fetch) for fetch in programmes] == [set()]


def test_fields_of_the_profile_come_from_columns_read_long_before(seen: ReadsSeen) -> None:
    """The view copies them into an object of its own first."""
    readers = {
        text_of(reader.path)
        for fetch in seen.fetches
        for column in fetch.columns
        for reader in column.readers
        if fetch.model == "auth.User" and column.name == "email"
    }
    assert "email" in readers
