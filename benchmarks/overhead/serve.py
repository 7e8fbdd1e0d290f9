"""Asks the pages of ``benchmarks/page`` in this process, and prints what each request cost.

Started by ``benchmarks.overhead`` in the project's folder, as ``serve.py TOOL ROUNDS REQUESTS SEED
FILES``; the tool is in the settings already. ``djtune`` serves bare requests and djtune's passes
by turns: its probes can be taken out again, so that they are compared within one process.
"""

from __future__ import annotations

import gc
import importlib.util
import io
import json
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from time import process_time_ns
from typing import Any

PAGES = ("list", "repeating", "shelf", "count")
WARM_UP = 5
BOOTSTRAP = Path(__file__).parents[2] / "djtune" / "agent" / "bootstrap.py"

Step = Callable[[], None]
Serve = Callable[[str], int]
"""Asks for a page; returns the CPU time in ns."""
Mode = Callable[[], AbstractContextManager[Serve]]


def main(tool: str, rounds: int, requests: int, seed: int, files: Path) -> None:
    """Print JSON: mode → page → CPU seconds of each request."""
    sys.path[0] = str(Path.cwd())
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    warnings.simplefilter("ignore")
    import django

    django.setup()
    ask = _asker()
    for page in PAGES * WARM_UP:
        ask(page)
    modes: dict[str, Mode] = {tool: lambda: nullcontext(ask)}
    if tool == "djtune":
        modes = _djtune_modes()
    _require_watched(tool, files)
    print(json.dumps(_serve(modes, rounds, requests, random.Random(seed))))


def _serve(
    modes: dict[str, Mode], rounds: int, requests: int, dice: random.Random
) -> dict[str, dict[str, list[float]]]:
    """Ask for every page in turns of each mode, in random order."""
    seconds: dict[str, dict[str, list[float]]] = {
        mode: {page: [] for page in PAGES} for mode in modes
    }
    # What stands now stays: full collections would fall on one mode or another.
    gc.collect()
    gc.freeze()
    turns = [(mode, page) for mode in modes for page in PAGES]
    for _ in range(rounds):
        for mode, page in dice.sample(turns, len(turns)):
            with modes[mode]() as serve:
                serve(page)  # not counted: after a switch the interpreter's caches are cold
                seconds[mode][page] += [serve(page) / 1e9 for _ in range(requests)]
    return seconds


def _nothing() -> None:
    """Neither begins nor ends anything."""


def _asker(begin: Step = _nothing, end: Step = _nothing) -> Serve:
    """Requests through Django's WSGI handler, to the last byte; a pass begins and ends in them."""
    from django.core.handlers.wsgi import WSGIHandler

    handler = WSGIHandler()

    def ask(page: str) -> int:
        environ = _environ(page)
        statuses: list[str] = []

        def start(status: str, *_: Any) -> Any:
            statuses.append(status)

        begun = process_time_ns()
        begin()
        response = handler(environ, start)
        size = sum(map(len, response))
        response.close()
        end()
        spent = process_time_ns() - begun
        if statuses != ["200 OK"] or not size:
            raise RuntimeError(f"/{page}/ answered {statuses}")
        return spent

    return ask


def _environ(page: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/{page}/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _require_watched(tool: str, files: Path) -> None:
    """Refuse to go on where the tool has seen nothing: what does not watch costs nothing."""
    seen = {
        "toolbar": _toolbar_seen,
        "toolbar_sql": _toolbar_seen,
        "silk": _silk_seen,
        "pyinstrument": lambda: len(list(files.glob("*.html"))),
        "cprofile": _cprofile_seen,
        "zeal": _zeal_seen,
    }
    if tool in seen and not seen[tool]():
        raise RuntimeError(f"{tool} has seen no request")


def _toolbar_seen() -> int:
    return len(list(import_module("debug_toolbar.store").get_store().request_ids()))


def _silk_seen() -> int:
    return int(import_module("silk.models").SQLQuery.objects.count())


def _cprofile_seen() -> int:
    return int(import_module("library.profiled").calls)


def _zeal_seen() -> int:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _asker()("repeating")
    return len(caught)


def _agent(name: str) -> Any:
    """A module of the agent, as it is loaded in the user's process."""
    return import_module(f"djtune_agent.{name}")


def _djtune_modes() -> dict[str, Mode]:
    """Bare requests, and each pass as the agent makes it."""
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec
    assert spec.loader
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    bootstrap.load_agent()
    prices, probes, study, trace = map(_agent, ("prices", "probes", "study", "trace"))
    clock_module = _agent("clock")
    current = clock_module.CURRENT

    @contextmanager
    def passing(detail: Any = None) -> Iterator[Serve]:
        def begin() -> None:
            if detail is not None:
                detail.start_step(0)
            clock = clock_module.new_clock(detail)
            current.set(clock)
            clock.start()

        def end() -> None:
            current.get().stop()
            current.set(None)

        probes.install()
        try:
            yield _asker(begin, end)
        finally:
            probes.remove()

    @contextmanager
    def studying() -> Iterator[Serve]:
        recorder = study.Recorder()
        with passing(recorder) as serve, study.noting_rows(recorder):
            yield serve

    @contextmanager
    def tracing() -> Iterator[Serve]:
        labels = _agent("probes.patches").Patches()
        with passing(trace.Tracer()) as serve:
            trace.install_labels(labels)
            yield serve
            labels.undo()

    return {
        "bare": lambda: nullcontext(_asker()),
        "timing": passing,
        "prices": lambda: passing(prices.Prices()),
        "detail": studying,
        "timeline": tracing,
    }


if __name__ == "__main__":
    tool, rounds, requests, seed, files = sys.argv[1:]
    main(tool, int(rounds), int(requests), int(seed), Path(files))
