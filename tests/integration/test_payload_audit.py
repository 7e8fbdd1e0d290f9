"""``djtune payload-audit`` on the sample site: its own page, in Chromium, against its faults."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from helpers import Outcome, djtune
from site_helpers import djtune_site

from djtune.errors import ExitCode
from djtune.model.app import App
from djtune.payloads import gather
from djtune.payloads.browser.player import why_no_browser
from djtune.payloads.result import EndpointResult, PayloadAuditResult
from djtune.payloads.weighing import mean
from djtune.project import find_app
from djtune.workloads.file import load
from djtune.workloads.survey import Question, surveyed
from sample_site import ROOT

pytestmark = pytest.mark.skipif(bool(why_no_browser()), reason=why_no_browser())

UNREAD = {
    "/api/profile/": {
        *("id", "username", "email", "joined_on", "region", "isp", "preferences"),
        *("devices[].code", "devices[].paired_on"),
    },
    "/api/channels/": {"[].description", "[].languages", "[].feed_id", "[].launched_on"},
    "/api/epg/": {
        "channels[].logo",
        *(f"channels[].programmes[].{name}" for name in ("crid", "country")),
        *(f"channels[].programmes[].{name}" for name in ("catchup_until", "updated_at")),
    },
    "/api/shows/<int:pk>/": {"id", "tagline", "country", "cast", "airings[].id"},
}
"""F09 to F15 of FAULTS.md: the fields that the page does not read."""

UNUSED_COLUMNS = {
    "epg/guide.py:27": {"long_synopsis", "credits"},
    "playback/views.py:67": {
        *("tagline", "description", "genre_id", "year", "country", "age_rating", "cast"),
    },
    "web/views.py:22": {"tagline", "country", "age_rating", "poster", "cast"},
    "epg/guide.py:48": {
        *("show_id", "title", "description", "genres", "season", "episode", "age_rating"),
        *("is_new", "image", "catchup_until", "crid", "country", "updated_at"),
        *("long_synopsis", "credits"),
    },
}
"""F05, F06, F07 and F19; F08 has the channel's columns besides."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


def audit(data: Path, *arguments: str | Path) -> Outcome:
    return djtune(
        *("payload-audit", "--workload", "workload.yaml", "--duration", "10"),
        *arguments,
        cwd=ROOT,
        env={"SITE_DATA": str(data)},
    )


class Audited:
    def __init__(self, outcome: Outcome, folder: Path) -> None:
        self.outcome = outcome
        self.result = msgspec.json.decode(
            (folder / "audit.json").read_bytes(), type=PayloadAuditResult
        )
        self.written = [(folder / name).read_text() for name in ("audit.json", "audit.html")]

    def endpoint(self, route: str) -> EndpointResult:
        return next(each for each in self.result.endpoints if f"/{each.route}" == route)


