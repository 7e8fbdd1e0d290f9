"""A real server of the project ``live``, and somebody who asks it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import pytest
from helpers import PROJECTS

from djtune.errors import DjtuneError
from djtune.servers import pyspy
from djtune.servers.ports import LOOPBACK, free_port
from djtune.servers.tether import tethered

LIVE = PROJECTS / "live"
BIN = Path(sys.executable).parent
GUNICORN = (str(BIN / "gunicorn"), "conf.servers:wsgi", "--log-level", "error")
UVICORN = (str(BIN / "uvicorn"), "conf.servers:asgi", "--log-level", "error")


def why_not() -> str:
    """Why processes cannot be read here; empty where they can."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        time.sleep(0.3)
        pyspy.probe(child.pid)
    except DjtuneError as error:
        return error.message
    finally:
        child.kill()
        child.wait()
    return ""


WHY_NOT = why_not()
needs_reading = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@contextmanager
def serving(*command: str, cwd: Path = LIVE) -> Iterator[tuple[int, int]]:
    """Run a server while the block lasts; yield its process id and its port."""
    port = free_port()
    flag = ["--bind", f"{LOOPBACK}:{port}"] if "gunicorn" in command[0] else ["--port", str(port)]
    with tethered(
        [*command, *flag],
        cwd=cwd,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as guardian:
        wait_for(lambda: ask(port, "/nothing/") == 200)
        (server,) = psutil.Process(guardian.pid).children()
        yield server.pid, port


def ask(port: int, path: str) -> int:
    """Return the status of an answer, read to its end; 0 where there is none."""
    connection = HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


@contextmanager
def asked(port: int, paths: Sequence[str], clients: int = 1) -> Iterator[None]:
    """Ask for the paths in turn, again and again, while the block lasts."""
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            for path in paths:
                ask(port, path)

    threads = [threading.Thread(target=keep_asking) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def wait_for(true: Callable[[], bool], timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
