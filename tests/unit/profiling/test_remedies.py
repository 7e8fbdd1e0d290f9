"""The remedy names the call, the relation and the line, and nothing that does not exist."""

import msgspec
import pytest

from djtune.profiling.query_group import Place, QueryGroup, Relation
from djtune.profiling.remedies import call_for, joined, remedy_for

AT = Place("python", "shop/views.py:5", "front")


def group(kind: str, path: str = "author", *, reads: bool = True, **given: object) -> QueryGroup:
    relation = Relation(
        kind=kind,
        path=path,
        many=False,
        method="",
        narrowed=False,
        model="shop.Author",
        root=0,
        root_place=AT,
    )
    return QueryGroup(
        alias="default",
        pattern="SELECT ?",
        verdict="n+1",
        site=AT,
        via=[],
        count=24.0,
        most=24,
        distinct=24.0,
        repeated=0.0,
        requests=5,
        with_all_rows=24.0,
        with_half_rows=12.0,
        seconds=0.01,
        rows=1,
        relation=msgspec.structs.replace(relation, **given),
        begun=None,
        reads=reads,
    )


@pytest.mark.parametrize(
    ("given", "call"),
    [
        (group("forward"), 'select_related("author")'),
        (group("reverse_one", "author__profile"), 'select_related("author__profile")'),
        (group("forward", "books__author", many=True), 'prefetch_related("books__author")'),
        (group("generic_foreign_key", "target"), 'prefetch_related("target")'),
        (group("reverse_many", "chapters"), 'prefetch_related("chapters")'),
        (group("many_to_many", "tags"), 'prefetch_related("tags")'),
        (group("reverse_many", "chapters", narrowed=True), ""),
        (group("reverse_many", "chapters", prefetched=True), ""),
        (group("reverse_many", "chapters", single=True), ""),
        (group("forward", root=None), ""),
        (group("queryset", ""), ""),
        (group("deferred", "summary"), ""),
    ],
)
def test_one_call_where_one_is_enough(given: QueryGroup, call: str) -> None:
    assert call_for(given) == call
    assert call in remedy_for(given, (5, 2))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (group("forward"), "at shop/views.py:5"),
        (group("reverse_many", "chapters", method="count"), 'Count("chapters", distinct=True)'),
        (group("reverse_many", "chapters", method="count"), "Meta.ordering does not"),
        (group("reverse_many", "note_set", method="count"), 'note_count=Count("note", distinct'),
        (group("reverse_many", "chapters", narrowed=True), 'Prefetch("chapters"'),
        (group("reverse_many", "chapters", prefetched=True), "prefetched already"),
        (group("reverse_many", "chapters", prefetched=True), "loop over .chapters.all()"),
        (group("many_to_many", "follows", single=True), "of one object"),
        (group("deferred", "summary"), ".only()"),
        (group("queryset", "", method="get"), "Author.objects.in_bulk(ids)"),
        (group("queryset", "", method="exists"), "set(Author.objects.filter(pk__in=ids)"),
        (group("queryset", "", method="count"), '.annotate(Count("pk"))'),
        (group("statement", ""), "IN (…)"),
        (group("statement", "", reads=False), "bulk_create()"),
        (group("forward", root=None, root_place=None), "the queryset that loads these rows"),
    ],
)
def test_what_is_to_be_done(given: QueryGroup, said: str) -> None:
    assert said in remedy_for(given, (5, 2))


def test_peers_are_fetched_from_6_1_on_where_that_covers_it() -> None:
    assert "FETCH_PEERS" not in remedy_for(group("forward"), (6, 0))
    assert "FETCH_PEERS" in remedy_for(group("forward"), (6, 1))
    assert "FETCH_PEERS" in remedy_for(group("deferred", "summary"), (6, 1))
    assert "FETCH_PEERS" not in remedy_for(group("reverse_many", "chapters"), (6, 1))


def test_calls_are_joined_without_those_that_lie_on_the_way_to_another_one() -> None:
    calls = [f'prefetch_related("{path}")' for path in ("tags", "tags__notes", "tags_of")]
    assert joined([*calls, 'select_related("author")', calls[0]]) == (
        'select_related("author").prefetch_related("tags__notes", "tags_of")'
    )
    assert joined(["", calls[0]]) == ""
