"""Verdicts on queries: told apart by how often they are asked, with what, and how they grow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.profiling.queries import judge, merge_steps

SITE = {"kind": "python", "where": "shop/views.py:7", "what": "front"}


def origin(kind: str = "queryset", **given: Any) -> dict[str, Any]:
    plain = {"relation": "", "method": "", "model": "shop.Book", "path": ""}
    flags = {"narrowed": False, "prefetched": False}
    return {"kind": kind, **plain, **flags, "loaded_by": None, **given}


def group(where: str = "shop/views.py:7", **given: Any) -> dict[str, Any]:
    return {
        "alias": "default",
        "pattern": f"SELECT ? FROM {where}",
        "reads": True,
        "places": [{**SITE, "where": where}],
        "counts": [1, 1, 1, 1, 1],
        "distinct": [1, 1, 1, 1, 1],
        "constant": False,
        "cost_ns": 1e6,
        "rows": 1,
        "halves": [],
        "origin": origin(),
        "begun": [],
        "plan": None,
        **given,
    }


def study(*groups: dict[str, Any], duplicates: Any = (), step: int = 0) -> dict[str, Any]:
    return {
        "step": step,
        "requests": 5,
        "priced": 5,
        "halved": 2,
        "users": 5,
        "anonymous": False,
        "asked_for": 5,
        "groups": list(groups),
        "duplicates": list(duplicates),
        "waits": [],
    }


def verdicts(*groups: dict[str, Any], duplicates: Any = ()) -> list[str]:
    merged = merge_steps([study(*groups, duplicates=duplicates)])
    return [found.verdict for found in judge(merged, 1.0)]


ROWS = group("shop/views.py:5", rows=24)
PER_ROW: dict[str, Any] = {"counts": [24] * 5, "distinct": [8] * 5}


def author(**given: Any) -> dict[str, Any]:
    return group(**{"origin": origin("forward", relation="author", loaded_by=0), **given})


def test_once_a_row_is_an_n_plus_one() -> None:
    assert verdicts(ROWS, author(**PER_ROW, halves=[[24, 12]])) == ["plain", "n+1"]


def test_a_count_that_does_not_grow_is_none() -> None:
    assert verdicts(ROWS, author(**PER_ROW, halves=[[24, 24]])) == ["plain", "plain"]


def test_a_relation_of_many_objects_is_one_where_growth_could_not_be_tried() -> None:
    assert verdicts(ROWS, author(**PER_ROW, halves=[])) == ["plain", "n+1"]


def test_a_plain_queryset_is_none_where_growth_could_not_be_tried() -> None:
    assert verdicts(ROWS, group(**PER_ROW, halves=[])) == ["plain", "plain"]


def test_several_rows_at_a_time_are_none() -> None:
    chunks = group(counts=[4] * 5, distinct=[4] * 5, halves=[[4, 2]])
    assert verdicts(ROWS, chunks) == ["plain", "plain"]


def test_a_prefetch_of_many_rows_at_a_time_is_none_of_each_row_it_is() -> None:
    prefetch = origin("prefetch", relation="chapters", loaded_by=0)
    batches = group(counts=[3] * 5, distinct=[3] * 5, halves=[[3, 2]], origin=prefetch)
    assert verdicts(ROWS, batches) == ["plain", "plain"]
    assert verdicts(ROWS, group(**PER_ROW, halves=[[24, 12]], origin=prefetch))[1] == "n+1"


def test_the_same_question_for_each_row_is_a_duplicate() -> None:
    same = group(counts=[24] * 5, distinct=[1] * 5, halves=[[24, 12]], constant=True)
    assert verdicts(ROWS, same) == ["plain", "duplicate"]


def test_the_same_parent_of_each_row_is_still_an_n_plus_one() -> None:
    same = author(counts=[24] * 5, distinct=[1] * 5, halves=[[24, 12]])
    assert verdicts(ROWS, same) == ["plain", "n+1"]


def test_what_most_requests_ask_again_is_a_duplicate() -> None:
    pair = {"groups": [0, 1], "times": 1.0, "requests": 5}
    two = [group("a.py:1"), group("a.py:2")]
    assert verdicts(*two, duplicates=[pair]) == ["duplicate", "duplicate"]
    assert verdicts(*two, duplicates=[{**pair, "requests": 2}]) == ["plain", "plain"]


def test_what_was_asked_with_half_of_the_rows_alone_is_nothing() -> None:
    never = author(counts=[0] * 5, distinct=[0] * 5)
    assert verdicts(group("a.py:1"), never) == ["plain", "plain"]


def test_one_row_of_a_relation_is_lazy() -> None:
    assert verdicts(group("a.py:1"), author()) == ["plain", "lazy"]


def test_equal_parameters_in_every_request_never_change() -> None:
    assert verdicts(group(constant=True)) == ["never-changing"]
    assert verdicts(group(constant=True, counts=[1, 0, 1, 0, 1])) == ["plain"]


def test_one_user_alone_does_not_tell_what_never_changes() -> None:
    alone = {**study(group(constant=True)), "users": 1}
    assert [found.verdict for found in judge(merge_steps([alone]), 1.0)] == ["plain"]
    visitor = {**alone, "anonymous": True}
    assert [found.verdict for found in judge(merge_steps([visitor]), 1.0)] == ["never-changing"]


def test_one_page_of_many_does_not_tell_what_never_changes() -> None:
    seen = {**study(group(constant=True)), "asked_for": 1}
    merged = merge_steps([seen])
    assert [found.verdict for found in judge(merged, 1.0, parameters=2)] == ["plain"]
    assert [found.verdict for found in judge(merged, 1.0, parameters=1)] == ["never-changing"]
    other = merge_steps([{**seen, "asked_for": 2}])
    assert [found.verdict for found in judge(other, 1.0, parameters=2)] == ["never-changing"]


def test_the_path_of_a_relation_leads_from_the_first_queryset() -> None:
    root = group("a.py:1", rows=24, begun=[{**SITE, "where": "a.py:0"}])
    second = group(
        "a.py:2",
        origin=origin("forward", relation="author", loaded_by=0),
        **PER_ROW,
        halves=[[24, 12]],
    )
    third = group(
        "a.py:3",
        origin=origin("forward", relation="publisher", path="agent", loaded_by=1),
        **PER_ROW,
        halves=[[24, 12]],
    )
    found = judge(merge_steps([study(root, second, third)]), 1.0)[2].relation
    assert (found.root, found.path, found.many) == (0, "author__agent__publisher", False)
    assert found.root_place is not None
    assert found.root_place.where == "a.py:0"


def test_rows_of_a_prefetch_lead_to_the_queryset_that_prefetches() -> None:
    root = group("a.py:1", rows=24)
    prefetch = group("a.py:1b", origin=origin("prefetch", relation="chapters", loaded_by=0))
    third = group(
        "a.py:3",
        origin=origin("forward", relation="editor", loaded_by=1),
        **PER_ROW,
        halves=[[24, 12]],
    )
    found = judge(merge_steps([study(root, prefetch, third)]), 1.0)[2].relation
    assert (found.root, found.path, found.many) == (0, "chapters__editor", True)


def test_a_queryset_that_a_prefetch_was_given_is_widened_itself() -> None:
    root = group("a.py:1", rows=24)
    own = {"origin": origin("prefetch", relation="chapters", loaded_by=0)}
    prefetch = group("a.py:1b", **own, begun=[{**SITE, "where": "a.py:0"}])
    editor = {"origin": origin("forward", relation="editor", loaded_by=1)}
    third = group("a.py:3", **editor, **PER_ROW, halves=[[24, 12]])
    found = judge(merge_steps([study(root, prefetch, third)]), 1.0)[2].relation
    assert (found.root, found.path, found.many) == (1, "editor", False)


def test_rows_of_a_manager_in_a_loop_lead_to_the_queryset_that_could_prefetch_them() -> None:
    root = group("a.py:1", rows=24)
    chapters = origin("reverse_many", relation="chapters", loaded_by=0)
    editor = {"origin": origin("forward", relation="editor", loaded_by=1), **PER_ROW}
    for plain, path in ((chapters, "chapters__editor"), ({**chapters, "narrowed": True}, "editor")):
        second = group("a.py:2", origin=plain, **PER_ROW, halves=[[24, 12]])
        third = group("a.py:3", **editor, halves=[[24, 12]])
        found = judge(merge_steps([study(root, second, third)]), 1.0)[2].relation
        assert (found.root, found.path) == (0 if "__" in path else 1, path)


def test_packages_that_call_the_app_are_not_shown_as_callers() -> None:
    def place(kind: str, where: str) -> dict[str, str]:
        return {"kind": kind, "where": where, "what": "f"}

    inner, own, outer = place("package", "p.py:1"), SITE, place("package", "middleware.py:2")
    view = place("view", "shop/views.py:1")
    (found,) = judge(merge_steps([study(group(places=[inner, own, outer, view]))]), 1.0)
    assert [each.where for each in found.via] == ["p.py:1", "shop/views.py:1"]
    (found,) = judge(merge_steps([study(group(places=[inner, outer]))]), 1.0)
    assert [found.site.where, *(each.where for each in found.via)] == ["p.py:1", "middleware.py:2"]


def test_a_row_of_a_relation_is_no_queryset_to_widen() -> None:
    """What loaded the first object is not known: the path is, as far as it was seen."""
    first = group("a.py:1", origin=origin("forward", relation="range"))
    many = origin("many_to_many", relation="categories", loaded_by=0)
    second = group("a.py:2", origin=many, **PER_ROW, halves=[[24, 12]])
    found = judge(merge_steps([study(first, second)]), 1.0)[1].relation
    assert (found.root, found.root_place, found.path) == (None, None, "range__categories")


def test_many_questions_about_one_object_are_told_apart_from_one_about_each_of_many() -> None:
    many = origin("many_to_many", relation="follows", loaded_by=0)
    asked = group("a.py:2", origin=many, **PER_ROW, halves=[[24, 12]])
    for rows, single in ((1, True), (24, False)):
        loader = group("a.py:1", rows=rows)
        found = judge(merge_steps([study(loader, asked)]), 1.0)[1].relation
        assert found.single is single


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6), st.floats(0, 10))
def test_prices_share_out_the_time_of_the_timing_pass(costs: list[float], seconds: float) -> None:
    groups = [group(f"a.py:{number}", cost_ns=cost) for number, cost in enumerate(costs)]
    found = judge(merge_steps([study(*groups)]), seconds)
    assert sum(each.seconds for each in found) == pytest.approx(seconds)
    assert all(each.seconds >= 0 for each in found)


def test_without_prices_every_query_costs_the_same() -> None:
    groups = [group("a.py:1", cost_ns=None), group("a.py:2", cost_ns=None, counts=[3] * 5)]
    assert [each.seconds for each in judge(merge_steps([study(*groups)]), 4.0)] == [1.0, 3.0]


def test_steps_of_one_route_are_one_study() -> None:
    one = study(group("a.py:1"), author(counts=[2] * 5))
    other = study(author(counts=[4] * 5, origin=origin("forward", relation="author")), step=1)
    merged = merge_steps([one, other])
    assert merged["requests"] == 10
    assert [entry["counts"] for entry in merged["groups"]] == [[1] * 5 + [0] * 5, [2] * 5 + [4] * 5]
    assert merged["groups"][1]["origin"]["loaded_by"] == 0
