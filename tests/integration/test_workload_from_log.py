"""``djtune workload from-log`` on logs that real servers wrote, and on a real URLconf."""

import gzip
import shlex
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import PROJECTS, Outcome, djtune
from jsonschema import validate
from site_helpers import Client, djtune_site, running
from worker_helpers import project

from djtune.servers.worker import Worker
from djtune.workloads.file import load
from djtune.workloads.logs.findings import GUNICORN_FORMAT
from sample_site import ROOT

SHOP = PROJECTS / "shop"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


ASKED = {
    "/api/health/?probe=1": 20,
    "/": 5,
    "/api/epg/?day=today&from=1&to=3": 7,
    "/hls/eins-1/playlist.m3u8": 3,
    "/hls/arena-1/playlist.m3u8": 2,
    "/old/guide/": 4,
    "/api/epg": 2,
    "/api/broken/": 1,
    "/no/such/page/77?a=b%20c": 6,
    "/static/app.js": 1,
}


@pytest.fixture(scope="module")
def log(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample site's own, written by gunicorn in the format that djtune recommends."""
    file = tmp_path_factory.mktemp("log") / "access.log"
    arguments = ["--access-logfile", str(file), "--access-logformat", GUNICORN_FORMAT]
    with running(data, GUNICORN_CMD_ARGS=shlex.join(arguments)) as site:
        viewer = site.client.signed_in()
        wait_for("POST /api/auth/", file)
        file.write_text("")  # what was asked for until here is not counted
        for path, times in ASKED.items():
            for _ in range(times):
                viewer.get(path)
        for _ in range(3):
            Client(site.client.host).get("/api/epg/")  # nobody is signed in
    return file


def wait_for(request: str, log: Path) -> None:
    """Wait for the line of the request: it is written after the answer was sent."""
    deadline = time.monotonic() + 30
    while request not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def from_log(data: Path, *args: str | Path) -> Outcome:
    return djtune(
        *("workload", "from-log", *args), cwd=ROOT, env={"SITE_DATA": str(data), "REDIS_URL": None}
    )


def test_gunicorns_own_log_gives_exactly_what_was_asked_for(
    data: Path, log: Path, tmp_path: Path
) -> None:
    file = tmp_path / "peak.yaml"
    done = from_log(data, log, "--output", file, "--format", "json")
    assert done.exit_code == 0, done.stderr
    result = done.json
    statuses = {
        f"{one['method']} {one['route']}": one["observed"]["statuses"] for one in result["routes"]
    }
    assert statuses == {
        "GET api/health/": {"200": 20},
        "GET ": {"200": 5},
        "GET api/epg/": {"200": 7, "401": 3},
        "GET hls/<slug:channel>/playlist.m3u8": {"200": 5},
        "GET old/guide/": {"301": 4},
        "GET api/broken/": {"500": 1},
    }
    written = load(file)
    assert {journey.name: journey.weight for journey in written.journeys} == {
        "GET api/health/": 20,
        "GET ": 5,
        "GET api/epg/": 7,
        "GET hls/<slug:channel>/playlist.m3u8": 5,
        "GET old/guide/": 4,
    }
    others = {name: n for name, n in result["others"].items() if n}
    assert others == {"slash": 2, "unknown": 6, "static": 1}
    assert result["unresolved"] == [{"pattern": "/no/…/…/0", "requests": 6, "statuses": {"404": 6}}]
    assert [file["unreadable"] for file in result["files"]] == [0]
    assert result["missing"] == []
    seen = written.observed["GET api/epg/"]
    assert seen.timed == 7
    assert seen.mean is not None
    assert seen.bytes is not None
    assert seen.bytes > 1000

    checked = djtune("workload", "check", file, cwd=ROOT, env={"SITE_DATA": str(data)})
    assert checked.exit_code == 0, checked.stderr
    validate(result, djtune("schema", "workload", "from-log").json)


def test_files_are_added_up_whatever_their_form(data: Path, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "access.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    lines = tmp_path / "access.jsonl"
    line = '{"request":"GET /api/health/ HTTP/1.1","status":200,"time":"2026-03-06T20:30:00Z"}\n'
    lines.write_text(line * 10)
    file, page = tmp_path / "peak.yaml", tmp_path / "report.html"
    done = from_log(data, log, packed, lines, "--output", file, "--html", page)
    assert done.exit_code == 0, done.stderr
    assert load(file).journeys[0].weight == 50
    assert f"djtune profile --workload {file}" in done.stdout
    assert "GET /api/broken/ failed in 100 % of its requests" in done.stdout
    report = page.read_text(encoding="utf-8")
    assert "no durations, to compare with measured ones" in report
    assert "access_log_format = " in report


def test_a_fault_is_one_line_with_the_way_out(data: Path, log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    other.write_text(log.read_text().replace("GET /", "GET /tv/"))
    (tmp_path / "mine.yaml").write_text("mine")
    output = ("--output", tmp_path / "mine.yaml")
    faults = {
        "absent.log cannot be read: No such file": from_log(
            data, tmp_path / "absent.log", *output, "--force"
        ),
        "mine.yaml exists": from_log(data, log, *output),
        "no route of the app answered any of the": from_log(data, other, *output, "--force"),
        "the log format has no method": from_log(
            data, log, *output, "--force", "--log-format", "x"
        ),
    }
    for said, done in faults.items():
        assert done.exit_code == 2
        assert done.stdout == ""
        assert said in done.stderr
        assert len(done.stderr.splitlines()) <= 2
    assert (tmp_path / "mine.yaml").read_text() == "mine"

    done = from_log(data, other, *output, "--force", "--strip-prefix", "/tv")
    assert done.exit_code == 0, done.stderr
    assert load(tmp_path / "mine.yaml").journeys[0].name == "GET api/health/"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    database = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    with Worker(project("shop", env={"SHOP_DATABASE": str(database)})) as worker:
        yield worker


@pytest.mark.parametrize(
    ("path", "kind", "route"),
    [
        ("/shop/", "route", "shop/"),
        ("/shop/products/blue-cup/", "route", "shop/products/<slug:slug>/"),
        ("/shop/products/blue%2Dcup/", "route", "shop/products/<slug:slug>/"),
        ("/people/%C3%A5sa/", "route", "people/<str:username>/"),
        ("/shop/orders/on/2025-01-03/", "route", "shop/orders/on/<isodate:day>/"),
        (
            "/archive/2024/page-2/",
            "route",
            r"^archive/(?P<year>[0-9]{4})/(?:page-(?P<page>\d+)/)?$",
        ),
        ("/en/help/returns/", "route", "en/help/<slug:topic>/"),
        ("/sv/help/returns/", "route", "en/help/<slug:topic>/"),
        ("/de/help/returns/", "unknown", ""),
        ("/shop/products/blue-cup", "slash", "shop/products/<slug:slug>/"),
        ("/static/app.css", "static", ""),
        ("/orders/17/", "unknown", ""),
        ("*", "unknown", ""),
        ("/%FF%FE/", "unknown", ""),
    ],
)
def test_a_path_is_resolved_as_a_request_for_it_would_be(
    shop: Worker, path: str, kind: str, route: str
) -> None:
    assert shop.call("resolve_paths", paths=[path], prefix="") == [[kind, route]]


def test_the_prefix_of_a_proxy_is_taken_off(shop: Worker) -> None:
    paths = ["/tv/shop/", "/tv", "/shop/", "/tvshop/", "/tv/static/app.css", "/static/app.css"]
    found = shop.call("resolve_paths", paths=paths, prefix="/tv/")
    kinds = ["route", "unknown", "outside", "outside", "static", "static"]
    assert [kind for kind, _ in found] == kinds


def test_a_script_name_of_the_settings_is_taken_off_where_it_stands(tmp_path: Path) -> None:
    settings = 'from conf.settings import *\nFORCE_SCRIPT_NAME = "/tv"\nSTATIC_URL = "static/"\n'
    (tmp_path / "mounted.py").write_text(settings)
    app = project("shop", settings="mounted", pythonpath=[str(tmp_path)])
    with Worker(app) as worker:
        paths = ["/tv/shop/", "/shop/", "/tv/static/app.css", "/tv"]
        found = worker.call("resolve_paths", paths=paths, prefix="")
    assert found == [["route", "shop/"], ["route", "shop/"], ["static", ""], ["unknown", ""]]


def test_every_route_found_is_one_of_those_that_are_described(shop: Worker) -> None:
    described: list[dict[str, Any]] = shop.call("describe_routes")
    paths = ["/shop/", "/api/products/", "/legacy/7/", "/sv/help/a/", "/media/a.png", "/about/"]
    found = shop.call("resolve_paths", paths=paths, prefix="")
    assert Counter(kind for kind, _ in found) == {"route": len(paths)}
    assert {route for _, route in found} <= {one["route"] for one in described}
