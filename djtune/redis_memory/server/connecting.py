"""From a URL to a server that is being visited."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.retry import Retry

from djtune.errors import DjtuneError
from djtune.redis_memory.facts import ServerFacts, Use
from djtune.redis_memory.server.addresses import masked, understood
from djtune.redis_memory.server.capabilities import explore, required
from djtune.redis_memory.server.cluster import Shard, shards, url_of
from djtune.redis_memory.server.facts import keyspace, node_facts, parse_info, whole
from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.pace import Budget, Pace
from djtune.redis_memory.server.refusals import explained
from djtune.redis_memory.server.server import Server
from djtune.redis_memory.server.wire import Refusal, ServerLostError, Wire

CONNECT_TIMEOUT = 5.0
ANSWER_TIMEOUT = 20.0
"""Seconds; ``?socket_timeout=`` in the URL says otherwise."""
# redis-py would tell its name first, and swallow what a server in protected mode says to that.
_UNANNOUNCED: dict[str, None] = (
    {"driver_info": None}
    if hasattr(redis, "DriverInfo")
    else {"lib_name": None, "lib_version": None}
)


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
    with ExitStack() as stack:
        notes: list[str] = []
        nodes = _nodes(url, replicas, budget or Budget(), stack, notes)
        facts = ServerFacts(
            address=masked(url),
            uses=uses,
            nodes=[node.facts for node in nodes],
            cluster=bool(nodes[0].slots),
            policy=nodes[0].facts.info.get("maxmemory_policy", ""),
            maxmemory=_maxmemory(nodes),
            notes=notes,
        )
        yield explore(nodes, facts, touching=touching)


def open_wire(url: str, **options: Any) -> Wire:
    """One connection to ``url``; ``options`` are redis-py's, behind those of the URL.

    Raises :class:`DjtuneError` in one line, without the password.
    """
    address = masked(url)
    settings: dict[str, Any] = {
        "protocol": 2,
        "socket_connect_timeout": CONNECT_TIMEOUT,
        "socket_timeout": CONNECT_TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        **_UNANNOUNCED,
    }
    try:
        pool = ConnectionPool.from_url(understood(url), **{**settings, **options})
        connection = pool.make_connection()
        connection.connect()  # type: ignore[no-untyped-call]
    except (redis.RedisError, OSError) as error:
        raise explained(address, error) from None
    except (ValueError, TypeError, AttributeError) as error:
        hint = "see redis-py's options for URLs"
        raise DjtuneError(f"{address}: {error}", hint=hint) from None
    wire = Wire(connection, address)
    try:
        named = wire.ask([("CLIENT", "SETNAME", "djtune")])[0]
    except ServerLostError as error:
        wire.close()
        raise explained(address, error.message) from None
    if isinstance(named, Refusal) and not str(named).startswith("NOPERM"):
        wire.close()
        raise explained(address, named, "CLIENT")
    if getattr(connection, "socket_timeout", None) == CONNECT_TIMEOUT:
        wire.be_patient(ANSWER_TIMEOUT)
    return wire


def _nodes(
    url: str, replicas: bool, budget: Budget, stack: ExitStack, notes: list[str]
) -> list[Node]:
    """The processes to visit: the one at ``url``, or all shards of its cluster."""
    first = _visited(url, budget, stack)
    if first.facts.info.get("cluster_enabled") != "1":
        if first.facts.replica:
            notes.append(
                "it is a replica, which hears of writes alone: idle times and access frequencies"
                " were left out"
            )
        return [first]
    found = shards(required(first.wire, ("CLUSTER", "SLOTS")))
    if not found:
        raise DjtuneError(
            f"{masked(url)} belongs to a cluster in which no slot has an owner",
            hint="see `CLUSTER INFO`; slots are given out by `redis-cli --cluster create`",
        )
    identity = required(first.wire, ("CLUSTER", "MYID")).decode()
    nodes: list[Node] = []
    for shard in found:
        node = _of_shard(shard, url, replicas, budget, stack, notes)
        if node is None:
            mine = shard.identity == identity
            node = first if mine else _visited(url_of(url, *shard.primary), budget, stack)
        node.index, node.slots = len(nodes), shard.slots
        nodes.append(node)
    return nodes


def _of_shard(
    shard: Shard,
    url: str,
    replicas: bool,
    budget: Budget,
    stack: ExitStack,
    notes: list[str],
) -> Node | None:
    """A replica of the shard's that is up to date, if replicas are asked for."""
    if not replicas:
        return None
    for place in shard.replicas:
        try:
            node = _visited(url_of(url, *place), budget, stack)
        except DjtuneError:
            continue
        if node.facts.info.get("master_link_status") == "up":
            node.wire.ask([("READONLY",)])
            return node
    host, port = shard.primary
    notes.append(f"{host}:{port} has no replica that answers: it was asked itself")
    return None


def _visited(url: str, budget: Budget, stack: ExitStack) -> Node:
    """The process at ``url``, with what it says of itself."""
    wire = open_wire(url)
    stack.callback(wire.close)
    info = parse_info(required(wire, ("INFO", "all")))
    node = Node(wire, Pace(budget))
    node.facts = node_facts(info)
    node.databases = {db: keys for db, (keys, _) in sorted(keyspace(info).items()) if keys}
    return node


def _maxmemory(nodes: list[Node]) -> int | None:
    """Bytes over all nodes; 0 where one has no limit, ``None`` where nothing told."""
    told = [node.facts.info for node in nodes]
    if not all("maxmemory" in info for info in told):
        return None
    limits = [whole(info, "maxmemory") for info in told]
    return sum(limits) if all(limits) else 0


__all__ = ["Budget", "Refusal", "Server", "ServerLostError", "connected", "open_wire"]
