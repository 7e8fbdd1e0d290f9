"""What a server lets this visitor do, found out by trying."""

import re

from djtune.errors import DjtuneError
from djtune.redis_memory.facts import ServerFacts
from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.refusals import explained
from djtune.redis_memory.server.server import Server
from djtune.redis_memory.server.wire import Command, Refusal, Reply, ServerLostError, Wire

NOBODYS = "djtune:nobody's"
"""A name that no key should have."""
TRIED: dict[str, Command] = {
    "MEMORY USAGE": ("MEMORY", "USAGE", NOBODYS),
    "OBJECT": ("OBJECT", "ENCODING", NOBODYS),
    "TYPE": ("TYPE", NOBODYS),
    "PTTL": ("PTTL", NOBODYS),
    "INFO commandstats": ("INFO", "commandstats"),
    "CLIENT NO-TOUCH": ("CLIENT", "NO-TOUCH", "ON"),
    "CONFIG": ("CONFIG", "GET", "maxmemory"),
}
SETTINGS = (
    "maxmemory*",
    "lfu-*",
    "*-max-listpack-*",
    "*-max-ziplist-*",
    "set-max-intset-entries",
    "stream-node-max-*",
    "list-compress-depth",
    "save",
    "append*",
    "client-output-buffer-limit",
    "repl-backlog-size",
    "activedefrag",
    "hz",
    "databases",
)


def required(wire: Wire, command: Command) -> Reply:
    """The reply to a ``command`` without which a visit makes no sense.

    Raises :class:`DjtuneError` where the server refuses it.
    """
    name = " ".join(str(part) for part in command[: 2 if command[0] == "CLUSTER" else 1])
    try:
        reply = wire.ask([command])[0]
    except ServerLostError as error:
        raise explained(wire.address, error.message) from None
    if isinstance(reply, Refusal):
        raise explained(wire.address, reply, name)
    return reply


def explore(nodes: list[Node], facts: ServerFacts, *, touching: bool) -> Server:
    """Try what will be used, fill in the ``facts``, and return the server to visit."""
    for node in nodes:
        required(node.wire, ("SCAN", 0, "COUNT", 1))
        _try_all(node, facts)
        _see_databases(node, facts)
    if "CONFIG" not in facts.refused:
        facts.settings = _settings(nodes[0])
    writing = nodes[0].ask_now([("ACL", "CAT", "write")])[0]
    server = Server(
        nodes,
        facts,
        no_touch="CLIENT NO-TOUCH" not in facts.refused,
        writing=frozenset() if isinstance(writing, Refusal) else frozenset(map(_text, writing)),
    )
    _see_to_sizes(server, touching)
    return server


def _try_all(node: Node, facts: ServerFacts) -> None:
    for name, reply in zip(TRIED, node.ask_now(list(TRIED.values())), strict=True):
        if name == "TYPE" and forbidden(reply):
            raise explained(node.wire.address, reply, name)
        if forbidden(reply) and name not in facts.refused:
            facts.refused.append(name)


def _see_databases(node: Node, facts: ServerFacts) -> None:
    """Leave out the databases that this user may not select."""
    hidden = [
        database
        for database in node.databases
        if isinstance(node.ask_now([("DBSIZE",)], database)[0], Refusal)
    ]
    for database in hidden:
        del node.databases[database]
    for database, keys in node.databases.items():
        facts.databases[database] = facts.databases.get(database, 0) + keys
    if hidden:
        listed = ", ".join(map(str, hidden))
        facts.notes.append(f"SELECT is refused, so that database {listed} was not seen")


def _settings(node: Node) -> dict[str, str]:
    settings: dict[str, str] = {}
    for reply in node.ask_now([("CONFIG", "GET", pattern) for pattern in SETTINGS]):
        pairs = [] if isinstance(reply, Refusal) else list(map(_text, reply))
        settings |= zip(pairs[::2], pairs[1::2], strict=True)
    return settings


def _see_to_sizes(server: Server, touching: bool) -> None:
    """Say how sizes will be known where ``MEMORY USAGE`` is refused."""
    if server.can("MEMORY USAGE"):
        return
    if not server.no_touch and not touching:
        raise DjtuneError(
            f"{server.facts.address} refuses MEMORY USAGE, and CLIENT NO-TOUCH too: sizes can only"
            " be read in a way that marks the sampled keys as just used",
            hint="ask for a user with +memory|usage, or let the sampled keys look just used:"
            " --touch",
        )
    server.facts.notes.append(
        "MEMORY USAGE is refused: sizes are modelled from lengths and from some of the elements"
    )
    if not server.no_touch:
        server.facts.notes.append("the keys that were sampled count as just used since the visit")


def forbidden(reply: Reply) -> bool:
    """Whether the server does not know the command or does not let this user have it.

    An error about the *key* alone (of another node, or outside of the user's patterns) is none.
    """
    if not isinstance(reply, Refusal):
        return False
    said = str(reply)
    if said.startswith(("MOVED", "ASK", "CLUSTERDOWN")):
        return False
    return re.search(r"permissions to access .*\bkeys?\b", said) is None


def _text(reply: Reply) -> str:
    return str(reply.decode("utf-8", "replace"))
