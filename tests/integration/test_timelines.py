"""Timelines of real requests: what ran when, in which thread, and what interrupted it."""

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import djtune
from profile_helpers import seeded_shop
from timelines import Timeline, read
from worker_helpers import manage, project, step, workload

from djtune.profiling.trace import Traced, chrome_trace
from djtune.servers.redis import find_redis, redis_server
from djtune.servers.worker import Worker

ROUTES = [
    "gc/",
    "cache/",
    "other-alias/",
    "query-in-template/",
    "own-threads/",
    "bridge/",
    "async/work-in-thread/",
    "async/gathered-waits/",
    "async/gathered-hops/",
    "redis/",
]
Requests = dict[str, dict[str, Timeline]]
"""Route → kind → the request."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    env = {"LAB_DATA": str(tmp_path_factory.mktemp("lab"))}
    manage("phases", "fill", env=env)
    with ExitStack() as stack:
        if find_redis():
            env["LAB_REDIS"] = stack.enter_context(redis_server())
        yield env


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def lab(request: pytest.FixtureRequest, environment: dict[str, str]) -> Requests:
    return followed(request.param, environment)


def followed(interface: str, env: dict[str, str]) -> Requests:
    """Every route, cold and once warm."""
    routes = [route for route in ROUTES if route != "redis/" or "LAB_REDIS" in env]
    steps = list(range(len(routes)))
    rows: list[Any] = []
    with Worker(project("phases", interface=interface, env=env)) as worker:
        worker.call(
            "open_session",
            workload=workload(step(route) for route in routes),
            seed=1,
            interface=interface,
        )
        asked = {"skip": [], "steps": steps, "times": 1, "seconds": 60}
        worker.call("trace_requests", **asked, on_part=rows.append)
    traced = msgspec.convert(rows, list[Traced])
    document = chrome_trace(traced, [("GET", route) for route in routes], {})
    found: Requests = {route: {} for route in routes}
    for each, shown in zip(traced, read(document), strict=True):
        assert_as_summed(each, shown)
        found[routes[each.step]][each.kind] = shown
    return found


def assert_as_summed(traced: Traced, shown: Timeline) -> None:
    """What is drawn on the request's track adds up to what its clock has summed."""
    [whole, *_] = shown.tracks["request"]
    told = {name: round(ms * 1e6) for name, ms in whole.args["phases_ms"].items()}
    assert shown.own("request") == told
    assert sum(told.values()) == traced.wall


def test_one_warm_request_is_typical_and_not_the_slowest_too(lab: Requests) -> None:
    assert {tuple(kinds) for kinds in lab.values()} == {("first", "typical")}


def test_nothing_is_left_out(lab: Requests) -> None:
    for kinds in lab.values():
        for shown in kinds.values():
            assert shown.tracks["request"][0].args["events_cut"] == 0


def test_collections_interrupt_the_view_on_a_track_of_their_own(lab: Requests) -> None:
    shown = lab["gc/"]["typical"]
    full = [each for each in shown.tracks["garbage collector"] if each.args["generation"] == 2]
    assert len(full) >= 10
    [view] = shown.phase("view")
    assert all(view.begin <= each.begin and each.end <= view.end for each in full)


def test_a_query_is_inside_the_template_that_makes_it(lab: Requests) -> None:
    shown = lab["query-in-template/"]["typical"]
    [template] = shown.phase("template")
    assert template.name == "template lab/queries.html"
    [query] = [each for each in shown.phase("SQL execute") if "sql" in each.args]
    assert template.begin < query.begin < query.end < template.end
    assert query.args["sql"].startswith("SELECT")
    assert [count["args"] for count in shown.of_kind("C")] == [{"made": 0}, {"made": 1}]


def test_a_query_names_its_database_and_none_of_its_parameters(lab: Requests) -> None:
    shown = lab["other-alias/"]["typical"]
    [query] = [each for each in shown.phase("SQL execute") if "sql" in each.args]
    assert query.args["database"] == "other"
    assert "pg_sleep" in query.args["sql"]
    assert "0.06" not in query.name + query.args["sql"]


