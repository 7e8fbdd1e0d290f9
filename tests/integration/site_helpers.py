"""Runs the sample site as its users do: through the command line, over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sample_site import ROOT

REPOSITORY = ROOT.parent


def environment(**extra: str) -> dict[str, str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SITE_", "DJANGO_")) and name not in ("REDIS_URL", "DATABASE_URL")
    }
    path = os.pathsep.join(filter(None, [str(REPOSITORY), clean.get("PYTHONPATH")]))
    return {**clean, "PYTHONPATH": path, **extra}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "djtune.cli", "site", *arguments]


def djtune_site(
    *arguments: str, cwd: Path | None = None, **extra: str
) -> subprocess.CompletedProcess[str]:
    """``djtune site …``, to its end."""
    return subprocess.run(
        command(*arguments), cwd=cwd, env=environment(**extra), capture_output=True, text=True
    )


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """Somebody who asks the site."""

    host: str
    token: str = ""

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Accept": "*/*"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response: HTTPResponse = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def signed_in(self) -> "Client":
        """As the device whose credentials the site's own page holds."""
        page = self.get("/").body.decode()
        device, secret = re.findall(r'data-(?:device|secret)="([^"]+)"', page)
        answer = self.ask("POST", "/api/auth/", {"device": device, "secret": secret})
        return Client(self.host, answer.json()["token"])


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    client: Client
    said: list[str]
    """What it wrote to stderr until it was ready."""


@contextmanager
def running(data: Path, *arguments: str, **extra: str) -> Iterator[Running]:
    """``djtune site run`` on a free port, until the block ends."""
    process = subprocess.Popen(
        command("run", "--port", "0", "--workers", "1", "--data", str(data), *arguments),
        env=environment(**extra),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"http://\S+", line):
                break
        else:
            raise AssertionError("".join(said))
        yield Running(process, Client(urlsplit(found[0]).netloc), said)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def probe(data: Path, **extra: str) -> Any:
    """What :mod:`site_probe` finds inside the site under the switches in ``extra``."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("site_probe.py"))],
        cwd=ROOT,
        env=environment(SITE_DATA=str(data), **extra),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
