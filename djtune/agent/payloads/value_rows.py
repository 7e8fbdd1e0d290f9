"""Rows of ``.values()`` and ``.values_list()``: what they hold is known, who reads it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .brought import PASSED_ON, Brought, Column
from .sizes import is_one_rows

VALUES = "its rows are no instances"


def values(brought: Brought, query: Any) -> Callable[[Any], None]:
    """What to do with the first rows of a query."""
    brought.kind = "values"
    keys = brought.in_order = [_column(brought, name) for name in _names(query)]
    request = brought.request

    def note(row: Any) -> None:
        if isinstance(row, dict):
            request.value_rows[id(row)] = (row, brought)
            row = row.values()
        else:
            brought.note_blind(VALUES)
            row = row if isinstance(row, tuple) else (row,)
        for key, value in zip(keys, row, strict=False):
            brought.columns[key].add(value)
            if is_one_rows(value):
                request.values[id(value)] = (value, brought, (*key, PASSED_ON))

    return note


def _names(query: Any) -> list[str]:
    if getattr(query, "selected", None):
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def _column(brought: Brought, name: str) -> tuple[str, str]:
    """The column that ``genre__name`` of ``.values()`` stands for; an annotation where none."""
    from django.core.exceptions import FieldDoesNotExist

    model, *path = brought.model, *name.split("__")
    attname, field = "", None
    try:
        for part in path:
            meta = (model if field is None else field.related_model)._meta
            field = meta.pk if part == "pk" else meta.get_field(part)
        attname = getattr(field, "attname", "")
    except (FieldDoesNotExist, AttributeError):
        field = None
    if field is None or not attname:
        brought.columns.setdefault(("", name), Column("", "annotation"))
        return "", name
    key = ("__".join(path[:-1]), attname)
    brought.columns.setdefault(key, Column(field.model._meta.label))
    return key
