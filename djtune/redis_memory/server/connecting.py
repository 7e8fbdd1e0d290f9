"""From a URL to a server that is being visited."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from djtune.errors import DjtuneError
from djtune.redis_memory.observed import ServerFacts, Use
from djtune.redis_memory.server import capabilities
from djtune.redis_memory.server.addresses import masked, understood
from djtune.redis_memory.server.facts import keyspace, node_facts, parse_info, whole
from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.pace import Budget, Pace
from djtune.redis_memory.server.server import Server
from djtune.redis_memory.server.wire import Refusal, Wire

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 20.0


@contextmanager
def connected(
    url: str,
    uses: list[Use],
    budget: Budget | None = None,
    *,
    replicas: bool = False,
    touching: bool = False,
) -> Iterator[Server]:
    """Visit the server at ``url`` while the block lasts: all primaries if it is a cluster's.

    ``replicas``: of a cluster, ask a replica of each primary instead: sizes are the same there,
    idle times are not and are left out. ``touching``: where the server has neither ``MEMORY
    USAGE`` nor ``CLIENT NO-TOUCH``, sizes may be asked for in the way that marks keys as used.

    Raises :class:`DjtuneError` (one line and the way out) where nothing answers, the password is
    wrong or permissions are missing; :class:`ServerLostError` when the server goes away later.
    """
    budget = budget or Budget()
    address = masked(url)
    wires: list[Wire] = []
    try:
        first = open_wire(url)
        wires.append(first)
        infos = [parse_info(capabilities.required(first, ("INFO", "all")))]
        nodes = [Node(0, first, Pace(budget), replica=infos[0].get("role") == "slave")]
        for node, info in zip(nodes, infos, strict=True):
            node.databases = {db: keys for db, (keys, _) in sorted(keyspace(info).items()) if keys}
        facts = ServerFacts(
            address=address,
            uses=uses,
            nodes=[node_facts(info) for info in infos],
            cluster=infos[0].get("cluster_enabled") == "1",
            policy=infos[0].get("maxmemory_policy", ""),
            maxmemory=sum(whole(info, "maxmemory") for info in infos),
        )
        no_touch, writing = capabilities.explore(nodes, facts)
        yield Server(nodes, facts, no_touch=no_touch, writing=writing)
    finally:
        for wire in wires:
            wire.close()


def open_wire(url: str, **options: Any) -> Wire:
    """One connection to ``url``; ``options`` are redis-py's, behind those of the URL.

    Raises :class:`DjtuneError` in one line, without the password.
    """
    address = masked(url)
    settings: dict[str, Any] = {
        "protocol": 2,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_timeout": ANSWER_TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        pool = ConnectionPool.from_url(understood(url), **{**settings, **options})
        connection = pool.make_connection()
    except (ValueError, TypeError) as error:
        raise DjtuneError(f"{address}: {error}") from None
    try:
        connection.connect()  # type: ignore[no-untyped-call]
    except (redis.RedisError, OSError) as error:
        raise DjtuneError(f"{address}: {error}") from None
    wire = Wire(connection, address)
    wire.ask([("CLIENT", "SETNAME", "djtune")])
    return wire


__all__ = ["Budget", "Refusal", "Server", "connected", "open_wire"]
