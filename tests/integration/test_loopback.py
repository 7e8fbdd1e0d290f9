"""The user's project on loopback: over copies of its databases, and nothing stays behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from browser_pages import app_of
from helpers import PROJECTS
from postgres_helpers import databases, execute
from site_helpers import Answer
from worker_helpers import manage

from djtune.errors import DjtuneError
from djtune.servers.loopback import serve_on_loopback


@pytest.fixture
def folder(tmp_path):
    manage("pages", "migrate", "--run-syncdb", env={"PAGES": str(tmp_path)})
    return tmp_path


@pytest.fixture(scope="module")
def postgres():
    with databases("pages") as host:
        manage("pages", "migrate", "--run-syncdb", env={"PAGES": ".", "PAGES_POSTGRES": str(host)})
        yield host


def ask(served, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = HTTPConnection(urlsplit(served.url).netloc, timeout=30)
    with closing(connection):
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())


def notes(served, method: str = "GET") -> int:
    return ask(served, "/api/notes/", method).json()["count"]


def rows_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "pages.sqlite3")) as connection:
        return connection.execute("SELECT count(*) FROM notes_note").fetchone()[0]


def until(found) -> bool:
    """Whether it comes true within some seconds."""
    end = time.monotonic() + 20
    while not found() and time.monotonic() < end:
        time.sleep(0.05)
    return found()


def copies() -> set[Path]:
    return set(Path(os.environ.get("TMPDIR", "/tmp")).glob("djtune-copy-*"))


def test_what_is_written_goes_to_a_copy_that_is_removed(folder):
    before = copies()
    with serve_on_loopback(app_of(folder)) as served:
        assert [(each.alias, each.how) for each in served.databases] == [("default", "copied")]
        assert [notes(served, "POST"), notes(served, "POST")] == [1, 2]
        (copy,) = copies() - before
        assert copy.stat().st_mode & 0o777 == 0o700
    assert rows_of(folder) == 0
    assert copies() == before


def test_what_is_written_can_be_taken_back(folder):
    with serve_on_loopback(app_of(folder)) as served:
        notes(served, "POST")
        served.restore()
        assert notes(served) == 0
        notes(served, "POST")
        served.restore()
        assert notes(served) == 0


def test_the_page_works_without_https_its_own_host_name_and_collected_files(folder):
    with serve_on_loopback(app_of(folder)) as served:
        page = ask(served, "/page/any/")
        assert (page.status, b'"/static/notes/greeting.js"' in page.body) == (200, True)
        assert b"hello" in ask(served, "/static/notes/greeting.js").body


def test_a_user_is_signed_in_by_a_cookie(folder):
    script = (
        "from django.contrib.auth.models import User; User.objects.create_user('ada', password='x')"
    )
    manage("pages", "shell", "-c", script, env={"PAGES": str(folder)})
    with serve_on_loopback(app_of(folder), user="ada") as served:
        served.restore()
        name, value = served.cookie
        found = ask(served, "/api/user/", Cookie=f"{name}={value}").json()
    assert found == {"name": "ada"}


def test_a_user_who_is_not_there_is_an_error(folder):
    before = copies()
    with (
        pytest.raises(DjtuneError, match="there is no user 'nobody'"),
        serve_on_loopback(app_of(folder), user="nobody"),
    ):
        pass
    assert copies() == before


def test_postgresql_is_copied_from_a_template(postgres, tmp_path):
    names = "SELECT datname FROM pg_database WHERE datname LIKE 'djtune%'"
    with serve_on_loopback(app_of(tmp_path, PAGES_POSTGRES=str(postgres))) as served:
        assert served.databases[0].how == "copied"
        assert notes(served, "POST") == 1
        served.restore()
        assert notes(served) == 0
        assert len(execute(postgres, "postgres", names)) == 2
    assert execute(postgres, "pages", "SELECT count(*) FROM notes_note") == [(0,)]
    assert execute(postgres, "postgres", names) == []


def test_postgresql_is_read_only_where_it_may_not_be_copied(postgres, tmp_path):
    execute(postgres, "postgres", "CREATE ROLE visitor LOGIN")
    execute(postgres, "pages", "GRANT ALL ON ALL TABLES IN SCHEMA public TO visitor")
    app = app_of(tmp_path, PAGES_POSTGRES=str(postgres), PAGES_POSTGRES_USER="visitor")
    with serve_on_loopback(app) as served:
        assert served.databases[0].how == "read only"
        assert "permission denied to create database" in served.databases[0].why
        assert notes(served) == 0
        assert ask(served, "/api/notes/", "POST").status == 500
    assert execute(postgres, "pages", "SELECT count(*) FROM notes_note") == [(0,)]


SERVING = f"""
import sys
sys.path[:0] = [{str(PROJECTS.parent)!r}, {str(PROJECTS.parent / "integration")!r}]
from pathlib import Path
from browser_pages import app_of
from djtune.servers.loopback import serve_on_loopback
with serve_on_loopback(app_of(Path(sys.argv[1]))) as served:
    print(served.url, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_stays_however_djtune_ends(folder, number, tmp_path_factory):
    temporary = tmp_path_factory.mktemp("temporary")
    with subprocess.Popen(
        [sys.executable, "-c", SERVING, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        process.stdout.readline()
        (worker,) = psutil.Process(process.pid).children()
        assert list(temporary.glob("djtune-copy-*"))
        process.send_signal(number)
        process.wait()
    assert until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
    assert until(lambda: not list(temporary.glob("djtune-copy-*")))