@pytest.fixture(scope="module")
def audited(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """One audit with the page's own journey."""
    folder = tmp_path_factory.mktemp("audit")
    files = ("--output", folder / "audit.json", "--html", folder / "audit.html")
    outcome = audit(data, "--browser", "journey.py", "--format", "json", *files)
    assert outcome.exit_code == ExitCode.DONE, outcome.stderr
    return Audited(outcome, folder)


class TestFields:
    def test_the_proposed_fields_are_those_that_the_page_does_not_read(self, audited):
        proposed = {
            f"/{each.route}": set(each.proposed.fields)
            for each in audited.result.endpoints
            if each.proposed
        }
        assert proposed == UNREAD

    def test_the_journey_looks_the_same_without_them(self, audited):
        assert audited.result.journey.confirmed
        assert audited.result.journey.page_loads == 3  # twice with all fields, once without
        assert all(each.proposed.confirmed for each in audited.result.endpoints if each.proposed)

    def test_every_other_field_that_the_page_was_sent_is_used(self, audited):
        for route, unread in UNREAD.items():
            for field in audited.endpoint(route).fields:
                held = any(field.path == name or name in field.path for name in unread)
                assert held or field.verdict == "used", field.path

    def test_what_no_client_asks_for_is_unknown(self, audited):
        (field,) = audited.endpoint("/api/health/").fields
        assert field.verdict == "unknown"

    def test_personal_fields_come_first(self, audited):
        first = audited.result.findings[0]
        assert first.kind == "sensitive-unused-fields"
        assert "email (contact data)" in first.evidence[0]

    def test_dropping_fields_frees_the_columns_that_they_alone_read(self, audited):
        freed = audited.endpoint("/api/shows/<int:pk>/").proposed.columns
        assert {"epg.Show.tagline", "epg.Show.country", "epg.Show.cast"} <= set(freed)

    def test_patches_name_serializers_at_their_line(self, audited):
        (found,) = [f for f in audited.result.findings if "GET /api/channels/" in f.title]
        assert "ChannelSerializer (epg/serializers.py:7)" in found.remedy
        assert '-            "feed_id",' in found.patch


class TestColumns:
    @pytest.mark.parametrize("line", UNUSED_COLUMNS)
    def test_columns_that_nobody_reads(self, audited, line):
        (queryset,) = [each for each in audited.result.querysets if each.begun == line]
        unread = {each.name for each in queryset.columns if each.state == "unread"}
        assert unread == UNUSED_COLUMNS[line]

    def test_the_export_reads_six_columns(self, audited):
        (queryset,) = [q for q in audited.result.querysets if q.begun == "accounts/views.py:52"]
        read = {each.name for each in queryset.columns if each.state == "read"}
        assert read == {"starts_at", "ends_at", "title", "genres", "name"}

    def test_no_other_queryset_is_called_too_heavy(self, audited):
        lines = {f.where for f in audited.result.findings if f.kind == "unread-columns"}
        assert lines <= {*UNUSED_COLUMNS, "accounts/views.py:52", "epg/guide.py:19"}


@pytest.mark.slow
class TestSaving:
    def test_the_switch_saves_what_was_predicted(self, audited, data):
        """The same requests, asked of the site with its lean payloads switched on."""
        before, after = sampled(data, "0"), sampled(data, "1")
        for route in UNREAD:
            predicted = audited.endpoint(route).proposed.share
            measured = 1 - mean(after[route]) / mean(before[route])
            assert measured == pytest.approx(predicted, rel=0.02), route


def sampled(data: Path, lean: str) -> dict[str, list[int]]:
    """Sizes of the same few responses of each route."""
    into = gather.Gathered()
    with surveyed(question(data, lean), into) as worker:
        gather.sample(worker, into, seconds=60, rounds=12)
    return {f"/{route}": each.sizes for (_, route), each in into.responses.items()}


def question(data: Path, lean: str) -> Question:
    app = msgspec.structs.replace(site(), env={"SITE_DATA": str(data), "SITE_LEAN": lean})
    workload = load(ROOT / "workload.yaml")
    return Question(app=app, workload=workload, patterns=[], sign_in=None, unsafe=False, seed=1)


def site() -> App:
    return find_app(ROOT)


@pytest.fixture(scope="module")
def personal(data: Path) -> set[str]:
    """What the database knows of people, as it would stand in a response."""
    with closing(sqlite3.connect(next(data.glob("*.sqlite3")))) as database:
        people = database.execute("SELECT username, email FROM auth_user").fetchall()
        names = database.execute("SELECT display_name FROM accounts_profile").fetchall()
        codes = database.execute("SELECT code, code FROM accounts_device").fetchall()
    return {value for row in [*people, *names, *codes] for value in row if len(value) > 5}


class TestPrivacy:
    def test_nothing_that_was_written_holds_a_value(self, audited, personal):
        outcome = audited.outcome
        for text in (*audited.written, outcome.stdout, outcome.stderr):
            assert not [value for value in personal if value in text]

    @pytest.mark.slow
    def test_values_are_kept_when_asked_for(self, data, personal):
        done = audit(data, "--duration", "5", "--keep-values", "--format", "json", "api/profile/")
        (profile,) = [each for each in done.json["endpoints"] if each["route"] == "api/profile/"]
        (email,) = [each for each in profile["fields"] if each["path"] == "email"]
        assert email["example"] in personal


@pytest.mark.slow
class TestBudgets:
    def test_a_breached_one_is_named(self, data):
        limits = ("--budget", "GET /api/epg/: bytes<1kB", "--budget", "unused<5%")
        done = audit(data, "--duration", "5", *limits, "api/epg/")
        assert done.exit_code == ExitCode.BREACHED
        assert "breached: GET /api/epg/: bytes<1kB" in done.stderr
        assert "can't tell: unused<5% · GET /api/epg/" in done.stderr  # of no client anything

    def test_unused_bytes_are_judged_where_a_client_was_looked_at(self, data):
        source = ("--client-source", "web/static", "--budget", "unused<5%")
        done = audit(data, "--duration", "5", *source, "api/epg/")
        assert done.exit_code == ExitCode.BREACHED
        assert "breached: unused<5% · GET /api/epg/ has 2" in done.stderr


class TestHar:
    def test_responses_of_a_har_are_sorted_by_route(self, data, tmp_path):
        file = tmp_path / "session.har"
        body = json.dumps([{"slug": "one", "number": 1}, {"slug": "two", "number": 2}])
        file.write_text(json.dumps({"log": {"entries": [entry("/api/channels/", body)]}}))
        done = audit(data, "--har", file, "--format", "json")
        (endpoint,) = done.json["endpoints"]
        assert (endpoint["route"], endpoint["n"]) == ("api/channels/", 1)
        assert {each["path"] for each in endpoint["fields"]} == {"[].slug", "[].number"}

    def test_one_that_was_cut_off_is_refused(self, data, tmp_path):
        file = tmp_path / "session.har"
        file.write_text('{"log": {"entries": [')
        done = audit(data, "--har", file)
        assert done.exit_code == ExitCode.USAGE
        (said,) = re.findall("^error: .*", done.stderr, re.MULTILINE)
        assert re.search(r"session\.har.*cut off", said)


def entry(path: str, body: str) -> dict[str, object]:
    return {
        "request": {"method": "GET", "url": f"http://localhost{path}"},
        "response": {
            "status": 200,
            "content": {"size": len(body), "mimeType": "application/json", "text": body},
        },
    }
