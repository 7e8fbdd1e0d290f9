"""What is worth doing about payloads, on what evidence."""

from collections.abc import Iterator, Mapping, Sequence

from djtune.model.findings import FindingData, Saving
from djtune.model.metrics import Metric
from djtune.model.patches import with_call
from djtune.model.routes import path_of
from djtune.payloads.changing import Change
from djtune.payloads.edits import Edit, drop_relations
from djtune.payloads.freeing import light
from djtune.payloads.lighter import advice, best
from djtune.payloads.result import EndpointResult, FieldResult, PayloadAuditResult, QuerysetResult
from djtune.reports import format as fmt

HIGH, MEDIUM = 0.10, 0.03
"""Part of an endpoint's bytes from which a saving is of that severity."""
WHITESPACE = 0.03
FEW_BYTES = 50
WORTHWHILE = 0.01
"""Part of a route's service time below which a queryset is left as it is."""
SHOWN = 6
Version = tuple[int, int]
"""Fields that one line names."""


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
            found.append(_unused(endpoint, change, result.querysets))
    found.sort(key=lambda each: (each.kind != "sensitive-unused-fields", -each.part))
    found += _whitespace(result.endpoints)
    found += _invalid(result)
    found += [one for queryset in result.querysets for one in _unfollowed(queryset, sources)]
    lighter = [one for queryset in result.querysets for one in _unread(queryset, sources, django)]
    return found + sorted(lighter, key=lambda each: -each.saving.value if each.saving else 0)


def request_of(endpoint: EndpointResult) -> str:
    """An endpoint as every part of the report names it."""
    return f"{endpoint.method} {path_of(endpoint.route)}"


def severity(share: float) -> str:
    """How much of its whole a saving is."""
    return "high" if share >= HIGH else "medium" if share >= MEDIUM else "low"


def _unused(
    endpoint: EndpointResult, change: Change, querysets: Sequence[QuerysetResult]
) -> FindingData:
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
        remedy=_remedy(change),
        patch=change.patch or "\n".join(change.paste),
        confidence=_confidence(endpoint),
        severity="high" if personal else severity(proposed.share),  # type: ignore[arg-type]
        routes=[request_of(endpoint)],
        part=endpoint.share * proposed.share,
    )


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


def _ratio(metric: Metric) -> str:
    return fmt.with_interval(metric.value, metric.low, metric.high, fmt.ratio)


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
                        f"{queryset.begun or queryset.place} takes {_ratio(tried.ratio)} of its "
                        f"CPU time: {tried.verdict}"
                    )


def _remedy(change: Change) -> str:
    said = []
    if change.places:
        said.append(f"take them out of {', '.join(change.places)}")
    if change.by_hand:
        said.append(f"by hand in the view: {_some(change.by_hand)}")
    return ". ".join(part.rstrip(".") for part in ["; ".join(said), *change.notes])


def _confidence(endpoint: EndpointResult) -> str:
    proposed = endpoint.proposed
    assert proposed is not None
    if proposed.confirmed:
        return "a journey in a browser looked the same without them"
    return "by what was looked at alone: other clients may read them"


def _unread(
    queryset: QuerysetResult, sources: Mapping[str, str], django: Version
) -> Iterator[FindingData]:
    """A queryset that measuring showed to be lighter without some columns, worth a line of code."""
    chosen = best([each for each in queryset.lighter if each.way != "values"])
    if chosen is None or queryset.part < WORTHWHILE:
        return
    columns = fmt.plural(len(chosen.columns), "column", "columns")
    freed = light(queryset, {"freed"})
    yield FindingData(
        kind="unread-columns",
        title=f"{queryset.model} is loaded with {columns} that nobody reads",
        where=queryset.begun or queryset.place,
        evidence=[
            ", ".join(chosen.columns),
            *([f"of these, read by proposed fields alone: {', '.join(freed)}"] if freed else []),
            f"{fmt.count(queryset.rows)} rows a response, {queryset.watched:,} looked at",
            f"fetching them takes {_ratio(chosen.ratio)} of the CPU time without, "
            f"n = {chosen.ratio.n} pairs",
            f"{fmt.share(queryset.part)} of the route's service time when it was first looked at",
        ],
        saving=Saving(
            chosen.saving.value or 0.0,
            "s of CPU a response",
            chosen.saving.low,
            chosen.saving.high,
            estimate=False,
        ),
        remedy=f"add .{chosen.code} to the queryset. {advice(chosen, django)}",
        patch=_added(queryset, chosen.code, sources),
        severity=severity(queryset.part),  # type: ignore[arg-type]
        routes=queryset.routes,
    )


def _unfollowed(queryset: QuerysetResult, sources: Mapping[str, str]) -> Iterator[FindingData]:
    """Joins and prefetches that nobody follows."""
    unread = [relation for relation in queryset.relations if relation.state == "unread"]
    if not unread or queryset.blind:
        return
    names = [relation.name for relation in unread]
    queries = sum(relation.queries for relation in unread)
    saved = f"saves {fmt.count(queries)} queries a response" if queries else "saves a join"
    file, _, line = queryset.begun.rpartition(":")
    known = file in sources and line.isdigit()
    edit = drop_relations(sources[file], int(line), names, file) if known else Edit()
    yield FindingData(
        kind="unread-relations",
        title=f"{queryset.model} is loaded with {', '.join(names)}, which nobody follows",
        where=queryset.begun or queryset.place,
        evidence=[f"{queryset.watched:,} rows were looked at, over all routes that use it", saved],
        remedy=f"take it out of select_related or prefetch_related. {edit.note}".rstrip(". "),
        patch=edit.patch,
        severity="medium" if queries else "low",
        routes=queryset.routes,
    )


def _added(queryset: QuerysetResult, code: str, sources: Mapping[str, str]) -> str:
    """The call added to the line that begins the queryset, as a patch; or nothing."""
    file, _, line = queryset.begun.rpartition(":")
    if file not in sources or not line.isdigit():
        return ""
    return with_call(sources[file], int(line), code, file)


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
        severity=severity(largest.whitespace / raw),  # type: ignore[arg-type]
        routes=[request_of(each) for each in loose],
        part=sum(each.share * each.whitespace / (each.sizes.raw.value or 1.0) for each in loose),
    )


def _is_loose(endpoint: EndpointResult) -> bool:
    raw = endpoint.sizes.raw.value or 0.0
    return endpoint.whitespace >= max(FEW_BYTES, WHITESPACE * raw)


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
