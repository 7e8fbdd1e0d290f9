"""Which columns and joins nobody reads, and which nobody would without the proposed fields.

A queryset is known by the line of the app that begins it: what one route does not read, another
that shares the line may.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Literal

from msgspec import Struct

from djtune.model.routes import path_of
from djtune.payloads.paths import Path, is_below, text_of
from djtune.payloads.reads import ColumnUse, Fetch, Reader, RelationUse
from djtune.payloads.result import ColumnResult, QuerysetResult, RelationResult

Route = tuple[str, str]
State = str
_RANK = ("unread", "freed", "needed", "unclear", "read")
"""Over several routes the last of their states holds."""


class Queryset(Struct):
    """A queryset in all routes that use it."""

    key: tuple[str, str]
    """Model and line."""
    fetches: list[tuple[Route, Fetch]]

    @property
    def routes(self) -> list[Route]:
        """Who uses it."""
        return list(dict.fromkeys(route for route, _ in self.fetches))


def querysets(fetches: Iterable[Fetch], steps: Sequence[Route]) -> list[Queryset]:
    """The fetches of all routes by the line that begins them; ``steps`` are the routes of steps."""
    found: dict[tuple[str, str], list[tuple[Route, Fetch]]] = defaultdict(list)
    for fetch in fetches:
        if fetch.kind == "instances" and fetch.columns:
            key = (fetch.model, fetch.begun or fetch.place)
            found[key].append((steps[fetch.step], fetch))
    return [Queryset(key, of) for key, of in found.items()]


def judged(queryset: Queryset, proposed: Mapping[Route, Collection[Path]]) -> QuerysetResult:
    """What of a queryset is read, if the ``proposed`` fields of each route were gone."""
    columns: dict[tuple[str, str], list[tuple[Route, Fetch, ColumnUse]]] = defaultdict(list)
    relations: dict[str, list[tuple[Route, RelationUse]]] = defaultdict(list)
    for route, fetch in queryset.fetches:
        if not fetch.watched:
            continue  # of rows that were not there nothing was seen
        for column in fetch.columns:
            columns[column.relation, column.name].append((route, fetch, column))
        for relation in fetch.relations:
            relations[relation.name].append((route, relation))
    first = queryset.fetches[0][1]
    return QuerysetResult(
        routes=[f"{method} {path_of(route)}" for method, route in queryset.routes],
        model=queryset.key[0],
        place=first.place,
        begun=first.begun,
        rows=max(fetch.rows for _, fetch in queryset.fetches),
        columns=[_column(uses, proposed) for uses in columns.values()],
        watched=sum(fetch.watched for _, fetch in queryset.fetches),
        followed_all=all(
            fetch.watched >= fetch.rows * fetch.responses for _, fetch in queryset.fetches
        ),
        relations=[
            RelationResult(name, uses[0][1].kind, state, max(each.queries for _, each in uses))
            for name, uses in relations.items()
            if (state := _over_all(uses, proposed))
        ],
        blind=next((fetch.blind for _, fetch in queryset.fetches if fetch.blind), ""),
    )


def _over_all(
    uses: Sequence[tuple[Route, RelationUse]], proposed: Mapping[Route, Collection[Path]]
) -> Literal["unread", "freed"] | None:
    """Whether no route follows a relation, now or without the proposed fields."""
    states = {_free(relation.readers, proposed.get(route, ())) for route, relation in uses}
    if "read" in states:
        return None
    return "freed" if "freed" in states else "unread"


def _column(
    uses: Sequence[tuple[Route, Fetch, ColumnUse]], proposed: Mapping[Route, Collection[Path]]
) -> ColumnResult:
    states = [_state(fetch, column, proposed.get(route, ())) for route, fetch, column in uses]
    first = uses[0][2]
    readers = [reader for _, _, column in uses for reader in column.readers]
    return ColumnResult(
        name=first.name,
        relation=first.relation,
        model=first.model,
        bytes=fmean(column.bytes for _, _, column in uses),
        state=max(states, key=_RANK.index),  # type: ignore[arg-type]
        readers=list(dict.fromkeys(_told(reader) for reader in readers if reader.kind != "django")),
    )


def _state(fetch: Fetch, column: ColumnUse, proposed: Collection[Path]) -> State:
    state = _free(column.readers, proposed)
    if state == "read":
        return state
    if column.needed:
        return "needed"
    return "unclear" if fetch.blind else state


def _free(readers: Sequence[Reader], proposed: Collection[Path]) -> State:
    """``unread``, ``freed`` by dropping the proposed fields, or ``read``."""
    own = [reader for reader in readers if reader.kind != "django"]
    if not own:
        return "unread"
    return "freed" if all(_goes(reader, proposed) for reader in own) else "read"


def _goes(reader: Reader, proposed: Collection[Path]) -> bool:
    """Whether a reader is a field that is dropped, or inside of one."""
    return reader.kind == "field" and any(
        reader.path == path or is_below(reader.path, path) for path in proposed
    )


def _told(reader: Reader) -> str:
    return text_of(reader.path) if reader.kind == "field" else reader.place


def columns_read(fetches: Iterable[Fetch]) -> dict[Path, list[str]]:
    """Response field → the columns that it reads, as ``app.Model.column``."""
    found: dict[Path, dict[str, None]] = defaultdict(dict)
    for fetch in fetches:
        for column in fetch.columns:
            for reader in column.readers:
                if reader.kind == "field":
                    found[reader.path][f"{column.model}.{column.name}"] = None
    return {path: list(columns) for path, columns in found.items()}


def light(queryset: QuerysetResult, states: Collection[State]) -> list[str]:
    """The columns in one of ``states``, as ``relation__column``."""
    return [
        "__".join(filter(None, (column.relation, column.name)))
        for column in queryset.columns
        if column.state in states
    ]


def weight(fetch: Fetch, columns: Collection[str]) -> float:
    """Bytes a response that ``columns``, named as :func:`light` does, take: an estimate."""
    named = ("__".join(filter(None, (each.relation, each.name))) for each in fetch.columns)
    sizes = zip(named, fetch.columns, strict=True)
    return fetch.rows * sum(column.bytes for name, column in sizes if name in columns)
