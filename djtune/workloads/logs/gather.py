"""Reads the files while a worker of the app looks their paths up."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from djtune.model.app import App
from djtune.model.routes import Route
from djtune.servers.worker import Worker

from .masks import words_of
from .reading import Asked, FileRead, Tick, read
from .traffic import Traffic


class Gathered(msgspec.Struct):
    """What the files hold, and the routes of the app."""

    traffic: Traffic
    files: list[FileRead]
    routes: list[Route]


def gather(
    app: Callable[[], App],
    names: Sequence[str],
    asked: Asked,
    *,
    prefix: str = "",
    max_paths: int,
    tick: Tick,
) -> Gathered:
    """Count the requests of the files by route, the app loaded once.

    Raw paths are kept in memory for the time of the call alone.

    Raises:
        DjtuneError: a file is no readable log, or the app cannot be loaded.

    """
    files: list[FileRead] = []
    batches = read(names, asked, files, tick)
    first = next(batches)  # a file that is no log is told before the app is loaded
    with Worker(app()) as worker:
        routes = msgspec.convert(worker.call("describe_routes"), list[Route])

        def resolve(paths: list[str]) -> Any:
            return worker.call("resolve_paths", paths=paths, prefix=prefix)

        traffic = Traffic(resolve, max_paths, words_of(route.route for route in routes))
        traffic.add(first)
        for batch in batches:
            traffic.add(batch)
    return Gathered(traffic, files, routes)
