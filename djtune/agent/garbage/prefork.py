"""This process as the preforking parent of gunicorn's workers, each of which makes journeys.

The app has been loaded here, as with ``preload_app``. A request to the socket makes the worker
that takes it do one thing; its answer says which process that is and what it has still to do.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from .. import probes
from ..calls import current
from ..errors import AgentError
from . import bare

FREEZE_IN = ("", "worker", "parent")
IDLE_SECONDS = 0.005
"""How long a worker that is done waits with its answer, so that others take the next request."""
GRACE_SECONDS = 1


class Replay:
    """The WSGI application: a share of journeys for each worker that is forked with it."""

    def __init__(self, counts: list[int], skip: list[int], seed: int) -> None:
        self._session = current()
        self._skip = set(skip)
        self._journeys = bare.ordered(counts, seed)[::-1]
        self._requests = self._ok = 0
        self._collected = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Serve ``/journey`` or ``/collect``."""
        act = {"/journey": self._make_journey, "/collect": self._collect}[environ["PATH_INFO"]]
        if not act():
            time.sleep(IDLE_SECONDS)
        left = len(self._journeys) + (not self._collected)
        facts = {
            "pid": os.getpid(),
            "left": left,
            "requests": self._requests,
            "ok": self._ok,
            "frozen": gc.get_freeze_count(),
            "thresholds": gc.get_threshold(),
        }
        body = json.dumps(facts).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def _make_journey(self) -> bool:
        if not self._journeys:
            return False
        made, answered = bare.make(self._session, self._journeys.pop(), self._skip)
        self._requests += made
        self._ok += answered
        return True

    def _collect(self) -> bool:
        """Once, so that what a full collection writes to is counted for every worker."""
        if self._collected:
            return False
        gc.collect()
        self._collected = True
        return True


def serve_preforked(
    emit: Callable[[Any], None],
    counts: list[int],
    skip: list[int],
    seed: int,
    workers: int,
    socket: str,
    freeze_in: str,
    thresholds: list[int] | None,
) -> dict[str, Any]:
    """Run gunicorn on the unix socket until SIGTERM; emit ``{"ready": True}`` once it listens.

    Every worker has the journeys that ``counts`` and ``seed`` say to make. ``freeze_in`` is the
    process that collects and freezes, before any request: ``parent``, ``worker``, or none ("").
    Raises :class:`AgentError` where gunicorn is missing or ends by itself.
    """
    assert freeze_in in FREEZE_IN
    probes.remove()

    def when_ready(_: Any) -> None:
        bare.let_go_of_connections()
        if thresholds is not None:
            gc.set_threshold(*thresholds)
            gc.enable()
        if freeze_in == "parent":
            _freeze()
        emit({"ready": True})

    def post_fork(_: Any, __: Any) -> None:
        if freeze_in == "worker":
            _freeze()

    options = _options(workers, socket) | {"when_ready": when_ready, "post_fork": post_fork}
    _run(Replay(counts, skip, seed), options)
    return {}


def _freeze() -> None:
    gc.collect()
    gc.freeze()


def _options(workers: int, socket: str) -> dict[str, Any]:
    return {
        "bind": f"unix:{socket}",
        "workers": workers,
        "worker_class": "sync",
        "preload_app": True,
        "timeout": 0,
        "graceful_timeout": GRACE_SECONDS,
        "loglevel": "warning",
        "control_socket_disable": True,
    }


def _run(replay: Replay, options: dict[str, Any]) -> None:
    parent = os.getpid()
    try:
        _arbiter(replay, options).run()
    except SystemExit as error:
        if os.getpid() != parent:
            # A worker's end: the calls and their answers are the parent's alone.
            os._exit(error.code if isinstance(error.code, int) else 1)
        if error.code:
            raise AgentError("gunicorn did not start its workers", "--debug shows why") from error


def _arbiter(replay: Replay, options: dict[str, Any]) -> Any:
    try:
        from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped,unused-ignore]
        from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise AgentError(
            f"gunicorn is not installed for {sys.executable}", "pip install gunicorn"
        ) from error

    class Application(BaseApplication):  # type: ignore[misc]
        """gunicorn as it is set here, whatever the project's own configuration says."""

        def load_config(self) -> None:
            for name, value in options.items():
                if name in self.cfg.settings:  # the newest are unknown to older versions
                    self.cfg.set(name, value)

        def load(self) -> Replay:
            return replay

    return Arbiter(Application())
