"""What is to be found on each page of this project, and what is not.

Lines are not written down but marked where they are: ``# site: get-loop`` in Python and
``{# site: template-loop #}`` in a template. Three kinds of mark point out

``site``
    the line that makes the queries: of all code and templates of the project, the innermost;
``via``
    a line further out that is as good a place to name: the loop that reads a property;
``queryset``
    the line of the queryset that a remedy is for.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

PROJECT = Path(__file__).parent
_MARK = re.compile(r"#\s(site|via|queryset): ([a-z0-9-]+)")

Kind = Literal["python", "template", "serializer"]
Interface = Literal["wsgi", "asgi"]
Verdict = Literal["n+1", "duplicate", "healthy"]


@dataclass(frozen=True)
class Site:
    """One place that asks again and again."""

    mark: str
    about: str
    """What is asked for, as a report would name it: the relation, or else the model or column."""
    remedies: tuple[str, ...] = ()
    """What a remedy says in Django's words, the best first; none where words alone are no cure."""
    count: int = 30
    """Queries that it makes in one request."""
    kind: Kind = "python"
    field: str = ""
    """Path of the serializer field."""

    @property
    def where(self) -> str:
        """``library/views/loops.py:21``, from the project's folder on."""
        return places("site")[self.mark]

    @property
    def via(self) -> str:
        """A place further out, or nothing."""
        return places("via").get(self.mark, "")

    @property
    def queryset(self) -> str:
        """Where the queryset is made that the remedy is for, or nothing."""
        return places("queryset").get(self.mark, "")


@dataclass(frozen=True)
class Shape:
    """One page, at ``/name/``."""

    name: str
    title: str
    queries: int
    """How many a warm request makes, in all its threads."""
    doubled: int
    """The same with ``?page_size=60``, twice the default."""
    sites: tuple[Site, ...] = ()
    verdict: Verdict = "n+1"
    interface: Interface = "wsgi"
    """How it is best served."""

    @property
    def path(self) -> str:
        return f"/{self.name}/"


