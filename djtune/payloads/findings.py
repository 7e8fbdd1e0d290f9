"""What is worth doing about payloads, on what evidence."""

from collections.abc import Iterator, Mapping, Sequence

from djtune.model.findings import FindingData, Saving
from djtune.model.routes import path_of
from djtune.payloads.changing import Change
from djtune.payloads.findings_fields import unused_fields
from djtune.payloads.findings_queries import Version, unfollowed_relations, unread_columns
from djtune.payloads.labels import request_of, severity
from djtune.payloads.result import EndpointResult, PayloadAuditResult
from djtune.reports import format as fmt

LEAST_SHARE = 0.03
LEAST_BYTES = 50
"""Spaces and escapes that are worth a word: part of a response, and bytes."""
SHOWN = 6
"""Endpoints that are named."""


def findings(
    result: PayloadAuditResult,
    changes: Mapping[tuple[str, str], Change],
    sources: Mapping[str, str],
    django: Version,
) -> list[FindingData]:
    """Sensitive-looking fields first, then by what they save of all bytes; then lighter queries."""
    found = []
    for endpoint in result.endpoints:
        if endpoint.proposed is not None:
            change = changes.get((endpoint.method, endpoint.route), Change())
            others = len(result.unmeasured)
            found.append(unused_fields(endpoint, change, result.querysets, others))
    found.sort(key=lambda each: (each.kind != "sensitive-unused-fields", -each.part))
    found += _whitespace(result.endpoints)
    found += _invalid(result)
    found += [
        one for queryset in result.querysets for one in unfollowed_relations(queryset, sources)
    ]
    lighter = [
        one for queryset in result.querysets for one in unread_columns(queryset, sources, django)
    ]
    return found + sorted(lighter, key=lambda each: -each.saving.value if each.saving else 0)


def _whitespace(endpoints: Sequence[EndpointResult]) -> Iterator[FindingData]:
    """Spaces, line ends and escapes, of all endpoints together: one change cures them."""
    loose = [each for each in endpoints if _is_loose(each)]
    if not loose:
        return
    largest = max(loose, key=lambda each: each.whitespace)
    raw = largest.sizes.raw.value or 1.0
    yield FindingData(
        kind="whitespace",
        title=f"{fmt.plural(len(loose), 'endpoint sends', 'endpoints send')} spaces and escapes "
        "that compact JSON has not",
        where=largest.where,
        evidence=[
            f"{request_of(each)}: {fmt.size(each.whitespace)} of {fmt.size(each.sizes.raw.value)} "
            f"a response, {fmt.size(each.whitespace_gzip)} with gzip"
            for each in sorted(loose, key=lambda each: -each.whitespace)[:SHOWN]
        ],
        saving=Saving(largest.whitespace, "B a response of the largest", estimate=False),
        remedy="write compact JSON: json_dumps_params={'separators': (',', ':'), 'ensure_ascii': "
        "False} of JsonResponse; COMPACT_JSON and UNICODE_JSON of REST framework",
        severity=severity(largest.whitespace / raw),
        routes=[request_of(each) for each in loose],
        part=sum(each.share * each.whitespace / (each.sizes.raw.value or 1.0) for each in loose),
    )


def _is_loose(endpoint: EndpointResult) -> bool:
    raw = endpoint.sizes.raw.value or 0.0
    return endpoint.whitespace >= max(LEAST_BYTES, LEAST_SHARE * raw)


def _invalid(result: PayloadAuditResult) -> Iterator[FindingData]:
    """Bodies that say they are JSON and are not."""
    broken = [(each.method, each.route, each.where, each.invalid) for each in result.endpoints]
    broken += [
        (each.method, each.route, "", each.why)
        for each in result.others
        if each.kind == "application/json" and each.why.startswith("no JSON")
    ]
    for method, route, where, why in broken:
        if why:
            name = f"{method} {path_of(route)}"
            yield FindingData(
                kind="invalid-json",
                title=f"{name}: a browser cannot read some responses",
                where=where,
                evidence=[why],
                remedy="send null instead of NaN and Infinity: allow_nan=False makes them errors",
                severity="high",
                routes=[name],
            )
