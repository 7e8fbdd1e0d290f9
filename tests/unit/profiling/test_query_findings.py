"""Findings about queries: one for each thing to do, whichever routes and ways lead there."""

from typing import Any

import msgspec
import pytest

from djtune.model.findings import FindingData
from djtune.model.metrics import Metric
from djtune.profiling.query_findings import Context, find
from djtune.profiling.query_group import Place, QueryGroup, Relation
from djtune.profiling.result import Phases, RouteResult

SOURCE = "books = Book.objects.all()\n"
CONTEXT = Context((5, 2), None, 100.0, {"shop/views.py": SOURCE})
AT = Place("python", "shop/views.py:1", "front")
NONE = Metric(None)
PLAIN = RouteResult(
    method="GET",
    route="books/",
    view="shop.views.front",
    where=AT.where,
    rank="1",
    weight=500.0,
    share=NONE,
    user_seconds=0.0,
    mean=Metric(0.1),
    p50=NONE,
    p95=NONE,
    p99=NONE,
    cold=NONE,
    n=100,
    unexpected={},
    cpu=0.1,
    queries=NONE,
    raw_bytes=0.0,
    wire_bytes=NONE,
    gzip_bytes=NONE,
    cache_hit_ratio=NONE,
    cache_calls=0.0,
    phases=Phases(),
    parallel=Phases(),
    databases={},
    collections=[],
    collected=NONE,
    hops=0.0,
    distinct_params=1,
)


def route(*groups: QueryGroup, **given: Any) -> RouteResult:
    return msgspec.structs.replace(PLAIN, query_groups=list(groups), **given)


def relation(kind: str, path: str = "", root: int | None = 0, **given: Any) -> Relation:
    fields = {"many": False, "method": "", "narrowed": False, "model": "shop.Author"}
    return Relation(kind=kind, path=path, root=root, root_place=AT, **{**fields, **given})


def group(verdict: str, where: str, count: float, found: Relation, **given: Any) -> QueryGroup:
    return QueryGroup(
        **{
            "alias": "default",
            "pattern": f"SELECT ? FROM {found.path or 'book'}",
            "verdict": verdict,
            "site": Place("python", where, "front"),
            "via": [],
            "count": count,
            "most": round(count),
            "distinct": count,
            "repeated": 0.0,
            "requests": 5,
            "with_all_rows": count,
            "with_half_rows": count / 2,
            "seconds": 0.02,
            "rows": 1,
            "relation": found,
            "begun": None,
            "reads": True,
            **given,
        }
    )


ROWS = group("plain", "shop/views.py:1", 1, relation("queryset", root=None))


def author(**given: Any) -> QueryGroup:
    given = {"found": relation("forward", "author"), **given}
    return group("n+1", "shop/models.py:9", given.pop("count", 24), **given)


def found(*routes: RouteResult) -> list[FindingData]:
    return find(routes, {}, CONTEXT)


def test_two_ways_through_a_route_to_one_line_are_one_finding_with_one_line_for_the_route() -> None:
    ways = [author(via=[Place("python", f"shop/views.py:{line}", "f")]) for line in (3, 4)]
    (one,) = found(route(ROWS, *ways))
    assert one.title.startswith("N+1: 48 queries")
    assert [line for line in one.evidence if line.startswith("GET /books/")] == [
        "GET /books/: about 40.0 ms of its 100 ms (40 %), 500 of 1,000 requests"
    ]
    assert [line for line in one.evidence if line.startswith("48 × SELECT")]
    assert [line[:30] for line in one.evidence if line.startswith("called from")] == [
        "called from shop/views.py:3 (f",
        "called from shop/views.py:4 (f",
    ]
    assert "24 instead of 48" in " ".join(one.evidence)


def test_what_is_prefetched_for_each_row_belongs_to_the_query_of_each_row() -> None:
    chapters = author(found=relation("reverse_many", "chapters"))
    prefetch = group("n+1", "shop/models.py:9", 24, relation("prefetch", "notes", 1), seconds=0.05)
    (one,) = found(route(ROWS, chapters, prefetch))
    assert one.title.startswith("N+1: 48 queries")
    assert 'prefetch_related("chapters")' in one.remedy
    assert one.saving is not None
    assert one.saving.value == pytest.approx(1000 * 0.5 * 0.07 * 23 / 24)


def test_a_route_is_named_without_its_anchors() -> None:
    (one,) = found(route(ROWS, author(), route=r"^books/$"))
    assert any(line.startswith("GET /books/:") for line in one.evidence)


def test_one_more_route_is_one() -> None:
    six = [route(ROWS, author(), route=f"books/{number}/") for number in range(6)]
    (one,) = found(*six)
    assert one.evidence[-1] == "and 1 more route"


def lazy(**given: Any) -> QueryGroup:
    return group("lazy", "shop/views.py:2", 1, relation("forward", "author"), **given)


def test_a_row_is_to_come_along_where_most_requests_read_it() -> None:
    reading, other = route(ROWS, lazy(), weight=600.0), route(ROWS, weight=400.0, route="b/")
    (one,) = found(reading, other)
    assert one.kind == "lazy"
    assert '+books = Book.objects.select_related("author").all()' in one.patch


def test_no_row_is_to_come_along_where_most_requests_would_not_read_it() -> None:
    reading, other = route(ROWS, lazy(), weight=400.0), route(ROWS, weight=600.0, route="b/")
    assert found(reading, other) == []


def test_a_row_that_costs_next_to_nothing_is_no_finding() -> None:
    assert found(route(ROWS, lazy(seconds=0.0005))) == []


def test_a_count_is_not_patched_into_loading_the_rows() -> None:
    counted = relation("many_to_many", "tags", method="count", many=True)
    (one,) = found(route(ROWS, author(found=counted)))
    assert "Count(" in one.remedy
    assert one.patch == ""


def test_two_prefetches_of_the_same_rows_are_no_question_to_be_asked_once() -> None:
    found_in = {"groups": [1, 2], "times": 1.0, "requests": 5}
    for kind, findings in (("prefetch", 0), ("queryset", 1)):
        asked = [
            group("duplicate", "shop/views.py:2", 1, relation(kind, "tags"), with_half_rows=1.0)
            for _ in range(2)
        ]
        one = route(ROWS, *asked)
        assert len(find([one], {("GET", "books/"): [found_in]}, CONTEXT)) == findings


def test_what_one_queryset_lacks_is_one_patch_at_the_dearest_finding() -> None:
    tags = relation("many_to_many", "tags", many=True)
    other = group("n+1", "shop/models.py:11", 24, tags, seconds=0.01)
    dearest, second = found(route(ROWS, other, author()))[::-1]
    assert 'Book.objects.select_related("author").prefetch_related("tags").all()' in dearest.patch
    assert dearest.evidence[-1] == (
        "the patch is for 2 findings about this queryset: together about 14.4 s of server time in "
        "1,000 requests"
    )
    assert second.patch == ""
    assert "at its dearest finding" in second.remedy


def test_small_n_plus_ones_that_are_much_together_are_not_played_down() -> None:
    def small(number: int) -> QueryGroup:
        found_at = relation("forward", f"author{number}")
        return group("n+1", f"shop/models.py:{number}", 24, found_at, seconds=0.002)

    played_down = "not what this route's time goes to"
    (one,) = found(route(ROWS, small(1)))
    assert any(played_down in line for line in one.evidence)
    many = found(route(ROWS, *map(small, range(10))))
    assert not any(played_down in line for each in many for line in each.evidence)
