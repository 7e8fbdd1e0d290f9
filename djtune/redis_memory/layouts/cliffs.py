"""Keys that a listpack limit has turned into tables, and what a higher limit would free."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from msgspec import Struct

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.asking import conditions
from djtune.redis_memory.layouts.entries import Entry
from djtune.redis_memory.layouts.forms import Command, Storage, key
from djtune.redis_memory.layouts.laboratory import Laboratory, Weighed, laboratory
from djtune.redis_memory.layouts.limits import Limits, Shape, freed, raised, share
from djtune.redis_memory.layouts.reading import values
from djtune.redis_memory.layouts.result import Cliff
from djtune.redis_memory.layouts.settings import for_server, limit
from djtune.redis_memory.layouts.trial import Conditions, kept_settings
from djtune.redis_memory.layouts.versions import Binary, installed, nearest
from djtune.redis_memory.server.server import Key, Server

LOOKED_AT = 2000
READ = 200
"""Keys beyond a limit whose values are read."""
MOST_EACH = 256 * 2**10
FEWEST = 5
"""Fewer keys beyond a limit are no cliff."""
LOADED = 1000
READ_ROUNDS = 10
READS_EACH = 300


class Kind(Struct, frozen=True):
    """A type of key that is a listpack while it is small."""

    type: str
    large: str
    """Its encoding beyond the limits."""
    read: tuple[str, ...]
    """The command that reads all, and its arguments behind the key."""
    write: str
    paired: bool
    """Whether an element is two parts of the reply."""
    one: str
    """The command that reads one element."""
    several: str
    """The command that looks several up."""
    defaults: Limits

    @property
    def settings(self) -> tuple[str, str]:
        """The names of its limits."""
        return f"{self.type}-max-listpack-entries", f"{self.type}-max-listpack-value"

    def limits(self, settings: dict[str, str]) -> Limits:
        """Those that the server has."""
        entries, value = self.settings
        return Limits(
            limit(settings, entries, self.defaults.entries),
            limit(settings, value, self.defaults.value),
        )

    def named(self, limits: Limits) -> dict[str, str]:
        """Limits as settings."""
        return dict(zip(self.settings, map(str, (limits.entries, limits.value)), strict=True))


SMALL = Limits(128, 64)
BY_SCORE = ("ZRANGE", "0", "-1", "WITHSCORES")
KINDS = (
    Kind("hash", "hashtable", ("HGETALL",), "HSET", True, "HGET", "HMGET", Limits(512, 64)),
    Kind("zset", "skiplist", BY_SCORE, "ZADD", True, "ZSCORE", "ZMSCORE", SMALL),
    Kind("set", "hashtable", ("SMEMBERS",), "SADD", False, "SISMEMBER", "SMISMEMBER", SMALL),
)


class _Seen(Struct):
    """One sampled key."""

    key: Key
    type: str
    encoding: str
    bytes: int


class _Copied(Storage):
    """Keys as they were read, to be loaded with other limits."""

    def __init__(self, kind: Kind, settings: dict[str, str]) -> None:
        super().__init__(settings)
        self.kind = kind

    def store(self, number: int, entry: Entry) -> list[Command]:
        """One command that writes all elements."""
        parts = entry.value
        if self.kind.type == "zset":
            parts = [part for at in range(0, len(parts), 2) for part in (parts[at + 1], parts[at])]
        return [(self.kind.write, key(number, entry.key_length), *parts)]

    def settle(self, number: int, entry: Entry) -> list[Command]:
        """Look up all elements."""
        names = entry.value[::2] if self.kind.paired else entry.value
        return [(self.kind.several, key(number, entry.key_length), *names)]

    def read(self, client: Any, number: int, entry: Entry) -> None:
        """Read one element, from the middle."""
        parts = entry.value
        at = len(parts) // 4 * 2 if self.kind.paired else len(parts) // 2
        client.execute_command(self.kind.one, key(number, entry.key_length), parts[at])


class _Pattern(Struct):
    """What is known of the pattern before any value is read."""

    name: str
    population: Amount
    seen: list[_Seen]
    around: Conditions
    known: dict[str, str]
    """The settings that matter, as the server has them."""


def cliffs(
    server: Server,
    keys: Sequence[Key],
    pattern: str,
    population: Amount,
    *,
    touching: bool = False,
) -> list[Cliff]:
    """The listpack limits that keys of one pattern are beyond, and what raising each would free.

    ``keys`` are fairly drawn names of the ``pattern``, which has ``population`` of them. Values
    are read only where that leaves idle times as they are, or with ``touching``. Raises
    :class:`DjtuneError` where there is no server to try limits on, :class:`ServerLostError`.
    """
    if not (server.no_touch or touching):
        return []
    around = conditions(server.facts, keys, round(population.value))
    known = kept_settings(around.settings)
    looked = _Pattern(pattern, population, _seen(server, list(keys)[:LOOKED_AT]), around, known)
    # Before 7.2 a set of words was always a table.
    kinds = (kind for kind in KINDS if kind.type != "set" or kind.settings[0] in known)
    found = (_cliff(server, kind, looked) for kind in kinds)
    return [cliff for cliff in found if cliff is not None]


def _seen(server: Server, keys: Sequence[Key]) -> list[_Seen]:
    commands = (("TYPE",), ("OBJECT", "ENCODING"), ("MEMORY", "USAGE"))
    replies = server.ask(
        [(node, db, (*command, name)) for node, db, name in keys for command in commands]
    )
    rows = (replies[3 * place : 3 * place + 3] for place in range(len(keys)))
    return [
        _Seen(each, kind.decode(), encoding.decode(), size)
        for each, (kind, encoding, size) in zip(keys, rows, strict=True)
        if isinstance(size, int) and isinstance(encoding, bytes)
    ]


def _cliff(server: Server, kind: Kind, looked: _Pattern) -> Cliff | None:
    large = [each for each in looked.seen if (each.type, each.encoding) == (kind.type, kind.large)]
    entries = _read(server, kind, large)
    if len(entries) < FEWEST:
        return None
    shapes = [_shape(entry.value, kind) for entry in entries]
    now = kind.limits(looked.known)
    limits = raised(shapes, now)
    if limits is None:
        return None
    pairs = zip(entries, shapes, strict=True)
    held = [entry for entry, shape in pairs if limits.hold(shape) and not now.hold(shape)]
    if len(held) < FEWEST:
        return None
    each = len(large) / len(shapes)
    of_type = sum(one.type == kind.type for one in looked.seen)
    gains = share(len(held) * each, len(looked.seen))
    binary, modelled = nearest(installed(), looked.around.server)
    weighed, slower = _tried(binary, kind, held, (now, limits), looked.known)
    before, after = kind.named(now), kind.named(limits)
    changed = {name: value for name, value in after.items() if before[name] != value}
    server_name = looked.around.server
    return Cliff(
        pattern=looked.name,
        type=kind.type,
        settings=for_server(changed, server_name),
        now=for_server({name: before[name] for name in changed}, server_name),
        beyond=share(sum(not now.hold(shape) for shape in shapes) * each, of_type),
        frees=_freed(gains, weighed, looked.population),
        sampled=of_type,
        tried=len(held),
        server=binary.name,
        modelled=modelled,
        slower=slower,
    )


def _read(server: Server, kind: Kind, large: Sequence[_Seen]) -> list[Entry]:
    """Some of the keys beyond the limits, with all their elements."""
    chosen = [(each.key, each.bytes) for each in large if each.bytes <= MOST_EACH][:READ]
    if len(chosen) < FEWEST:
        return []
    replies = values(server, kind.read, chosen)
    return [
        Entry(len(name), reply)
        for ((_, _, name), _), reply in zip(chosen, replies, strict=True)
        if isinstance(reply, list) and reply
    ]


def _shape(parts: Sequence[bytes], kind: Kind) -> Shape:
    elements = len(parts) // 2 if kind.paired else len(parts)
    counted = parts[::2] if kind.type == "zset" else parts
    return Shape(elements, max(map(len, counted)))


def _tried(
    binary: Binary,
    kind: Kind,
    entries: Sequence[Entry],
    limits: tuple[Limits, Limits],
    known: dict[str, str],
) -> tuple[list[Weighed], float | None]:
    """The keys with the present and with the raised limits, and how much slower a read is."""
    with laboratory(binary.path, known) as lab:
        forms = [_Copied(kind, kind.named(each)) for each in limits]
        count = max(len(entries), LOADED // len(entries) * len(entries))
        weighed = [lab.weigh(place, form, entries, count) for place, form in enumerate(forms)]
        before, after = _reading(lab, forms, entries)
    return weighed, after / before if before else None


def _reading(
    lab: Laboratory, forms: Sequence[_Copied], entries: Sequence[Entry]
) -> tuple[float, float]:
    """Server time of reading one element of each key, with either limit in turn."""
    spent = [0.0, 0.0]
    for _ in range(READ_ROUNDS):
        for database, form in enumerate(forms):
            client = lab.client(database)
            lab.control.config_resetstat()
            for turn in range(READS_EACH):
                number = turn % len(entries)
                form.read(client, number, entries[number])
            stats = lab.control.info("commandstats")[f"cmdstat_{form.kind.one.lower()}"]
            spent[database] += float(stats["usec"])
    return spent[0], spent[1]


def _freed(part: Amount, weighed: Sequence[Weighed], population: Amount) -> Amount:
    before, after = weighed
    savings = before.each - after.each
    told = fmean(savings)
    scale = (before.bytes - after.bytes) / told if told > 0 else 1.0
    return freed(part, savings.tolist(), scale, population.value)
