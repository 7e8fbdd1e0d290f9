"""Holds an earlier result against what the server shows now: how far off was it?"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from djtune.errors import DjtuneError
from djtune.redis_memory.advising.contents import expires
from djtune.redis_memory.advising.reading import at
from djtune.redis_memory.curves import Curve
from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.result import (
    Checked,
    Counters,
    RedisSizeResult,
    ServerResult,
    Verification,
)
from djtune.reports import format as fmt

LEAST_REQUESTS = 1000
"""Reads since the earlier result below which a hit ratio says little."""
DAY = 86_400.0
POINTS = 0.02
"""What a hit ratio may be off beyond its own band, and still be as promised."""


def load_result(file: Path) -> RedisSizeResult:
    """An earlier result, as ``--format json`` wrote it.

    Raises :class:`DjtuneError` where the file is none.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=RedisSizeResult)
    except OSError as error:
        raise DjtuneError(f"--verify {file}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise DjtuneError(
            f"--verify {file} is no result of djtune redis-size: {error}",
            hint="write one with: djtune redis-size --format json --output FILE.json",
        ) from None


def verify(before: ServerResult, now: ServerResult) -> Verification:
    """What ``before`` promised, and what became of it."""
    then, counters = before.counters, now.counters
    if then is None or counters is None:
        return Verification(now.address, 0.0, notes=["one of the two visits saw no counters"])
    found = Verification(now.address, counters.time - then.time)
    if (hits := _hit_ratio(before, now, then, counters, found.notes)) is not None:
        found.checked.append(hits)
    found.checked += _memory(before, counters)
    found.notes += _changes(before, then, counters)
    found.notes += _growth(before, now, found.seconds)
    return found


def _hit_ratio(
    before: ServerResult, now: ServerResult, then: Counters, counters: Counters, notes: list[str]
) -> Checked | None:
    """The hit ratio since then, against the curve at the memory that the server has now."""
    reads, hits, since = _since(then, counters)
    if reads < LEAST_REQUESTS:
        notes.append(f"{reads:,} reads since then: too few to hold a hit ratio against")
        return None
    predicted, where = _promise(before, now, counters)
    if predicted is None:
        notes.append(where)
        return None
    observed = hits / reads
    within = predicted.low - POINTS <= observed <= predicted.high + POINTS
    return Checked("hit ratio", predicted, observed, "share", reads, within, f"{where}; {since}")


def _since(then: Counters, now: Counters) -> tuple[int, int, str]:
    """Reads and hits since then, or since the counters were last set to zero."""
    reads, hits = now.hits + now.misses, now.hits
    before = then.hits + then.misses
    if now.run_id == then.run_id and reads >= before and hits >= then.hits:
        return reads - before, hits - then.hits, "since that result"
    return reads, hits, "since the server's counters were set to zero"


def _promise(
    before: ServerResult, now: ServerResult, counters: Counters
) -> tuple[Amount | None, str]:
    size = before.advice.size if before.advice else None
    if size is not None and size.hit_ratio is not None and _as_advised(before, counters):
        return size.hit_ratio, "the server has the memory and the policy that were advised"
    curve = _curve(before, counters.policy)
    if curve is None:
        return None, f"no curve was drawn for {counters.policy or 'its policy'}"
    entries = now.estimates.resident.value if now.estimates else 0.0
    point = at(curve, entries)
    if point is None:
        return None, f"{fmt.size(entries)} of entries are less than the curve tells about"
    amount = Amount(1 - point.miss_ratio, 1 - point.high, 1 - point.low)
    return amount, f"by the curve, at the {fmt.size(entries)} of entries that are there now"


def _as_advised(before: ServerResult, counters: Counters) -> bool:
    advice = before.advice
    assert advice is not None
    assert advice.size is not None
    nodes = max(1, len(before.nodes))
    return (
        counters.policy == advice.policy.rules.policy
        and counters.maxmemory == nodes * advice.size.maxmemory
    )


def _curve(before: ServerResult, policy: str) -> Curve | None:
    for curve in before.traced:
        if curve.rules is not None and curve.rules.policy == policy:
            return curve
    return before.idle if policy.endswith("-lru") else None


def _memory(before: ServerResult, counters: Counters) -> Iterator[Checked]:
    advice = before.advice
    if advice is None or advice.size is None:
        return
    nodes = max(1, len(before.nodes))
    limit = float(nodes * advice.size.maxmemory)
    amount = Amount(limit, 0.0, limit)
    used = float(counters.used_memory)
    yield Checked("used_memory", amount, used, "B", 1, used <= limit, "at most")


def _growth(before: ServerResult, now: ServerResult, seconds: float) -> Iterator[str]:
    """Patterns without TTLs that have surely got more keys: nothing ends that by itself."""
    known = {each.pattern: each for each in (before.estimates.patterns if before.estimates else [])}
    for pattern in now.estimates.patterns if now.estimates else []:
        earlier = known.get(pattern.pattern)
        if earlier is None or expires(pattern) or pattern.keys.low <= earlier.keys.high:
            continue
        keys = pattern.keys.value - earlier.keys.value
        daily = (pattern.resident.value - earlier.resident.value) / seconds * DAY
        yield (
            f"{pattern.pattern} grows without TTLs: {fmt.count(round(keys))} keys more, "
            f"{fmt.size(max(daily, 0.0))} a day at that pace"
        )


def _changes(before: ServerResult, then: Counters, counters: Counters) -> Iterator[str]:
    if counters.policy != then.policy:
        yield f"maxmemory-policy was {then.policy} then, and is {counters.policy} now"
    if counters.maxmemory != then.maxmemory:
        yield f"maxmemory was {fmt.size(then.maxmemory)} then: now {fmt.size(counters.maxmemory)}"
    advice = before.advice
    if advice is not None and counters.policy != advice.policy.rules.policy:
        yield f"{advice.policy.rules.policy} had been advised"
    if counters.evicted > then.evicted:
        yield f"{counters.evicted - then.evicted:,} keys were evicted since"
