"""Runs inside ``tests/projects/visitors``: what the recorder does to requests, from within.

Reads calls, one a line: ``{"name": "hops", "env": {…}}``. Each is made in a fork of this process,
which has imported Django but not set it up; what the function returns is printed as JSON.
"""

import asyncio
import io
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import django.core.handlers.asgi
import django.core.handlers.wsgi
import django.test

sys.path.insert(0, str(Path.cwd()))
os.environ["DJANGO_SETTINGS_MODULE"] = "conf.settings"
SENT: list[Any] = []
"""What the app has sent to its last ASGI client."""


def ask_wsgi(path: str, **environ: Any) -> Any:
    """One request as a WSGI server makes it: the response, which is then closed."""
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            **environ,
        },
        lambda *_: None,
    )


async def ask_asgi(path: str, leave_when: Callable[[], object] | None = None) -> None:
    """One request as an ASGI server makes it; the client may leave before its end."""
    from django.core.handlers.asgi import ASGIHandler

    sent = asyncio.Queue[dict[str, Any]]()
    sent.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    SENT.clear()

    async def send(message: Any) -> None:
        SENT.append(message)
        await asyncio.sleep(0)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    task = asyncio.ensure_future(ASGIHandler()(scope, sent.get, send))
    if leave_when is not None:
        while not leave_when():
            await asyncio.sleep(0.01)
        sent.put_nowait({"type": "http.disconnect"})
    await task


def recorded() -> list[dict[str, Any]]:
    """The requests that were recorded, in order."""
    from djtune.agent.recorder.middleware import this_process

    recording = this_process()
    assert recording is not None
    recording.finish()
    folder = recording._settings.directory
    texts = [text for file in folder.iterdir() for text in file.read_text().splitlines()]
    lines = [json.loads(text) for text in texts]
    return [line for line in lines if "m" in line]


def modules() -> list[str]:
    """What a service with the recorder has imported."""
    ask_wsgi("/shows/1/").close()
    return list(sys.modules)


def hops() -> dict[str, int]:
    """Calls of ``sync_to_async`` for one request, with the recorder and without."""
    from asgiref.sync import SyncToAsync
    from django.conf import settings
    from django.test import override_settings

    # Django's, of sync streams under ASGI.
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")
    calls = 0
    call = SyncToAsync.__call__

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return await call(self, *args, **kwargs)

    SyncToAsync.__call__ = counted  # type: ignore[method-assign]
    found = {}
    for path in ("/async/", "/shows/1/", "/async/stream/3/", "/stream/3/", "/file/"):
        for name, middleware in (("with", settings.MIDDLEWARE), ("bare", settings.MIDDLEWARE[1:])):
            calls = 0
            with override_settings(MIDDLEWARE=middleware):
                asyncio.run(ask_asgi(path))
            found[f"{path} {name}"] = calls
    assert len(recorded()) == 5
    return found


def visitors() -> dict[str, Any]:
    """A signed-in user's requests: how many queries each makes, and what is recorded."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client, override_settings
    from django.test.utils import CaptureQueriesContext

    call_command("migrate", verbosity=0)
    queries = {}
    for name, middleware in (("bare", settings.MIDDLEWARE[1:]), ("with", settings.MIDDLEWARE)):
        with override_settings(MIDDLEWARE=middleware):
            client = Client()
            client.get("/sign-in/alice/")
            for path in ("/me/", "/public/"):
                with CaptureQueriesContext(
                    connection,
                ) as seen:
                    answer = client.get(path)
                queries[f"{path} {name}"] = (len(seen), answer.headers.get("Vary", ""))
    other = Client()
    other.get("/sign-in/bob/")
    other.get("/me/")
    Client().get("/me/")
    Client().get("/public/")
    return {"queries": queries, "recorded": recorded()}


def exceptions() -> dict[str, Any]:
    """Errors that leave the handler: which come out, and what is recorded."""
    came = []
    for path in ("/broken/", "/broken-stream/"):
        try:
            b"".join(ask_wsgi(path))
        except Exception as error:
            came.append(repr(error))
    for path in ("/async/broken/", "/async/broken-stream/"):
        try:
            asyncio.run(ask_asgi(path))
        except Exception as error:
            came.append(repr(error))
    return {"came": came, "recorded": recorded()}


def left() -> list[dict[str, Any]]:
    """Clients that leave before the answer, and in the middle of it."""
    from visits import views

    asyncio.run(ask_asgi("/async/waiting/", leave_when=lambda: views.waits))
    asyncio.run(ask_asgi("/async/stream/1000000/", leave_when=lambda: len(SENT) > 2))
    response = ask_wsgi("/stream/1000000/")
    next(iter(response))
    response.close()
    return recorded()


def files() -> dict[str, Any]:
    """A file that the server sends by itself, with the recorder in between."""
    given = []

    def wrapper(file: Any, size: int) -> Any:
        given.append(type(file).__name__)
        return file

    response = ask_wsgi("/file/", **{"wsgi.file_wrapper": wrapper})
    size = len(response.read())
    response.close()
    return {"given": given, "size": size, "recorded": recorded()}


def replayed() -> list[int]:
    """How many requests are recorded of two, the second one while djtune's agent is loaded."""
    ask_wsgi("/shows/1/").close()
    sys.modules["djtune_agent"] = sys
    ask_wsgi("/shows/2/").close()
    return [line["s"] for line in recorded()]


def own_error() -> int:
    """A fault of the recorder's own, struck in the middle of a request."""
    from djtune.agent.recorder import entry
    from djtune.agent.recorder.middleware import this_process

    def fail(_: Any) -> str:
        raise ZeroDivisionError

    entry._visitor = fail
    response = ask_wsgi("/shows/1/")
    asyncio.run(ask_asgi("/shows/1/"))
    recording = this_process()
    assert recording is not None
    assert recording.errors == recording.dropped == 2
    return int(response.status_code)


def overridden() -> list[int]:
    """Settings that Django's test runner changes and puts back."""
    from django.conf import settings
    from django.test import Client, override_settings

    before = Path(settings.DJTUNE["RECORD"]["DIRECTORY"])
    elsewhere = before / "elsewhere"
    Client().get("/shows/1/")
    with override_settings(DJTUNE={"RECORD": {"DIRECTORY": elsewhere, "SAMPLE": 1}}):
        Client().get("/shows/1/")
    with override_settings(DJTUNE={}):
        Client().get("/shows/1/")
    recorded_there = [len(file.read_text().splitlines()) - 2 for file in elsewhere.iterdir()]
    return [len(list(before.glob("*.jsonl"))), *recorded_there]


def started() -> str:
    """Load the middleware, as a server does when it starts; a mistake in the settings is said."""
    from django.core.exceptions import ImproperlyConfigured

    try:
        ask_wsgi("/shows/1/").close()
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def call(name: str, env: dict[str, str]) -> None:
    """Print what a function returns in a project set up under these variables."""
    os.environ.update(env)
    django.setup()
    sys.stdout.write(json.dumps(globals()[name]()) + "\n")


if __name__ == "__main__":
    for line in sys.stdin:
        if not os.fork():
            call(**json.loads(line))
            sys.exit()
        if os.wait()[1]:
            sys.exit("the call failed")
