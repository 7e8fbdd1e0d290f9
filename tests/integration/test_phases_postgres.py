"""The same phases, and nothing that stays, on a real PostgreSQL server."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_helpers import databases, execute
from test_phases import BOTH
from test_safety import WRITES, asked, open_session, opened
from worker_helpers import Replayed, manage, project, replay, step

ROUTES = [
    "waiting/",
    "view/",
    "sql-execute/",
    "other-alias/",
    "query-in-template/",
    "async/query-in-hop/",
    "async/gathered-waits/",
]
INTERFACES = ["wsgi", "asgi"]


@pytest.fixture(scope="module")
def host() -> Iterator[Path]:
    with databases("lab", "office", "other", "other_office") as host:
        yield host


@pytest.fixture(scope="module")
def lab_environment(host: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    env = {"LAB_DATA": str(tmp_path_factory.mktemp("lab")), "LAB_POSTGRES": str(host)}
    manage("phases", "fill", env=env)
    return env


@pytest.fixture(scope="module", params=INTERFACES)
def lab(request: pytest.FixtureRequest, lab_environment: dict[str, str]) -> Replayed:
    app = project("phases", interface=request.param, env=lab_environment)
    return replay(app, [*ROUTES, "large-fetch/", "own-threads/"])


@pytest.mark.parametrize("route", ROUTES)
def test_time_lands_in_its_own_phase(lab: Replayed, route: str) -> None:
    assert lab.share(route, BOTH[route]) > 0.8
    assert all(sum(each.phases) + each.machine == each.wall for each in lab.of(route))


def test_a_large_fetch_is_sql_and_making_objects(lab: Replayed) -> None:
    """The client reads the whole answer while it executes; little is left to fetch."""
    route = "large-fetch/"
    assert lab.share(route, "sql_execute", "sql_fetch", "orm") > 0.7
    assert lab.share(route, "orm") > 0.2


def test_each_alias_and_each_thread_is_counted(lab: Replayed) -> None:
    assert all(each.queries == {"other": 1} for each in lab.of("other-alias/"))
    assert all(each.queries == {"default": 1} for each in lab.of("own-threads/"))
    assert lab.parallel("own-threads/", "sql_execute") > 0.3


@pytest.fixture(scope="module")
def office(host: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    manage("effects", "fill", env={"OFFICE_DATA": str(folder), "OFFICE_POSTGRES": str(host)})
    return folder


def rows(host: Path) -> list[tuple[object, ...]]:
    return [
        *execute(host, "office", "SELECT text FROM office_note"),
        *execute(host, "other_office", "SELECT text FROM office_note"),
    ]


@pytest.mark.parametrize("interface", INTERFACES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rows_written_by_a_replayed_request_are_gone(
    host: Path, office: Path, interface: str, method: str
) -> None:
    late = office / "late"
    late.unlink(missing_ok=True)

    def wait_for_the_late_thread() -> None:
        while not late.exists():
            time.sleep(0.02)
        time.sleep(0.3)

    classes = asked(
        office,
        *(step(route, method) for route in WRITES),
        then=wait_for_the_late_thread,
        interface=interface,
        env={"OFFICE_POSTGRES": str(host)},
    )
    assert {route: entry["class"] for route, entry in classes.items()} == dict.fromkeys(
        WRITES, "ok"
    )
    assert rows(host) == []


@pytest.mark.parametrize("interface", INTERFACES)
def test_no_connection_is_left_open_by_a_request(host: Path, office: Path, interface: str) -> None:
    """Under ASGI each request has a thread of its own, whose connections end with it."""
    sessions = "SELECT pid FROM pg_stat_activity WHERE datname = 'office'"
    with opened(office, interface=interface, env={"OFFICE_POSTGRES": str(host)}) as worker:
        open_session(worker, step("written/"))
        worker.call("class_steps", skip=[])
        assert len(execute(host, "office", sessions)) <= 3  # One is this look.


def test_rollback_is_proved_before_unsafe_methods(host: Path, office: Path) -> None:
    with opened(office, env={"OFFICE_POSTGRES": str(host)}) as worker:
        assert open_session(worker, step("written/", "POST"))["unproven"] == {}


def test_rollback_cannot_be_proved_by_a_role_that_may_not_write(host: Path, office: Path) -> None:
    execute(host, "office", "CREATE ROLE reader LOGIN")
    for database in ("office", "other_office"):
        execute(host, database, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    env = {"OFFICE_POSTGRES": str(host), "OFFICE_POSTGRES_USER": "reader"}
    with opened(office, env=env) as worker:
        unproven = open_session(worker, step("written/", "POST"))["unproven"]
    assert unproven.keys() == {"default", "other"}
    assert "permission denied" in unproven["default"]
