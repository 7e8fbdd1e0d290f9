"""From a pattern's keys on the user's server to a trial of layouts."""

from collections.abc import Sequence

from msgspec import Struct

from djtune.redis_memory.facts import ServerFacts
from djtune.redis_memory.layouts.reading import LIMIT, Unpickle, read
from djtune.redis_memory.layouts.result import LayoutTrial
from djtune.redis_memory.layouts.trial import Conditions, Tick, trial
from djtune.redis_memory.server.server import Key, Server


class Asked(Struct, frozen=True):
    """What is to be tried."""

    pattern: str
    population: int | None = None
    """Keys that the pattern has."""
    unpickle: Unpickle | None = None
    """``unpickler(app)`` where the user has allowed it."""
    limit: int = LIMIT
    seed: int = 0


def layouts(
    server: Server, keys: Sequence[Key], asked: Asked, tick: Tick = lambda _: None
) -> LayoutTrial:
    """Read entries of the pattern, of which ``keys`` are fairly drawn names, and try them.

    Raises :class:`DjtuneError` where they have no layout to compare or no server is here to try
    them on, :class:`ServerLostError` where the user's goes away.
    """
    entries = read(server, keys, asked.pattern, asked.unpickle, asked.limit)
    return trial(entries, conditions(server.facts, keys, asked.population), tick, asked.seed)


def conditions(facts: ServerFacts, keys: Sequence[Key], population: int | None) -> Conditions:
    """What of the server matters for the bytes of ``keys``."""
    first = facts.nodes[0]
    settings = dict(facts.settings)
    if facts.policy:
        settings["maxmemory-policy"] = facts.policy
        settings["maxmemory"] = str(facts.maxmemory or 0)
    databases = {database for _, database, _ in keys}
    return Conditions(
        server=f"{first.product} {first.version}",
        settings=settings,
        population=population,
        table_keys=sum(facts.databases.get(each, 0) for each in databases) or None,
    )
