"""What requests leave to the collector, counted and named in a real worker."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from site_helpers import djtune_site, environment
from worker_helpers import project, step, workload

from djtune.model.app import App
from djtune.servers.worker import Worker
from djtune.workloads.file import load
from sample_site import ROOT

REPOSITORY = Path(__file__).parents[2]
ROUTES = {
    "clean/": {},
    "cycle/<int:sections>/": {"params": {"sections": 5}},
    "heavy/<int:size>/": {"params": {"size": 1_000_000}},
    "from-outside/": {},
    "error/": {},
    "closure/": {},
    "made-class/": {},
    "visits/": {},
    "paths/": {},
    "chain/": {},
    "phoenix/": {},
    "cached/": {},
    "bounded/": {},
    "unbounded/": {},
}

Row = dict[str, Any]


def audited(app: Any, asked: dict[str, Any], **options: Any) -> list[Row]:
    with Worker(app) as worker:
        worker.call("open_session", workload=asked, seed=1, interface=app.interface)
        rows: list[Row] = worker.call("audit_garbage", skip=[], rounds=3, **options)
    return rows


@pytest.fixture(scope="module")
def leaky() -> Callable[[str], Row]:
    asked = workload(step(route, **options) for route, options in ROUTES.items())
    rows = audited(project("leaky"), asked)
    return dict(zip(ROUTES, rows, strict=True)).__getitem__


def objects(row: Row) -> list[int]:
    return [each["objects"] for each in row["rounds"]]


def names(row: Row, *, needed: bool = True) -> set[str]:
    return {
        f"{link['owner']}.{link['attribute']}" for link in row["links"] if link["needed"] >= needed
    }


def test_a_request_that_leaves_nothing_is_said_to_leave_nothing(leaky):
    assert objects(leaky("clean/")) == [0, 0, 0]
    assert leaky("clean/")["links"] == []
    assert leaky("clean/")["kept"] < 100  # a few numbers, at most


def test_an_app_that_switches_the_collector_on_hides_no_garbage():
    asked = workload([step("enabled/"), step("dropped/")])
    _, dropped = audited(project("tuned"), asked)
    assert objects(dropped) == [1000, 1000, 1000]


def test_a_cycle_is_named_by_the_class_and_the_attribute_that_leads_back(leaky):
    row = leaky("cycle/<int:sections>/")
    assert names(row) == {"Section.report"}
    (link,) = [link for link in row["links"] if link["needed"]]
    assert link["count"] == 5
    assert link["origin"] == "app"
    assert link["where"] == "conf/reports.py:13"
    assert link["frees"] == objects(row)[0]


def test_each_round_counts_the_same(leaky):
    # The report, its list and, for each section, itself and its lines; dictionaries by version.
    counted = objects(leaky("cycle/<int:sections>/"))
    assert len(set(counted)) == 1
    assert counted[0] >= 2 + 5 * 2


def test_what_only_garbage_holds_is_weighed_with_it(leaky):
    assert leaky("heavy/<int:size>/")["kept"] == pytest.approx(1_000_000, rel=0.01)
    assert leaky("heavy/<int:size>/")["rounds"][0]["bytes"] < 1000


def test_what_is_set_from_outside_is_the_apps_where_its_object_is(leaky):
    links = leaky("from-outside/")["links"]
    (link,) = [link for link in links if link["owner"] == "WSGIRequest"]
    assert (link["attribute"], link["kind"], link["origin"]) == ("report", "outside", "app")


def test_an_exception_that_is_kept_is_named_by_the_variable_that_keeps_it(leaky):
    assert "error.(local) kept" in names(leaky("error/"), needed=False)


def test_a_function_that_calls_itself_is_named_by_its_closure(leaky):
    assert names(leaky("closure/")) == {"closure.<locals>.countdown.(closure) countdown"}


def test_a_class_made_by_the_request_is_named(leaky):
    assert names(leaky("made-class/")) == {"Made.(class made by the request)"}


@pytest.mark.parametrize(
    ("route", "holder", "kind"),
    [
        ("visits/", "list conf.urls.VISITS", "conf.reports.Visit"),
        ("paths/", "list conf.urls.PATHS", "str"),
        ("chain/", "conf.urls.newest", "conf.reports.Entry"),
        ("unbounded/", "cache of conf.urls._unbounded", "conf.reports.Visit"),
        ("phoenix/", "list conf.reports.Phoenix.ashes", "conf.reports.Phoenix"),
    ],
)
def test_a_leak_is_named_by_what_holds_it_and_what_is_held(leaky, route, holder, kind):
    (growth,) = leaky(route)["growth"]
    assert growth["holder"] == holder
    assert growth["types"] == [kind]
    assert growth["objects"] == 1
    assert growth["where"].startswith("conf/")


@pytest.mark.parametrize("route", ["clean/", "cached/", "bounded/", "cycle/<int:sections>/"])
def test_what_does_not_grow_with_equal_requests_is_no_leak(leaky, route):
    assert leaky(route)["growth"] == []


def test_no_look_for_leaks_is_taken_once_the_time_is_up():
    rows = audited(project("leaky"), workload([step("visits/")]), seconds=0)
    assert "growth" not in rows[0]
    assert len(rows[0]["rounds"]) == 1


@pytest.fixture(scope="module")
def site_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("site")
    done = djtune_site("seed", "--size", "small", "--data", str(data))
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture(scope="module")
def site_rows(site_data: Path) -> list[Row]:
    app = App(
        directory=str(ROOT),
        settings="streaming.settings",
        python=sys.executable,
        env={"SITE_DATA": str(site_data), "SITE_PRESET": "before"},
    )
    asked = msgspec.to_builtins(load(REPOSITORY / "benchmarks" / "cycle_audit.yaml"))
    return audited(app, asked)


@pytest.mark.slow
def test_a_script_without_djtune_counts_the_same_objects_type_by_type(site_data, site_rows):
    script = REPOSITORY / "benchmarks" / "cycle_audit.py"
    done = subprocess.run(
        [sys.executable, str(script), "--data", str(site_data), "--json"],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    by_hand = json.loads(done.stdout)
    assert [objects(row) for row in site_rows] == [[each["objects"]] * 3 for each in by_hand]
    for row, each in zip(site_rows, by_hand, strict=True):
        assert {kind["name"]: kind["objects"] for kind in row["types"]} == each["types"]


@pytest.mark.slow
def test_the_sites_cycles_are_named(site_rows):
    guide = site_rows[3]
    assert {"Field.parent", "BindingDict.serializer", "ModelState.fields_cache"} <= names(guide)
    everything = names(guide, needed=False)
    assert 'Response.renderer_context["response"]' in everything
    assert {"View.request", "Request.parser_context", "Channel.listing"} <= everything
    kinds = {link["attribute"]: link["kind"] for link in guide["links"]}
    assert kinds["listing"] == "prefetch"


@pytest.mark.slow
def test_nothing_of_djtunes_own_is_in_it(site_rows):
    assert not [row for row in site_rows if "djtune" in json.dumps(row)]


@pytest.mark.slow
def test_the_site_does_not_leak(site_rows):
    assert [row["growth"] for row in site_rows] == [[]] * len(site_rows)
