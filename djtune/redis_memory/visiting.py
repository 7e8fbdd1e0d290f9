"""One server's visit: everything that has to be asked while the connection lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.experiments.stages import Display
from djtune.redis_memory.estimated import Amount, Estimates, PatternEstimate
from djtune.redis_memory.estimating.estimates import estimate
from djtune.redis_memory.layouts import asking
from djtune.redis_memory.layouts.cliffs import cliffs
from djtune.redis_memory.layouts.reading import Unpickle
from djtune.redis_memory.layouts.result import Cliff, LayoutTrial
from djtune.redis_memory.looking.look import INTERRUPTED, Asked, Look
from djtune.redis_memory.named import Named
from djtune.redis_memory.observed import Seen
from djtune.redis_memory.replaying import Replayed
from djtune.redis_memory.result import Counters
from djtune.redis_memory.server.connecting import connected
from djtune.redis_memory.server.pace import Budget
from djtune.redis_memory.server.server import Server

TABLES = ("hashtable", "skiplist")
"""What hashes, sets and sorted sets become beyond a listpack's limits."""
SMALL = 4096
"""Bytes of a key at the median up to which its table could be a listpack."""
LEAST_SHARE = 0.01
"""Of the memory: patterns below it are not worth reading values for."""


class Wanted(Struct, frozen=True):
    """What is asked of every server."""

    asked: Asked
    budget: Budget = Budget()
    replicas: bool = False
    touching: bool = False
    """Whether sizes may be asked for in a way that makes keys look used, if there is no other."""
    layouts: str = ""
    """Pattern whose entries are tried in other layouts."""
    unpickle: Unpickle | None = None


class Visit(Struct):
    """What one server showed."""

    named: Named
    seen: Seen
    counters: Counters | None = None
    estimates: Estimates | None = None
    cliffs: list[Cliff] = field(default_factory=list)
    layouts: LayoutTrial | None = None
    tried: bool = False
    """Whether it has keys whose layouts were asked for."""
    replayed: Replayed | None = None
    failures: list[str] = field(default_factory=list)


def visit(named: Named, wanted: Wanted, display: Display, begun: Callable[[Visit], None]) -> None:
    """Visit a server; ``begun`` is given the visit as soon as it has one, and it fills on the way.

    Raises :class:`DjtuneError` where the server cannot be visited, ``KeyboardInterrupt``.
    """
    with connected(
        named.url,
        list(named.uses),
        wanted.budget,
        replicas=wanted.replicas,
        touching=wanted.touching,
    ) as server:
        found = Visit(named, Seen(server.facts, [], [], server.load(), complete=False))
        begun(found)
        looking = Look(server, wanted.asked, display)
        found.seen = looking.run()
        if found.seen.patterns or found.seen.complete:
            found.estimates = estimate(found.seen)
        if found.seen.cut == INTERRUPTED:
            raise KeyboardInterrupt
        if not found.seen.complete:
            return
        found.counters = _counters(server)
        _read_values(server, looking, wanted, found, display)


def _read_values(
    server: Server, looking: Look, wanted: Wanted, found: Visit, display: Display
) -> None:
    patterns = found.estimates.patterns if found.estimates else []
    for pattern in patterns:
        tried = pattern.pattern == wanted.layouts
        if tried or _worth_reading(pattern):
            display.advance(0, description=f"listpack limits of {pattern.pattern}")
            keys = looking.drawn(pattern.pattern)
            with _told(found):
                found.cliffs += cliffs(server, keys, pattern.pattern, pattern.keys, touching=tried)
        if tried:
            found.tried = True
            display.advance(0, description=f"layouts of {pattern.pattern}")
            _try_layouts(server, looking, wanted, found, pattern.keys)


def _worth_reading(pattern: PatternEstimate) -> bool:
    """Whether some of its keys are tables though they are small."""
    tables = sum(pattern.encodings.get(name, 0.0) for name in TABLES)
    small = pattern.size.p50 is not None and pattern.size.p50 <= SMALL
    return tables > 0 and small and pattern.share.value >= LEAST_SHARE


def _try_layouts(server: Server, looking: Look, wanted: Wanted, found: Visit, keys: Amount) -> None:
    asked = asking.Asked(wanted.layouts, round(keys.value), wanted.unpickle, seed=wanted.asked.seed)
    with _told(found):
        found.layouts = asking.layouts(server, looking.drawn(wanted.layouts), asked)


@contextmanager
def _told(found: Visit) -> Iterator[None]:
    """What the rest can do without: its failure is told."""
    try:
        yield
    except DjtuneError as error:
        found.failures.append(error.message)


def _counters(server: Server) -> Counters:
    now, facts = server.counters(), server.facts
    return Counters(
        run_id=facts.nodes[0].info.get("run_id", ""),
        hits=now.hits,
        misses=now.misses,
        evicted=now.evicted,
        expired=now.expired,
        used_memory=sum(node.used_memory for node in facts.nodes),
        maxmemory=facts.maxmemory or 0,
        policy=facts.policy,
        time=now.time,
    )
