"""What a queryset loads, and the same queryset without some of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column that a queryset loads."""

    path: str
    """Its ``attname``, after ``relation__`` where select_related brings it."""
    fixed: bool = False
    """A primary key, or a foreign key that select_related follows or by which Django tells whose
    the rows of ``author.books`` are: never to be deferred."""


@dataclass(frozen=True)
class Way:
    """How a queryset leaves columns out."""

    name: str
    """``defer``, ``only`` or ``values``."""
    left_out: list[str]
    kept: list[str]

    def of(self, queryset: Any) -> Any:
        """The queryset so."""
        if self.name == "defer":
            return queryset.defer(*self.left_out)
        if self.name == "only":
            return queryset.only(*self.kept)
        if makes_values(queryset):
            return queryset._values(*self.kept)
        return queryset.values(*self.kept, *queryset.query.annotation_select)


def makes_values(queryset: Any) -> bool:
    """Whether the rows are dictionaries or tuples."""
    return queryset._fields is not None


def ways(queryset: Any, columns: Collection[str], fixed: Collection[str]) -> list[Way]:
    """The ways to leave columns out: ``defer`` or ``only``, and ``values``.

    These two make the same statement; the one with fewer names is told. Empty where the queryset
    loads none of the columns, or all of them are ``fixed``.
    """
    loaded = loaded_by(queryset)
    left_out = [c.path for c in loaded if c.path in columns and not c.fixed and c.path not in fixed]
    kept = [column.path for column in loaded if column.path not in left_out]
    if not left_out or not kept:
        return []
    values = Way("values", left_out, kept)
    if makes_values(queryset):
        return [values]
    return [Way("only" if len(kept) < len(left_out) else "defer", left_out, kept), values]


def loaded_by(queryset: Any) -> list[Column]:
    """The columns that a queryset loads, those of select_related too; as Django compiles it."""
    if makes_values(queryset):
        names = queryset._fields or queryset.query.values_select
        return [Column(str(name)) for name in names]
    compiler = queryset.query.clone().get_compiler(using=queryset.db)
    compiler.setup_query()
    return list(_columns(compiler.klass_info, compiler.select, "", queryset._known_related_objects))


def _columns(
    info: dict[str, Any], select: list[Any], prefix: str, known: Iterable[Any] = ()
) -> Iterator[Column]:
    """Of one model of a statement: what Django's compiler says of the classes it will fill.

    ``known`` are the foreign keys whose rows are there already.
    """
    related = info.get("related_klass_infos", ())
    followed = {*known, *(each["field"] for each in related if not each["reverse"])}
    for index in info["select_fields"]:
        target = select[index][0].target
        yield Column(f"{prefix}{target.attname}", target.primary_key or target in followed)
    for each in related:
        field = each["field"]
        name = field.related_query_name() if each["reverse"] else field.name
        yield from _columns(each, select, f"{prefix}{name}__")
