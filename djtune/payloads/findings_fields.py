"""Findings about fields that nobody uses."""

from collections.abc import Iterator, Sequence
from typing import Literal

from djtune.model.findings import FindingData, Saving
from djtune.model.metrics import Metric
from djtune.payloads.changing import Change
from djtune.payloads.freeing import light
from djtune.payloads.labels import ratio, request_of, severity
from djtune.payloads.result import EndpointResult, FieldResult, Proposed, QuerysetResult
from djtune.reports import format as fmt

FEW_BYTES = 100
SHOWN = 6
"""Fields that one line names."""


def unused_fields(
    endpoint: EndpointResult,
    change: Change,
    querysets: Sequence[QuerysetResult],
    unmeasured: int,
) -> FindingData:
    """The fields of an endpoint that are proposed to go, with all that speaks for it.

    ``unmeasured`` are the routes of which nothing is known.
    """
    proposed = endpoint.proposed
    assert proposed is not None
    fields = {each.path: each for each in endpoint.fields}
    dropped = [fields[path] for path in proposed.fields]
    personal = [each for each in dropped if each.sensitive]
    saved = proposed.saving.raw
    return FindingData(
        kind="sensitive-unused-fields" if personal else "unused-fields",
        title=f"{request_of(endpoint)}: nobody uses {fmt.plural(len(dropped), 'field', 'fields')} "
        f"of {len(endpoint.fields):,}",
        where=endpoint.where,
        evidence=[
            *_personal(personal),
            ", ".join(proposed.fields),
            *_weight(endpoint),
            *_evidence(dropped),
            *_freed(endpoint),
            *_fetching(endpoint, querysets),
        ],
        saving=Saving(saved.value or 0.0, "B a response", saved.low, saved.high, estimate=False),
        remedy=_remedy(change, unmeasured),
        patch=change.patch or "\n".join(change.paste),
        confidence=_confidence(endpoint),
        severity="high" if personal else _severity(proposed),
        routes=[request_of(endpoint)],
        part=endpoint.share * proposed.share,
    )


def _severity(proposed: Proposed) -> Literal["high", "medium", "low"]:
    """Few bytes are little, whatever part of a small response they are."""
    few = (proposed.saving.raw.value or 0.0) < FEW_BYTES
    return "low" if few else severity(proposed.share)


def _personal(fields: Sequence[FieldResult]) -> Iterator[str]:
    if fields:
        named = ", ".join(f"{each.path} ({each.sensitive})" for each in fields)
        yield f"personal or secret, by its name: {named}"


def _evidence(dropped: Sequence[FieldResult]) -> Iterator[str]:
    """What speaks against the fields, those with the same evidence together."""
    by_text: dict[str, list[str]] = {}
    for each in dropped:
        for piece in each.evidence:
            if piece.stance in ("unused", "says nothing") and piece.source != "values":
                told = f"{piece.source}: {piece.text}"
                told += f" ({piece.coverage})" if piece.coverage else ""
                by_text.setdefault(told, []).append(each.path)
    for told, paths in by_text.items():
        yield told if len(paths) == len(dropped) else f"{told}: {_some(paths)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _weight(endpoint: EndpointResult) -> Iterator[str]:
    proposed = endpoint.proposed
    assert proposed is not None
    before, saving = proposed.before, proposed.saving
    yield (
        f"raw {_of(saving.raw, before.raw)}; gzip {_of(saving.gzip, before.gzip)}; "
        f"n = {saving.raw.n} responses, all fields gone together"
    )
    if proposed.cpu is not None and (proposed.cpu.low or 0.0) > 0:
        yield f"{_timed(proposed.cpu)} of CPU a response goes into making them (median)"
    if proposed.per_day is not None and proposed.per_day_gzip is not None:
        yield (
            f"{fmt.size(proposed.per_day)} a day at the workload's rate, "
            f"{fmt.size(proposed.per_day_gzip)} with gzip"
        )
    for group in proposed.hidden:
        yield f"{', '.join(group)} repeat each other: only all of them together save much"


def _of(part: Metric, whole: Metric) -> str:
    share = part.value / whole.value if part.value and whole.value else 0.0
    return (
        f"{fmt.with_interval(part.value, part.low, part.high, fmt.size)} of "
        f"{fmt.size(whole.value)} ({fmt.share(share)})"
    )


def _timed(metric: Metric) -> str:
    return fmt.with_interval(metric.value, metric.low, metric.high, fmt.duration)


def _freed(endpoint: EndpointResult) -> Iterator[str]:
    proposed = endpoint.proposed
    assert proposed is not None
    if proposed.columns:
        yield f"columns that nothing reads without them: {', '.join(proposed.columns)}"
    if proposed.relations:
        yield f"joins and prefetches that nothing follows then: {', '.join(proposed.relations)}"


def _fetching(endpoint: EndpointResult, querysets: Sequence[QuerysetResult]) -> Iterator[str]:
    """What fetching the rows takes without the columns that the fields free."""
    for queryset in querysets:
        freed = light(queryset, {"freed"})
        if freed and request_of(endpoint) in queryset.routes:
            for tried in queryset.lighter:
                if tried.way != "values":
                    yield (
                        f"without them and what nobody reads now, fetching at "
                        f"{queryset.begun or queryset.place} takes {ratio(tried.ratio)} of its "
                        f"CPU time: {tried.verdict}"
                    )


def _remedy(change: Change, unmeasured: int) -> str:
    """What to do; ``unmeasured`` routes may be served by the same serializers."""
    said = []
    if change.places:
        said.append(f"take them out of {', '.join(change.places)}")
    if change.by_hand:
        said.append(f"by hand in the view: {_some(change.by_hand)}")
    notes = list(change.notes)
    if change.patch and unmeasured:
        routes = fmt.plural(unmeasured, "route that was", "routes that were")
        notes.append(f"See whether {routes} not measured use them too")
    parts = [part for part in ["; ".join(said), *notes] if part]
    return ". ".join(part.rstrip(".") for part in parts)


def _confidence(endpoint: EndpointResult) -> str:
    proposed = endpoint.proposed
    assert proposed is not None
    if proposed.confirmed:
        return "a journey in a browser looked the same without them"
    computed = any(
        "computed key" in piece.coverage for each in endpoint.fields for piece in each.evidence
    )
    doubt = "; code that computes keys or passes objects on whole may" if computed else ""
    return f"by what was looked at alone: other clients may read them{doubt}"
