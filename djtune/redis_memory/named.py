"""Asks the project which Redis servers its settings name."""

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.redis_memory.facts import Use
from djtune.servers.worker import Worker

LOAD_TIMEOUT = 120.0


class Named(Struct, frozen=True):
    """One server, by all the places that name it."""

    url: str
    """With its password: for connecting alone."""
    uses: tuple[Use, ...]


def named_servers(app: App) -> list[Named]:
    """The servers that the project's settings name, in the settings' order.

    Places that name different databases of one server are one server.
    Raises :class:`DjtuneError` where the settings cannot be imported, or name none.
    """
    with Worker(app, loads=False) as worker:
        found = worker.call(
            "describe_redis",
            timeout=LOAD_TIMEOUT,
            directory=app.directory,
            settings=app.settings,
            pythonpath=app.pythonpath,
            overrides=app.overrides,
        )
    if not found:
        raise DjtuneError(
            "the project's settings name no Redis server",
            hint="say which one: djtune redis-size redis://HOST:6379",
        )
    return joined(
        [
            (one["url"], Use(one["where"], one["role"], one["key_prefix"], one["backend"]))
            for one in found
        ]
    )


def joined(places: list[tuple[str, Use]]) -> list[Named]:
    """One entry a server, with all its uses; the first URL of each is the one to connect by."""
    servers: dict[str, tuple[str, list[Use]]] = {}
    for url, use in places:
        _, uses = servers.setdefault(address_of(url), (url, []))
        # Two settings with one URL are often one thing: BROKER_URL = REDIS_URL.
        if all((use.where, use.role) != (other.where, other.role) for other in uses):
            uses.append(use)
    return [Named(url, tuple(uses)) for url, uses in servers.values()]


def address_of(url: str) -> str:
    """Host and port, or the socket's path: what tells servers apart; without user or password."""
    scheme, _, rest = url.partition("://")
    rest = rest.rpartition("@")[2].partition("?")[0]
    if "socket" in scheme or scheme == "unix":
        return rest
    host, _, port = rest.partition("/")[0].rpartition(":")
    if not port.isdigit() or not host:
        host, port = rest.partition("/")[0], "6379"
    return f"{host.lower()}:{port}"
