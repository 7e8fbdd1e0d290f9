"""Nothing that a replayed request does stays, and nothing leaves the machine."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from worker_helpers import manage, project, step, workload

from djtune.errors import DjtuneError, ExitCode
from djtune.servers.worker import Worker

WRITES = [
    "written/",
    "written-async/",
    "written-in-free-thread/",
    "written-in-to-thread/",
    "written-in-own-thread/",
    "written-in-pool/",
    "written-late/",
    "written-durably/",
    "written-on-other/",
    "written-after-closing/",
]
BREAK_OFF = {
    "written-then-failed/": "ValueError",
    "written-then-exited/": "SystemExit",
    "written-async-then-exited/": "SystemExit",
    "written-then-broken-off/": "TimeoutError",
    "written-then-exited-in-the-body/": "SystemExit",
}
"""Views that write and then end the request otherwise than by an answer, and how."""
UPSTREAM = "192.0.2.1"
"""An address that is set aside for documentation: no packet to it ever arrives."""
OUTBOUND = ["connected/", "connected-quietly/", "connected-async/", "datagram/", "message/"]
BOTH = pytest.mark.parametrize("interface", ["wsgi", "asgi"])

Classes = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("office")
    manage("effects", "fill", env={"OFFICE_DATA": str(folder)})
    return folder


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """What a mail server or a broker on this machine would listen on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def reached(listener: socket.socket) -> bool:
    """Whether anybody has connected."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def rows(data: Path) -> int:
    """The notes in both databases, as seen from outside."""
    total = 0
    for name in ("office", "other"):
        with closing(sqlite3.connect(data / f"{name}.sqlite3")) as connection:
            total += connection.execute("SELECT count(*) FROM office_note").fetchone()[0]
    return total


def opened(data: Path, **options: Any) -> Worker:
    env = {"OFFICE_DATA": str(data), **options.pop("env", {})}
    return Worker(project("effects", env=env, **options))


def open_session(worker: Worker, *steps: dict[str, Any], sign_in: Any = None) -> dict[str, Any]:
    result: dict[str, Any] = worker.call(
        "open_session",
        workload=workload(steps),
        seed=1,
        interface=worker.facts["interface"],
        sign_in=sign_in,
    )
    return result


def asked(
    data: Path, *steps: dict[str, Any], then: Callable[[], None] = lambda: None, **options: Any
) -> Classes:
    """What each step was classed as, by route."""
    sign_in = options.pop("sign_in", None)
    with opened(data, **options) as worker:
        open_session(worker, *steps, sign_in=sign_in)
        classes = worker.call("class_steps", skip=[])
        then()
    return {steps[entry["step"]]["route"]: entry for entry in classes}


@BOTH
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rows_written_by_a_replayed_request_are_gone(
    data: Path, interface: str, method: str
) -> None:
    """From views, threads, pools, other aliases, inside durable blocks and after closing."""
    late = data / "late"
    late.unlink(missing_ok=True)

    def wait_for_the_late_thread() -> None:
        while not late.exists():
            time.sleep(0.02)
        # Three such threads were started, one after the other.
        time.sleep(0.3)

    steps = [step(route, method) for route in WRITES]
    classes = asked(data, *steps, then=wait_for_the_late_thread, interface=interface)
    assert {route: entry["class"] for route, entry in classes.items()} == dict.fromkeys(
        WRITES, "ok"
    )
    assert rows(data) == 0


@BOTH
@pytest.mark.parametrize("propagates", [False, True])
def test_rows_are_gone_however_a_request_ends(data: Path, interface: str, propagates: bool) -> None:
    """Each is followed by a view that fails if it sees a row of before."""
    routes = [each for route in BREAK_OFF for each in (route, "written-async/")]
    env = {"OFFICE_PROPAGATES": "1"} if propagates else {}
    with opened(data, interface=interface, env=env) as worker:
        open_session(worker, *map(step, routes))
        entries = worker.call("class_steps", skip=[])
    failed = {routes[entry["step"]]: entry["failure"] for entry in entries[::2]}
    assert {route: text.partition(" ")[0] for route, text in failed.items()} == BREAK_OFF
    assert {entry["class"] for entry in entries[1::2]} == {"ok"}
    assert rows(data) == 0


def test_a_body_that_breaks_off_is_closed_as_a_server_would(data: Path) -> None:
    (data / "closed").unlink(missing_ok=True)
    asked(data, step("written-then-exited-in-the-body/"), interface="wsgi")
    assert (data / "closed").exists()


def test_the_rows_would_have_stayed(data: Path) -> None:
    """The views do write: served by the project itself, they leave a row each."""
    env = {"OFFICE_DATA": str(data)}
    script = (
        "from django.test import Client; client = Client(SERVER_NAME='office.example'); "
        "assert client.get('/written/').status_code == 200"
    )
    manage("effects", "shell", "--command", script, env=env)
    assert rows(data) == 1
    manage(
        "effects",
        "shell",
        "--command",
        "from office.models import Note; Note.objects.all().delete()",
        env=env,
    )


@BOTH
def test_outbound_connections_are_refused_and_named(data: Path, interface: str) -> None:
    steps = [step(route) for route in [*OUTBOUND, "looked-up/"]]
    classes = asked(data, *steps, interface=interface)
    for route in OUTBOUND:
        assert classes[route]["class"] == "refused"
        assert classes[route]["hosts"] == [UPSTREAM]
    assert classes["looked-up/"]["hosts"] == ["upstream.example"]
    assert classes["connected/"]["failure"].startswith("OutboundRefusedError")


def test_a_route_that_did_without_is_refused_too(data: Path) -> None:
    """Its answer was 200, but not the one that it gives to users."""
    entry = asked(data, step("connected-quietly/"), interface="wsgi")["connected-quietly/"]
    assert (entry["status"], entry["class"]) == (200, "refused")


def test_allow_host_lets_the_attempt_through(data: Path) -> None:
    """A datagram needs no answer, so that the attempt alone succeeds."""
    routes = [step("datagram/"), step("message/")]
    classes = asked(data, *routes, interface="wsgi", allowed_hosts=[UPSTREAM])
    assert {entry["class"] for entry in classes.values()} <= {"ok", "error"}
    assert all(entry["hosts"] == [] for entry in classes.values())
    assert not any("OutboundRefused" in entry["failure"] for entry in classes.values())


@BOTH
def test_loopback_is_not_refused(data: Path, interface: str, listener: socket.socket) -> None:
    env = {"OFFICE_PORT": str(listener.getsockname()[1])}
    entry = asked(data, step("to-loopback/"), interface=interface, env=env)["to-loopback/"]
    assert entry["class"] == "ok"
    assert reached(listener)


@BOTH
def test_mail_and_tasks_do_not_leave(data: Path, interface: str, listener: socket.socket) -> None:
    """Although the mail server and the broker are on this machine, where connections may go."""
    env = {"OFFICE_PORT": str(listener.getsockname()[1])}
    routes = ["mailed/", "mailed-by-smtp/", "task-by-settings/", "task-in-code/"]
    classes = asked(data, *map(step, routes), interface=interface, env=env)
    assert not reached(listener)
    assert classes.pop("mailed-by-smtp/")["hosts"] == ["127.0.0.1"]
    assert {entry["class"] for entry in classes.values()} == {"ok"}


def test_a_broker_named_in_the_environment_is_not_used(data: Path, listener: socket.socket) -> None:
    url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    env = {"CELERY_BROKER_URL": url, "CELERY_BROKER_WRITE_URL": url}
    entry = asked(data, step("task-by-settings/"), interface="wsgi", env=env)["task-by-settings/"]
    assert entry["class"] == "ok"
    assert not reached(listener)


def test_a_task_of_djangos_own_does_not_leave(data: Path, listener: socket.socket) -> None:
    django = pytest.importorskip("django")
    if django.VERSION < (6, 0):
        pytest.skip("django.tasks is in Django 6.0 and later")
    env = {"OFFICE_PORT": str(listener.getsockname()[1])}
    entry = asked(data, step("task-of-django/"), interface="wsgi", env=env)["task-of-django/"]
    assert entry["class"] == "ok"
    assert not reached(listener)


def test_live_effects_lets_everything_through(data: Path, listener: socket.socket) -> None:
    """Rows are rolled back even then."""
    env = {"OFFICE_PORT": str(listener.getsockname()[1])}
    asked(data, step("mailed/"), step("written/"), interface="wsgi", live_effects=True, env=env)
    assert reached(listener)
    assert rows(data) == 0


def test_a_database_elsewhere_is_refused_before_it_is_asked(data: Path) -> None:
    with pytest.raises(DjtuneError, match=r"the database 'default' is on 192\.0\.2\.1") as raised:
        opened(data, env={"OFFICE_POSTGRES": UPSTREAM}).__enter__()
    assert f"--allow-host {UPSTREAM}" in raised.value.hint
    assert raised.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    "env",
    [
        {"OFFICE_POSTGRES": "", "OFFICE_OPTIONS": f'{{"host": "{UPSTREAM}"}}'},
        {"OFFICE_POSTGRES": "localhost", "OFFICE_OPTIONS": f'{{"hostaddr": "{UPSTREAM}"}}'},
        {"OFFICE_POSTGRES": "", "PGHOST": f"localhost,{UPSTREAM}"},
        {"OFFICE_POSTGRES": "localhost", "PGHOSTADDR": UPSTREAM},
        {"OFFICE_MYSQL": "localhost", "OFFICE_OPTIONS": f'{{"host": "{UPSTREAM}"}}'},
    ],
)
def test_a_database_is_elsewhere_whatever_says_so(data: Path, env: dict[str, str]) -> None:
    with pytest.raises(DjtuneError, match=r"the database 'default' is on 192\.0\.2\.1"):
        opened(data, env=env).__enter__()


@pytest.mark.parametrize(
    ("env", "place"),
    [
        ({"OFFICE_POSTGRES": "", "OFFICE_OPTIONS": '{"service": "main"}'}, "service=main"),
        ({"OFFICE_POSTGRES": "", "PGSERVICE": "main"}, "service=main"),
        (
            {"OFFICE_MYSQL": "", "OFFICE_OPTIONS": '{"read_default_file": "/etc/my.cnf"}'},
            "read_default_file=/etc/my.cnf",
        ),
    ],
)
def test_a_database_whose_host_cannot_be_told_is_refused(
    data: Path, env: dict[str, str], place: str
) -> None:
    with pytest.raises(DjtuneError, match=f"cannot be told: it is left to {place}$") as raised:
        opened(data, env=env).__enter__()
    assert raised.value.hint.endswith(f"--allow-host {place}")


def test_allow_host_lets_a_service_be_used(data: Path) -> None:
    env = {"OFFICE_POSTGRES": "", "PGSERVICE": "main"}
    with opened(data, env=env, allowed_hosts=["service=main"]) as worker:
        assert worker.facts["databases"]["default"]["vendor"] == "postgresql"


@pytest.mark.parametrize("variable", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
def test_variables_of_postgresql_say_nothing_of_other_databases(data: Path, variable: str) -> None:
    with opened(data, env={variable: UPSTREAM}) as worker:
        assert worker.facts["databases"]["default"]["vendor"] == "sqlite"


@pytest.mark.parametrize(
    "location", [f"redis://{UPSTREAM}:6379/0", f"rediss://user:secret@{UPSTREAM}/0"]
)
def test_a_cache_elsewhere_is_refused_without_telling_its_password(
    data: Path, location: str
) -> None:
    with pytest.raises(DjtuneError, match=r"the cache 'shared' is on 192\.0\.2\.1") as raised:
        opened(data, env={"OFFICE_CACHE": location}).__enter__()
    assert "secret" not in raised.value.message + raised.value.hint


@pytest.mark.parametrize("location", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_cache_on_this_machine_is_not_refused(data: Path, location: str) -> None:
    with opened(data, env={"OFFICE_CACHE": location}) as worker:
        assert worker.facts["caches"]["shared"] == "RedisCache"


def test_allow_host_lets_a_cache_elsewhere_be_used(data: Path) -> None:
    env = {"OFFICE_CACHE": f"redis://{UPSTREAM}:6379/0"}
    with opened(data, env=env, allowed_hosts=[UPSTREAM]) as worker:
        assert worker.facts["caches"]["shared"] == "RedisCache"


@BOTH
@pytest.mark.parametrize("proxy", ["", "HTTP_X_SCHEME=tls", "HTTP_X_FORWARDED_PROTO=on"])
def test_a_request_is_past_the_redirect_to_https(data: Path, interface: str, proxy: str) -> None:
    """Whatever header the project trusts its proxy to set."""
    env = {"OFFICE_PROXY": proxy}
    entry = asked(data, step("written/"), interface=interface, env=env)["written/"]
    assert entry["class"] == "ok"


def test_rollback_is_proved_before_unsafe_methods(data: Path) -> None:
    with opened(data) as worker:
        assert open_session(worker, step("written/", "POST"))["unproven"] == {}


def test_rollback_cannot_be_proved_on_a_database_without_tables(tmp_path: Path) -> None:
    with opened(tmp_path) as worker:
        unproven = open_session(worker, step("written/", "POST"))["unproven"]
    assert unproven.keys() == {"default", "other"}
    assert "no such table" in unproven["default"]


def test_nothing_is_probed_where_every_method_is_safe(tmp_path: Path) -> None:
    with opened(tmp_path) as worker:
        assert open_session(worker, step("written/"))["unproven"] == {}


@BOTH
def test_a_project_without_a_database_is_replayed(interface: str) -> None:
    with Worker(project("live", interface=interface)) as worker:
        opened = open_session(worker, step("nothing/", "POST", unsafe=True))
        (entry,) = worker.call("class_steps", skip=[])
    assert worker.facts["databases"] == {}
    assert opened["unproven"] == {}
    assert entry["class"] == "ok"


@BOTH
@pytest.mark.parametrize("login", ["session", "force"])
def test_a_user_is_signed_in_and_the_session_row_is_gone(
    data: Path, interface: str, login: str
) -> None:
    sign_in = {"user": "ada", "login": login}
    assert asked(data, step("who/"), interface=interface)["who/"]["class"] == "login"
    entry = asked(data, step("who/"), interface=interface, sign_in=sign_in)["who/"]
    assert entry["class"] == "ok"
    with closing(sqlite3.connect(data / "office.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM django_session").fetchone() == (0,)


@BOTH
@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_session_in_a_cache_is_taken_out_again(data: Path, interface: str, engine: str) -> None:
    env = {"OFFICE_SESSIONS": f"django.contrib.sessions.backends.{engine}"}
    sign_in = {"user": "ada", "login": "session"}
    entry = asked(data, step("who/"), interface=interface, sign_in=sign_in, env=env)["who/"]
    assert entry["class"] == "ok"
    assert (data / "cache").is_dir(), "the session was never in the cache"
    assert list((data / "cache").iterdir()) == []


def test_a_user_may_be_named_by_mail_address(data: Path) -> None:
    sign_in = {"user": "ada@office.example", "login": "session"}
    entry = asked(data, step("who/"), sign_in=sign_in)["who/"]
    assert entry["class"] == "ok"


def test_a_user_that_is_not_there_is_named(data: Path) -> None:
    with opened(data) as worker, pytest.raises(DjtuneError, match="no user 'nobody'") as raised:
        open_session(worker, step("who/"), sign_in={"user": "nobody", "login": "session"})
    assert "--as takes a username" in raised.value.hint
