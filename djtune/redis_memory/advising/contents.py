"""What a server holds, as far as eviction is concerned: what can be made again, and what cannot."""

from msgspec import Struct, field

from djtune.redis_memory.estimated import PatternEstimate
from djtune.redis_memory.facts import Kind, Use

EVICTABLE: frozenset[Kind] = frozenset(("cache", "page", "counter", "session", "result"))
"""Kinds that can be made again, or whose loss is a nuisance: they expire anyway."""
QUEUES: frozenset[Kind] = frozenset(("queue", "channels", "lock"))
"""Kinds whose loss breaks something at once."""
NEARLY_ALL = 0.99
"""Share of keys that have a TTL from which the pattern counts as expiring."""


class Contents(Struct):
    """The patterns, told apart."""

    evictable: list[PatternEstimate]
    queues: list[PatternEstimate]
    """Broker, channels, locks."""
    kept: list[PatternEstimate]
    """Neither of a cache nor with a TTL: nothing says that it can be made again."""
    brokers: list[Use] = field(default_factory=list)
    """Uses as a broker or for channels: queues without a task are no keys at all."""

    @property
    def precious(self) -> list[PatternEstimate]:
        """All that must not be evicted."""
        return [*self.queues, *self.kept]

    @property
    def messages_expire(self) -> bool:
        """Whether what waits has TTLs, as channels' messages have: then ``volatile-*`` is as bad
        for them as ``allkeys-*``."""
        return bool(with_ttl(self.queues)) or any(use.role == "channels" for use in self.brokers)

    @property
    def must_stay(self) -> bool:
        """Whether something here, or something that comes back, must not be evicted."""
        return bool(self.precious or self.brokers)


def contents(patterns: list[PatternEstimate], uses: list[Use]) -> Contents:
    """Tell the patterns apart by their kind, their TTLs and the caches' key prefixes.

    Sessions without TTLs are kept: no cache backend stores such.
    """
    prefixes = tuple(use.key_prefix for use in uses if use.role == "cache" and use.key_prefix)
    found = Contents([], [], [], [use for use in uses if _keeps_messages(use)])
    for pattern in patterns:
        if pattern.kind in QUEUES:
            found.queues.append(pattern)
        elif _made_again(pattern, prefixes):
            found.evictable.append(pattern)
        else:
            found.kept.append(pattern)
    return found


def _keeps_messages(use: Use) -> bool:
    """Whether it is a broker or for channels, other than by publishing, which keeps no key."""
    return use.role == "broker" or (use.role == "channels" and "pubsub" not in use.backend)


def _made_again(pattern: PatternEstimate, prefixes: tuple[str, ...]) -> bool:
    if pattern.kind == "session" and not expires(pattern):
        return False
    return (
        pattern.kind in EVICTABLE
        or expires(pattern)
        or pattern.pattern.startswith(prefixes or "\0")
    )


def expires(pattern: PatternEstimate) -> bool:
    """Whether practically all of its keys have a TTL."""
    return pattern.with_ttl.value >= NEARLY_ALL


def resident(patterns: list[PatternEstimate]) -> float:
    """Bytes of some patterns."""
    return sum(pattern.resident.value for pattern in patterns)


def without_ttl(patterns: list[PatternEstimate]) -> float:
    """Bytes of some patterns' keys that stay until they are deleted."""
    return resident(patterns) - with_ttl(patterns)


def with_ttl(patterns: list[PatternEstimate]) -> float:
    """Bytes of some patterns' keys that have a TTL."""
    return sum(pattern.resident.value * pattern.with_ttl.value for pattern in patterns)
