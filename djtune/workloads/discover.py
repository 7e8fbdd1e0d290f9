"""Asks the app for its routes."""

import msgspec

from djtune.model.app import App
from djtune.model.routes import Route
from djtune.servers.worker import Worker


def routes_of(app: App) -> list[Route]:
    """Return the routes of the app's URLconf; raises :class:`DjtuneError` where it cannot load."""
    with Worker(app) as worker:
        return msgspec.convert(worker.call("describe_routes"), list[Route])
