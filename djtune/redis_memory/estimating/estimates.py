"""From what was seen of a server to its memory by patterns, with intervals that cover."""

import numpy as np
from msgspec import Struct

from djtune.redis_memory.columns import joined
from djtune.redis_memory.estimated import Amount, Estimates, PatternEstimate
from djtune.redis_memory.estimating.balance import reconcile
from djtune.redis_memory.estimating.counts import deviations
from djtune.redis_memory.estimating.overhead import Overhead, overhead_of
from djtune.redis_memory.estimating.resampling import (
    Part,
    added,
    exact,
    interval,
    known_to,
    sampled,
    share_of,
)
from djtune.redis_memory.estimating.spreads import share, shares, spread
from djtune.redis_memory.observed import Floats, PatternSample, Seen

UNMEASURED_FREEDOM = 3
"""Degrees of freedom of a guess from the other patterns' sizes."""


class Sums(Struct):
    """A pattern's totals, each with what resampling tells of it."""

    bytes: Part
    resident: Part
    deviations: Floats
    """Bytes that each part of the visit adds to the error, through the count of keys."""
    within: float
    """Bytes that values take beyond what ``MEMORY USAGE`` says."""
    guessed: float
    """Of these, how many rest on lengths that could not be asked for."""
    least: float
    """Bytes that were measured: it has these in any case."""


def estimate(seen: Seen, seed: int = 0) -> Estimates:
    """What all keys come to; the same ``seed`` gives the same intervals.

    Totals are sums over the patterns as strata: keys that stand for themselves count as they are,
    the others by the mean of their sample, with a stratified bootstrap-t (:mod:`.resampling`).
    Where not all names were seen, the errors of the counts come on top.
    """
    random = np.random.default_rng(seed)
    overhead, mean = overhead_of(seen.server), _mean_size(seen)
    sums = [
        _sums(pattern, errors, overhead, mean, random)
        for pattern, errors in zip(seen.patterns, _count_errors(seen), strict=True)
    ]
    total = _total(sums)
    patterns = [
        _pattern(pattern, own, total, random)
        for pattern, own in zip(seen.patterns, sums, strict=True)
    ]
    patterns.sort(key=lambda each: -each.resident.value)
    counting = _error(total.deviations, random)
    values = interval(added([total.bytes, counting]), total.least)
    resident = interval(added([total.resident, counting]), total.least)
    keys = sum(pattern.keys for pattern in seen.patterns)
    return Estimates(
        patterns=patterns,
        keys=Amount(keys, keys, keys),
        bytes=values,
        resident=resident,
        balance=reconcile(seen.server, overhead, values, total.within, resident, total.guessed),
    )


def _count_errors(seen: Seen) -> list[Floats]:
    if not any(any(pattern.parts) for pattern in seen.patterns):
        return [np.zeros(1) for _ in seen.patterns]
    return list(deviations([pattern.parts for pattern in seen.patterns], seen.population))


def _mean_size(seen: Seen) -> float:
    """The mean size of a key, over all that were measured: for patterns that were not."""
    weighed = [
        (pattern.keys, joined([pattern.whole, pattern.sampled]).bytes) for pattern in seen.patterns
    ]
    known = [(keys, sizes.mean()) for keys, sizes in weighed if sizes.size]
    total = sum(keys for keys, _ in known)
    return float(sum(keys * mean for keys, mean in known) / total) if total else 0.0


def _sums(
    pattern: PatternSample,
    errors: Floats,
    overhead: Overhead,
    mean: float,
    random: np.random.Generator,
) -> Sums:
    alone, others = pattern.whole, pattern.sampled
    rest = max(0.0, pattern.keys - alone.bytes.size)
    parts: list[Part] = []
    for whole, sample in (
        (alone.bytes, others.bytes),
        (overhead.resident(alone), overhead.resident(others)),
    ):
        if rest and not sample.size:
            guess = known_to(mean * rest, mean * rest, UNMEASURED_FREEDOM, random)
        else:
            guess = sampled(sample, rest, random) if rest else exact(0.0)
        parts.append(added([exact(float(whole.sum())), guess]))
    least = float(alone.bytes.sum() + others.bytes.sum())
    each = parts[1].value / max(1.0, pattern.keys)
    within = _over_all(overhead.within(alone), overhead.within(others), rest)
    guessed = _over_all(overhead.guessed(alone), overhead.guessed(others), rest)
    return Sums(parts[0], parts[1], errors * each, within, guessed, least)


def _over_all(alone: Floats, others: Floats, rest: float) -> float:
    """The sum over those that stand for themselves and those that stand for ``rest`` keys."""
    return float(alone.sum()) + (float(others.mean()) * rest if others.size else 0.0)


def _total(sums: list[Sums]) -> Sums:
    return Sums(
        added([each.bytes for each in sums]),
        added([each.resident for each in sums]),
        np.sum([each.deviations for each in sums], axis=0) if sums else np.zeros(1),
        sum(each.within for each in sums),
        sum(each.guessed for each in sums),
        sum(each.least for each in sums),
    )


def _error(deviation: Floats, random: np.random.Generator) -> Part:
    error = float(np.linalg.norm(deviation))
    return known_to(0.0, error, max(1, deviation.size - 1), random) if error else exact(0.0)


def _pattern(
    pattern: PatternSample, sums: Sums, total: Sums, random: np.random.Generator
) -> PatternEstimate:
    rows = joined([pattern.whole, pattern.sampled])
    n, alone = rows.bytes.size, pattern.whole.bytes.size
    complete = alone == n and n >= pattern.keys
    weights = np.ones(n)
    weights[alone:] = max(0.0, pattern.keys - alone) / max(1, n - alone)
    expires = weights[~np.isnan(rows.ttl)].sum() / weights.sum() if n else 0.0
    counting = _error(sums.deviations, random)
    bytes_ = interval(added([sums.bytes, counting]), sums.least)
    return PatternEstimate(
        pattern=pattern.pattern,
        kind=pattern.kind,
        keys=Amount(pattern.keys, pattern.keys_low, pattern.keys_high),
        bytes=bytes_,
        resident=interval(added([sums.resident, counting]), sums.least),
        share=_share(sums, total, random),
        sampled=n,
        size=spread(rows.bytes, weights, complete=complete),
        ttl=spread(rows.ttl, weights, complete=complete),
        idle=spread(rows.idle, weights, complete=complete),
        with_ttl=share(float(expires), n, complete=complete),
        encodings=shares(rows.encoding, weights),
        types=shares(rows.type, weights),
        unseen=None if complete else bytes_.high - bytes_.low,
        notes=[] if n or not pattern.keys else ["none was measured: the mean of all others"],
    )


def _share(own: Sums, total: Sums, random: np.random.Generator) -> Amount:
    part = share_of(own.resident, total.resident)
    deviations = own.deviations - part.value * total.deviations
    counting = _error(deviations / max(1.0, total.resident.value), random)
    return interval(added([part, counting]), 0.0, 1.0)
