"""The recorder under real servers: every request is there, whichever worker answered it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from helpers import PROJECTS

GUNICORN = ["gunicorn", "conf.wsgi", "-w", "2", "--threads", "4", "--preload", "-b"]
UVICORN = ["uvicorn", "conf.asgi:application", "--log-level", "warning", "--uds"]
SECRET = "the-key-of-the-service"
PATIENCE = 30.0


class UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


@dataclass
class Service:
    process: "subprocess.Popen[bytes]"
    path: Path
    records: Path

    def get(self, path: str, cookie: str = "") -> tuple[int, bytes, str]:
        """Status, body and cookie of an answer."""
        connection = UnixConnection(self.path)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            set_cookie = answer.headers.get("Set-Cookie", "")
            return answer.status, answer.read(), set_cookie.partition(";")[0]

    def lines(self) -> list[dict[str, Any]]:
        """Every line that has been written, each with the ``pid`` of its process."""
        found = []
        for file in self.records.glob("*.jsonl"):
            lines = list(map(json.loads, file.read_text().splitlines()))
            found += [{**line, "pid": lines[0]["pid"]} for line in lines]
        return found

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if "m" in line]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, *, migrate: bool = False, **record: Any
) -> Iterator[Service]:
    """The project behind a real server until the block ends."""
    record = {"DIRECTORY": str(folder / "records"), "SAMPLE": 1, "BUFFER_SECONDS": 0.05, **record}
    env = {**os.environ, "DATA": str(folder), "RECORD": json.dumps(record), "SECRET": SECRET}
    project = PROJECTS / "visitors"
    if migrate:
        command_line = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(command_line, cwd=project, env=env, check=True)
    path = folder / "socket"
    address = f"unix:{path}" if command is GUNICORN else str(path)
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, address],
            cwd=project,
            env=env,
            stderr=stderr,
            start_new_session=True,
        )
    service = Service(process, path, folder / "records")
    try:
        until(lambda: answers(service) or process.poll() is not None)
        assert process.poll() is None, (folder / "stderr").read_text()
        yield service
        service.stop()
    finally:
        # Workers too, whatever has become of their parent.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(service: Service) -> bool:
    """Whether the server listens; no request is made of the app."""
    with socket.socket(socket.AF_UNIX) as tried:
        return tried.connect_ex(str(service.path)) == 0


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def gunicorn(tmp_path_factory) -> Iterator[tuple[Service, Counter[str | None], str]]:
    """A service whose two workers have been asked by several clients at once, and stopped.

    With it come how often each route was asked for, and a session's cookie.
    """
    asked: Counter[str | None] = Counter()
    with running(GUNICORN, tmp_path_factory.mktemp("gunicorn"), migrate=True) as service:
        cookie = service.get("/sign-in/alice/")[2]
        asked["sign-in/<str:name>/"] += 1

        def ask(_: int) -> None:
            assert service.get("/shows/1/?token=hush")[0] == 200
            assert service.get("/me/", cookie)[1] == b"alice"
            assert service.get("/broken/")[0] == 500
            assert service.get("/nowhere/hush/")[0] == 404
            assert len(service.get("/stream/3/")[1]) == 30

        def both_workers_were_asked() -> bool:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(ask, range(8)))
            for route in ("shows/<int:pk>/", "me/", "broken/", None, "stream/<int:parts>/"):
                asked[route] += 8
            return len({line["pid"] for line in service.requests() if line["r"] == "me/"}) == 2

        until(both_workers_were_asked)
        service.stop()
        yield service, asked, cookie


def test_every_request_is_there(gunicorn):
    service, asked, _ = gunicorn
    assert Counter(line["r"] for line in service.requests()) == asked


def test_status_bytes_and_duration_are_those_of_the_answer(gunicorn):
    service, _, _ = gunicorn
    found = {line["r"]: line for line in service.requests()}
    assert {route: line["s"] for route, line in found.items()} == {
        "sign-in/<str:name>/": 200,
        "shows/<int:pk>/": 200,
        "me/": 200,
        "broken/": 500,
        None: 404,
        "stream/<int:parts>/": 200,
    }
    assert found["stream/<int:parts>/"]["b"] == 30
    assert found["me/"]["b"] == len("alice")
    assert all(0 < line["d"] < PATIENCE for line in found.values())


def test_workers_agree_on_digests(gunicorn):
    service, _, _ = gunicorn
    mine = [line for line in service.requests() if line["r"] == "me/"]
    assert len({line["pid"] for line in mine}) == 2
    assert len({(line["p"], line["u"]) for line in mine}) == 1
    assert mine[0]["u"]
    others = {line["p"] for line in service.requests() if line["r"] != "me/"}
    assert mine[0]["p"] not in others


def test_workers_that_are_stopped_leave_a_last_line(gunicorn):
    service, _, _ = gunicorn
    for file in service.records.glob("*.jsonl"):
        assert json.loads(file.read_text().splitlines()[-1]) == {"errors": 0, "dropped": 0}


def test_nothing_personal_is_in_the_files(gunicorn):
    service, _, cookie = gunicorn
    text = "".join(file.read_text() for file in service.records.glob("*.jsonl"))
    for value in ("alice", "hush", "shows/1", "127.0.0.1", SECRET, cookie.partition("=")[2]):
        assert value not in text


def test_a_killed_worker_leaves_a_readable_file(tmp_path):
    with running(GUNICORN, tmp_path) as service:
        assert service.get("/shows/1/")[0] == 200
        until(service.requests)
        (victim,) = {line["pid"] for line in service.requests()}
        os.kill(victim, signal.SIGKILL)

        def another_answers() -> bool:
            # A connection that the killed worker had taken is lost.
            with contextlib.suppress(OSError):
                service.get("/shows/2/")
            return any(line["pid"] != victim for line in service.requests())

        until(another_answers)
        (dead,) = service.records.glob(f"*-{victim}-*.jsonl")
        header, first, *_ = map(json.loads, dead.read_text().splitlines())
        assert (header["pid"], first["r"]) == (victim, "shows/<int:pk>/")


def test_a_full_recording_ends_and_the_service_goes_on(tmp_path):
    with running(GUNICORN, tmp_path, MAX_BYTES=1000) as service:

        def is_full() -> bool:
            assert [service.get("/shows/1/")[0] for _ in range(20)] == [200] * 20
            return any("dropped" in line for line in service.lines())

        until(is_full)
        assert service.get("/shows/1/")[0] == 200
        service.stop()
        assert all(file.stat().st_size <= 1000 for file in service.records.iterdir())


def test_a_folder_that_cannot_be_written_stops_no_request(tmp_path):
    (tmp_path / "records").touch()
    with running(GUNICORN, tmp_path) as service:
        assert service.get("/shows/1/")[0] == 200
        until(lambda: "requests are not recorded" in (tmp_path / "stderr").read_text())
        assert service.get("/shows/1/")[0] == 200


def test_under_uvicorn_sync_and_async_requests_are_there(tmp_path):
    with running(UVICORN, tmp_path) as service:
        paths = ["/shows/1/", "/async/", "/stream/3/", "/async/stream/4/", "/async/broken/"]
        sizes = [len(service.get(path)[1]) for path in paths]
        until(lambda: len(service.requests()) == len(paths))
        service.process.kill()
        found = {line["r"]: (line["s"], line["b"]) for line in service.requests()}
    routes = ["shows/<int:pk>/", "async/", "stream/<int:parts>/", "async/stream/<int:parts>/"]
    assert [found[route] for route in routes] == [(200, size) for size in sizes[:4]]
    assert found["async/broken/"] == (500, sizes[4])