def test_a_call_of_a_cache_shows_what_it_found(lab: Requests) -> None:
    [call] = lab["cache/"]["typical"].phase("cache")
    assert call.name == "cache get *"
    assert (call.args["hits"], call.args["misses"]) == (0, 1)


def test_a_command_of_redis_is_a_call_of_a_cache(lab: Requests) -> None:
    if "redis/" not in lab:
        pytest.skip("no redis-server or valkey-server on PATH")
    assert "cache BLPOP *" in {each.name for each in lab["redis/"]["typical"].phase("cache")}


def test_threads_of_the_app_run_beside_the_request(lab: Requests) -> None:
    shown = lab["own-threads/"]["typical"]
    beside = [slices for name, slices in shown.tracks.items() if name.startswith("in parallel")]
    queried = [slices for slices in beside if any(each.args.get("sql") for each in slices)]
    assert len(queried) == 1
    assert len(shown.of_kind("s")) == len(shown.of_kind("f")) == 4
    waits = [name for name in shown.tracks if name.endswith(": off the processor")]
    assert len(waits) >= 4, "three sleep at once, while the request waits for them"


def test_gathered_waits_overlap_on_tracks_of_their_own(lab: Requests) -> None:
    shown = lab["async/gathered-waits/"]["typical"]
    lanes = [f"in parallel {number}" for number in (1, 2, 3)]
    waits = [each for lane in lanes for each in shown.tracks[lane] if each.name == "waiting"]
    assert len(waits) == 3
    assert max(each.begin for each in waits) < min(each.end for each in waits)


def test_hops_that_are_gathered_run_one_after_another(lab: Requests) -> None:
    shown = lab["async/gathered-hops/"]["typical"]
    assert {f"in parallel {number}" for number in (1, 2, 3)} <= shown.tracks.keys()
    assert any("in parallel" in name and slices for name, slices in shown.tracks.items())


def test_work_in_a_thread_goes_on_in_the_request_with_a_mark(lab: Requests) -> None:
    shown = lab["async/work-in-thread/"]["typical"]
    [view] = shown.phase("view")
    marks = [mark for mark in shown.of_kind("i") if view.begin < mark["ts"] * 1000 < view.end]
    assert len(marks) == 2, "to the thread and back"
    assert not [name for name in shown.tracks if "in parallel" in name]


def test_the_command_writes_the_timeline_of_the_routes_that_were_named(tmp_path: Path) -> None:
    shop = seeded_shop(tmp_path)
    file = tmp_path / "timeline.json.gz"
    run = djtune(
        "profile", "/shop/products/*", "--trace", file, "--format", "json",
        "--duration", "5", "--trials", "1", cwd=shop,
    )  # fmt: skip
    assert run.exit_code == 0, run.stderr
    document = json.loads(gzip.decompress(file.read_bytes()))
    shown = read(document)
    assert [each.name.partition(" (")[0] for each in shown] == [
        "GET /shop/products/<slug:slug>/"
    ] * 3
    assert document["otherData"]["interface"] == "wsgi"
    told = run.json["traces"]
    assert [(each["kind"], each["cut"]) for each in told] == [
        ("first", 0),
        ("typical", 0),
        ("slowest", 0),
    ]
    assert run.json["trace_file"] == str(file)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    run = djtune("profile", "--trace", tmp_path / "no" / "t.json", cwd=tmp_path)
    assert run.exit_code == 2
    assert "--trace" in run.stderr


def test_it_is_not_written_over_by_the_result(tmp_path: Path) -> None:
    run = djtune("profile", "--trace", "t.json", "--output", tmp_path / "t.json", cwd=tmp_path)
    assert run.exit_code == 2
    assert run.stderr.startswith("error: --output and --trace name the same file")
