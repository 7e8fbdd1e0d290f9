"""What a server lets this visitor do, found out by trying."""

from djtune.errors import DjtuneError
from djtune.redis_memory.observed import ServerFacts
from djtune.redis_memory.server.node import Node
from djtune.redis_memory.server.wire import Command, Refusal, Reply, Wire

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
SETTINGS = ("maxmemory*", "lfu-*", "*-max-*", "save", "appendonly", "client-output-buffer-limit")


def required(wire: Wire, command: Command) -> Reply:
    """The reply to a ``command`` without which a visit makes no sense.

    Raises :class:`DjtuneError` where the server refuses it.
    """
    reply = wire.ask([command])[0]
    if isinstance(reply, Refusal):
        raise DjtuneError(f"{wire.address} refuses {command[0]!s}: {reply}")
    return reply


def explore(nodes: list[Node], facts: ServerFacts) -> tuple[bool, frozenset[str]]:
    """Try what will be used, and fill in the ``facts``; return (no_touch, commands that write)."""
    for node in nodes:
        required(node.wire, ("SCAN", 0, "COUNT", 1))
        replies = dict(zip(TRIED, node.ask(list(TRIED.values())), strict=True))
        facts.refused += [
            name
            for name, reply in replies.items()
            if name not in facts.refused and forbidden(reply)
        ]
        for database, keys in node.databases.items():
            facts.databases[database] = facts.databases.get(database, 0) + keys
    if "CONFIG" not in facts.refused:
        for reply in nodes[0].ask([("CONFIG", "GET", name) for name in SETTINGS]):
            pairs = [] if isinstance(reply, Refusal) else [item.decode() for item in reply]
            facts.settings |= dict(zip(pairs[::2], pairs[1::2], strict=True))
    writing = nodes[0].ask([("ACL", "CAT", "write")])[0]
    names = [] if isinstance(writing, Refusal) else [name.decode() for name in writing]
    return "CLIENT NO-TOUCH" not in facts.refused, frozenset(names)


def forbidden(reply: Reply) -> bool:
    """Whether the server does not know the command or does not let this user have it.

    An error about the *key* alone (of another node, or outside of the user's patterns) is none.
    """
    if not isinstance(reply, Refusal):
        return False
    said = str(reply)
    return not said.startswith(("MOVED", "ASK", "CLUSTERDOWN")) and "key" not in said.lower()
