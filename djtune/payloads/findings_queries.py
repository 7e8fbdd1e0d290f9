"""Findings about querysets that load what nobody reads."""

import re
from collections.abc import Iterator, Mapping

from djtune.model.findings import FindingData, Saving
from djtune.model.patches import lines_of, with_call
from djtune.payloads.edits import Edit, drop_relations
from djtune.payloads.freeing import light
from djtune.payloads.labels import ratio, severity
from djtune.payloads.lighter import advice, best
from djtune.payloads.result import QuerysetResult
from djtune.reports import format as fmt

WORTHWHILE = 0.01
"""Part of a route's service time below which a queryset is left as it is."""
_FROM_A_VARIABLE = re.compile(r"\s*(?:return |for .* in |\w+ = )?(?!self|cls)[a-z_]\w*\.\w+\(")
Version = tuple[int, int]


def unread_columns(
    queryset: QuerysetResult, sources: Mapping[str, str], django: Version
) -> Iterator[FindingData]:
    """A queryset that measuring showed to be lighter without some columns, worth a line of code."""
    chosen = best([each for each in queryset.lighter if each.way != "values"])
    if chosen is None or queryset.part < WORTHWHILE:
        return
    columns = fmt.plural(len(chosen.columns), "column", "columns")
    freed = [name for name in light(queryset, {"freed"}) if name in chosen.columns]
    without = ", the proposed fields aside" if freed else ""
    first = "once the proposed fields are gone, " if freed else ""
    yield FindingData(
        kind="unread-columns",
        title=f"{queryset.model} is loaded with {columns} that {_nobody(queryset)}{without}",
        where=queryset.begun or queryset.place,
        evidence=[
            ", ".join(chosen.columns),
            *([f"of these, read by proposed fields alone: {', '.join(freed)}"] if freed else []),
            _looked_at(queryset),
            f"fetching them takes {ratio(chosen.ratio)} of the CPU time without, "
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
        remedy=f"{first}add .{chosen.code} to the queryset. {advice(chosen, django)}",
        patch=_added(queryset, chosen.code, sources),
        severity=severity(queryset.part),
        routes=queryset.routes,
    )


def _nobody(queryset: QuerysetResult) -> str:
    return "nobody reads" if queryset.followed_all else "were not read"


def _looked_at(queryset: QuerysetResult) -> str:
    rows = f"{fmt.count(queryset.rows)} rows a response"
    if queryset.followed_all:
        return f"{rows}, all of them looked at"
    return (
        f"{rows}; {queryset.watched:,} were looked at in all, the first ones above all: code that "
        "reads a column of rare rows only would not show"
    )


def unfollowed_relations(
    queryset: QuerysetResult, sources: Mapping[str, str]
) -> Iterator[FindingData]:
    """Joins and prefetches that nobody follows."""
    unread = [relation for relation in queryset.relations if relation.state == "unread"]
    if not unread or queryset.blind:
        return
    names = [relation.name for relation in unread]
    queries = sum(relation.queries for relation in unread)
    asked = "1 query" if queries == 1 else f"{fmt.count(queries)} queries"
    saved = f"saves {asked} a response" if queries else "saves a join"
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
    """The call added to the line that begins the queryset, as a patch; or nothing.

    A queryset that is begun from a variable (``rows.filter(…)``) may be of any model there.
    """
    file, _, line = queryset.begun.rpartition(":")
    if file not in sources or not line.isdigit():
        return ""
    text = "".join(lines_of(sources[file])[int(line) - 1 : int(line)])
    if _FROM_A_VARIABLE.match(text):
        return ""
    return with_call(sources[file], int(line), code, file)