@cache
def places(kind: str) -> dict[str, str]:
    """Name of a mark → ``file:line``; two marks of one name are an error."""
    found: dict[str, str] = {}
    for path in sorted(PROJECT.glob("library/**/*.*")):
        if path.suffix not in (".py", ".html"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            for mark in _MARK.finditer(line):
                if mark[1] == kind:
                    if mark[2] in found:
                        raise ValueError(f"two places are marked {mark[0]!r}")
                    found[mark[2]] = f"{path.relative_to(PROJECT).as_posix()}:{number}"
    return found


def _shape(
    name: str,
    title: str,
    about: str,
    remedies: tuple[str, ...],
    *,
    kind: Kind = "python",
    field: str = "",
    other: int = 1,
    grows: bool = True,
    interface: Interface = "wsgi",
) -> Shape:
    """A page with one site, that asks once for each of 30 rows, and ``other`` queries."""
    site = Site(name, about, remedies, kind=kind, field=field)
    doubled = 30 + other + 30 * grows
    return Shape(name, title, 30 + other, doubled, (site,), interface=interface)


def _load(relation: str) -> tuple[str, ...]:
    """A relation to one row: joined, or prefetched as well."""
    return (f'select_related("{relation}")', f'prefetch_related("{relation}")')


def _prefetch(relation: str) -> tuple[str, ...]:
    return (f'prefetch_related("{relation}")',)


AUTHOR = _load("author")
IN_BULK = ("in_bulk", "pk__in")

N_PLUS_ONE: tuple[Shape, ...] = (
    _shape("template-loop", "template loop", "author", AUTHOR, kind="template"),
    _shape("template-tag", "template tag", "author", AUTHOR),
    _shape("inclusion-tag", "inclusion tag", "author", AUTHOR, kind="template"),
    _shape("list-view", "paginated ListView", "author", AUTHOR, kind="template", other=2),
    _shape(
        "nested-serializer",
        "nested serializer",
        "author",
        AUTHOR,
        kind="serializer",
        field="author",
        grows=False,
    ),
    _shape("method-field", "SerializerMethodField", "author", AUTHOR, field="author", grows=False),
    _shape(
        "many-keys",
        "serializer's many keys",
        "tags",
        _prefetch("tags"),
        kind="serializer",
        field="tags",
        grows=False,
    ),
    Shape(
        "source-path",
        "serializer source= through two relations",
        queries=61,
        doubled=61,
        sites=(
            Site(
                "source-path",
                "author",
                _load("author__publisher"),
                count=60,
                kind="serializer",
                field="publisher",
            ),
        ),
    ),
    _shape(
        "drf-pagination",
        "REST framework pagination",
        "chapters",
        _prefetch("chapters"),
        kind="serializer",
        field="chapters",
        other=2,
    ),
    _shape("model-property", "model property in a loop", "author", AUTHOR),
    _shape("get-loop", "`.get()` loop", "author", IN_BULK),
    _shape("values-loop", "`.get()` for each of `.values()`", "author", IN_BULK),
    _shape(
        "first-loop",
        "reverse FK `.order_by().first()`",
        "chapter",
        ('Prefetch("chapters"', "Subquery("),
    ),
    _shape(
        "exists-loop",
        "reverse FK `.filter().exists()`",
        "chapter",
        ("Exists(", 'Prefetch("chapters"'),
    ),
    _shape("raw-queryset", "rows of `Manager.raw()`", "author", _prefetch("author")),
    _shape("raw-rows", "`.get()` for each row of raw SQL", "author", IN_BULK),
    _shape("raw-sql", "raw SQL in a loop", "chapter", ()),
    Shape(
        "interleaved",
        "two interleaved",
        queries=61,
        doubled=121,
        sites=(
            Site("two-author", "author", AUTHOR),
            Site("two-chapters", "chapters", _prefetch("chapters")),
        ),
    ),
    _shape(
        "generic-foreign-key",
        "generic foreign key",
        "target",
        _prefetch("target"),
    ),
    _shape(
        "generic-relation",
        "generic relation",
        "comments",
        _prefetch("comments"),
    ),
    _shape("many-to-many", "many-to-many `.all()`", "tags", _prefetch("tags")),
    _shape("reverse-all", "reverse FK `.all()`", "chapters", _prefetch("chapters")),
    _shape(
        "reverse-count",
        "reverse FK `.count()`",
        "chapters",
        ('Count("chapters")', *_prefetch("chapters")),
    ),
    _shape("reverse-one-to-one", "reverse one-to-one", "cover", _load("cover")),
    _shape(
        "filter-on-prefetched",
        "prefetch missed by `.filter()`",
        "chapters",
        ('Prefetch("chapters"',),
        other=2,
    ),
    _shape("prefetch-per-row", "prefetch for each row", "tags", _prefetch("tags")),
    _shape("deferred-field", "field left out by `.only()`", "summary", ('"summary"', ".only(")),
    Shape(
        "nested-chain",
        "chain of two relations",
        queries=61,
        doubled=121,
        sites=(Site("nested-chain", "author", _load("author__publisher"), count=60),),
    ),
    Shape(
        "nullable",
        "nullable FK, a third of the rows",
        queries=11,
        doubled=21,
        sites=(Site("nullable", "translator", _load("translator"), count=10),),
    ),
    _shape("one-parent", "one parent for all rows", "owner", _load("owner")),
    Shape(
        "two-levels",
        "relation of prefetched rows",
        queries=42,
        doubled=42,
        sites=(
            Site(
                "two-levels",
                "cover",
                (
                    'prefetch_related("books__cover")',
                    'Prefetch("books"',
                    'prefetch_related("books", "books__cover")',
                ),
                count=40,
            ),
        ),
    ),
    Shape(
        "prefetched-with",
        "relation of rows that a Prefetch's own queryset brings",
        queries=42,
        doubled=42,
        sites=(Site("prefetched-with", "cover", _load("cover"), count=40),),
    ),
    _shape(
        "many-count",
        "many-to-many `.count()`",
        "tags",
        ('Count("tags"', *_prefetch("tags")),
    ),
    _shape(
        "joined-again",
        "prefetch missed by `.select_related()`",
        "chapters",
        ("prefetched already",),
        other=2,
    ),
    _shape(
        "of-one-object",
        "`.filter().exists()` on one object's relation",
        "books",
        ("Ask it once",),
        other=2,
    ),
    _shape(
        "own-list",
        "a view's `queryset` as it is",
        "chapters",
        _prefetch("chapters"),
    ),
    _shape("iterator-loop", "rows of `.iterator()`", "author", AUTHOR),
    _shape("streamed", "streamed response", "author", AUTHOR),
    Shape(
        "tree",
        "tree walked by recursion",
        queries=45,
        doubled=45,
        sites=(Site("tree", "children", count=44),),
    ),
    _shape("async-get", "async view, `aget()` loop", "author", IN_BULK, interface="asgi"),
    _shape(
        "async-related",
        "async view, `async for` over a relation",
        "tags",
        _prefetch("tags"),
        interface="asgi",
    ),
    _shape("async-gather", "`asyncio.gather` of gets", "author", IN_BULK, interface="asgi"),
    _shape("in-thread", "async view, loop in `sync_to_async`", "author", AUTHOR, interface="asgi"),
    _shape("thread-pool", "thread pool, one get a row", "author", IN_BULK),
)


def _healthy(name: str, title: str, queries: int, doubled: int | None = None) -> Shape:
    return Shape(name, title, queries, doubled or queries, verdict="healthy")


HEALTHY: tuple[Shape, ...] = (
    _healthy("three-sites", "same statement from three sites", 3),
    _healthy("one-helper", "one helper called from three sites", 3),
    _healthy("breadcrumbs", "parents of one row, up a tree", 3),
    _healthy("fixed-tuple", "loop over a fixed tuple of three", 4),
    _healthy("twelve-months", "one query for each of twelve months", 13),
    _healthy("joined", "proper select_related", 1),
    _healthy("prefetched", "proper prefetch_related", 4),
    _healthy("joined-serializers", "nested serializer, joined", 1),
    _healthy("prefetched-targets", "generic foreign key, prefetched", 3),
    _healthy("chunked-in", "`in_bulk` in batches", 5),
    _healthy("batched-prefetch", "prefetch for ten rows at a time", 4, 7),
    _healthy("sub-selects", "statements that differ in a sub-select", 4),
    _healthy("polling", "constant number of looks at one row", 8),
    _healthy("permissions", "permission checks", 4),
    _healthy("savepoints", "savepoint for each row", 62, 122),
    _healthy("iterator", "`iterator(chunk_size=…)` with a prefetch", 4, 7),
    Shape(
        "duplicate",
        "one query asked twice",
        queries=2,
        doubled=2,
        sites=(Site("duplicate", "option", count=2),),
        verdict="duplicate",
    ),
    _healthy("content-types", "content types, cached after the first", 0),
)

SHAPES = N_PLUS_ONE + HEALTHY
