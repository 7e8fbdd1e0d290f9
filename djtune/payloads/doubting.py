"""Columns that code near the queryset names: not read in the rows looked at, perhaps in others."""

import re
from collections.abc import Mapping

from djtune.payloads.result import ColumnResult, QuerysetResult


def doubted(queryset: QuerysetResult, sources: Mapping[str, str]) -> QuerysetResult:
    """The queryset with the columns ``unclear`` that its code may read of rows not looked at.

    Only where some rows were not: of long querysets the first ones are followed. Code that may
    are the files that begin the queryset and fetch its rows.
    """
    if queryset.followed_all:
        return queryset
    files = {place.rpartition(":")[0] for place in (queryset.begun, queryset.place)}
    code = "\n".join(sources.get(file, "") for file in sorted(files))
    for column in queryset.columns:
        if column.state in ("unread", "freed") and _is_read(column, code):
            column.state = "unclear"
    return queryset


def _is_read(column: ColumnResult, code: str) -> bool:
    """Whether an attribute of the column's name is read anywhere: ``row.notes``."""
    names = {column.name, column.name.removesuffix("_id")}
    pattern = "|".join(map(re.escape, sorted(names)))
    return re.search(rf"\.(?:{pattern})\b(?!\s*=[^=]|\s*\()", code) is not None
