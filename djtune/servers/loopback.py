"""The user's project, served by djtune on loopback over copies of its databases.

>>> with serve_on_loopback(app) as served:
...     visit(served.url)
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import msgspec
from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.servers.ports import LOOPBACK
from djtune.servers.worker import Worker

COPY_TIMEOUT = 300.0
STOP_TIMEOUT = 15.0


class ServedDatabase(Struct, frozen=True):
    """What stands in for one of the project's databases while it is served."""

    alias: str
    how: Literal["copied", "read only", "memory"]
    why: str = ""
    """Why it could not be copied, in the database's words."""


class Served:
    """A project that answers on loopback."""

    def __init__(self, worker: Worker, told: dict[str, Any]) -> None:
        self._worker = worker
        self.url = f"http://{LOOPBACK}:{told['port']}"
        """Without a slash at its end."""
        self.databases = msgspec.convert(told["databases"], list[ServedDatabase])
        self.cookie: tuple[str, str] | None = None
        """Name and value of the cookie that signs the user in."""
        if told["cookie"]:
            self.cookie = (told["cookie"][0], told["cookie"][1])
        self.refused: list[str] = []
        """Hosts that the app itself tried to reach and could not; known once it has stopped."""

    def restore(self) -> None:
        """Take back what was written to the copies of the databases; nobody may be visiting."""
        self._worker.call("restore_copies", timeout=COPY_TIMEOUT)


@contextmanager
def serve_on_loopback(app: App, *, user: str = "") -> Iterator[Served]:
    """Serve the project while the block lasts, in its own interpreter.

    Everything that it writes goes to copies of its databases, which are removed afterwards. Mail,
    tasks and connections are held back as in a replay. ``user`` (a username, an e-mail or an id)
    gets a session. Raises :class:`DjtuneError` where the project does not load or a database can
    be neither copied nor opened for reading alone.
    """
    with Worker(app) as worker:
        told = worker.call("serve_on_loopback", timeout=COPY_TIMEOUT, user=user)
        served = Served(worker, told)
        try:
            yield served
        finally:
            # A worker that is lost has left its copies to the process that waits for its end.
            with suppress(DjtuneError):
                told = worker.call("stop_serving", timeout=STOP_TIMEOUT)
                # After an interruption this may be the answer to the call before.
                served.refused = told.get("refused", [])
