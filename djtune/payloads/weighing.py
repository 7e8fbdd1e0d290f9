"""What an endpoint's responses weigh, and what they would weigh without some fields."""

from collections.abc import Collection, Iterable, Sequence
from statistics import fmean, median

from msgspec import Struct

from djtune.experiments.intervals import mean_interval
from djtune.experiments.quantiles import minimum_n, order_ranks
from djtune.model.metrics import Metric
from djtune.payloads.codecs import installed
from djtune.payloads.endpoints import Body
from djtune.payloads.paths import Path
from djtune.payloads.removal import without
from djtune.payloads.result import Sizes
from djtune.payloads.styles import style_of
from djtune.payloads.walk import encode

MOST_COMPRESSED = 12 * 2**20
"""Bytes of one endpoint that every codec is given at most."""


class Weighed(Struct):
    """Responses as they are, without some fields, and the difference."""

    before: Sizes
    after: Sizes
    saving: Sizes


def metric(values: Sequence[float]) -> Metric:
    """The mean over responses with its 95 % interval; no interval of a single response."""
    if not values:
        return Metric(None, n=0, reason="no response")
    if len(values) == 1:
        return Metric(float(values[0]), n=1)
    found = mean_interval([float(value) for value in values])
    return Metric(found.value, found.low, found.high, n=len(values))


def typical(values: Sequence[float]) -> Metric:
    """The median over responses, with its 95 % interval by ranks: times have outliers."""
    ranked = sorted(values)
    n = len(ranked)
    if n < minimum_n(0.5):
        return Metric(None, n=n, reason=f"{minimum_n(0.5)} responses needed")
    low, high = order_ranks(n, 0.5, n)
    return Metric(median(ranked), ranked[low - 1], ranked[high - 1], n=n)


def sizes(bodies: Sequence[Body], raw: Sequence[int]) -> Sizes:
    """The sizes of responses as they are; ``raw`` may be of more of them than are kept."""
    chosen = [body.raw for body in affordable(bodies)]
    return _sizes(raw, _compressed(chosen))


def weigh(bodies: Sequence[Body], paths: Collection[Path]) -> Weighed:
    """The sizes of responses with and without ``paths``, all of them gone together.

    Both are written as the first of them was, so that white space is in both or in neither.
    """
    chosen = affordable(bodies)
    documents = [body.document for body in chosen]
    style = style_of(chosen[0].raw, documents[0]) if chosen else encode
    before = [style(document) for document in documents]
    after = [style(without(document, paths)) for document in documents]
    squeezed, lighter = _compressed(before), _compressed(after)
    raw_before, raw_after = list(map(len, before)), list(map(len, after))
    return Weighed(
        before=_sizes(raw_before, squeezed),
        after=_sizes(raw_after, lighter),
        saving=_sizes(
            _difference(raw_before, raw_after),
            {codec: _difference(squeezed[codec], lighter[codec]) for codec in squeezed},
        ),
    )


def whitespace_gzip(bodies: Sequence[Body]) -> float:
    """Mean bytes that gzip makes of what compact JSON has not."""
    compress = installed()["gzip"]
    loose = [body for body in affordable(bodies) if len(body.raw) != body.compact]
    saved = [len(compress(body.raw)) - len(compress(encode(body.document))) for body in loose]
    return mean([float(each) for each in saved])


def affordable(bodies: Sequence[Body]) -> list[Body]:
    """As many of the first bodies as can be compressed in a few seconds; one at least."""
    chosen: list[Body] = []
    left = MOST_COMPRESSED
    for body in bodies:
        left -= len(body.raw)
        if left < 0 and chosen:
            break
        chosen.append(body)
    return chosen


def mean(values: Iterable[float]) -> float:
    """The mean; 0 of nothing."""
    every = list(values)
    return fmean(every) if every else 0.0


def _compressed(bodies: Sequence[bytes]) -> dict[str, list[int]]:
    return {
        codec: [len(compress(body)) for body in bodies] for codec, compress in installed().items()
    }


def _difference(before: Sequence[int], after: Sequence[int]) -> list[int]:
    return [one - other for one, other in zip(before, after, strict=True)]


def _sizes(raw: Sequence[int], by_codec: dict[str, list[int]]) -> Sizes:
    return Sizes(
        raw=metric(raw),
        gzip=metric(by_codec["gzip"]),
        brotli=metric(by_codec["brotli"]) if "brotli" in by_codec else None,
        zstd=metric(by_codec["zstd"]) if "zstd" in by_codec else None,
    )
