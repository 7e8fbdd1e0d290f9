"""The rules by which the N+1 benchmark judges what a tool says."""

import pytest

from benchmarks.nplusone import Column, Complaint, Heard, Mark, count, ends_with, judge, remedies
from tests.projects.shapes.shapes import SHAPES, Shape

BY_NAME = {shape.name: shape for shape in SHAPES}
LOOP, PAGE, FIELD = BY_NAME["reverse-all"], BY_NAME["template-loop"], BY_NAME["drf-pagination"]
TWO, HEALTHY = BY_NAME["interleaved"], BY_NAME["twelve-months"]


def says(text: str = "", place: str = "") -> Heard:
    return Heard([Complaint(text, place)])


@pytest.mark.parametrize(
    ("shape", "heard", "mark"),
    [
        (LOOP, says(place=f"/srv/app/{LOOP.sites[0].where}"), Mark.AT_LINE),
        (PAGE, says(place=PAGE.sites[0].where.partition("templates/")[2]), Mark.AT_LINE),
        (FIELD, says(place="chapters"), Mark.AT_LINE),
        (
            BY_NAME["model-property"],
            says(place=BY_NAME["model-property"].sites[0].via),
            Mark.AT_LINE,
        ),
        (LOOP, says("N+1 on Book.chapters"), Mark.FOUND),
        (LOOP, says("N+1 on Book.chapters", "thread.py:58"), Mark.FOUND),
        (LOOP, says("N+1 on Book.tags"), Mark.MISSED),
        (LOOP, Heard(), Mark.MISSED),
        (LOOP, Heard(listed=30), Mark.LISTED),
        (LOOP, Heard(listed=29), Mark.MISSED),
        (TWO, says(place=TWO.sites[0].where), Mark.MISSED),
        (
            TWO,
            Heard([Complaint("", TWO.sites[0].where), Complaint("Book.chapters")]),
            Mark.FOUND,
        ),
        (HEALTHY, Heard(), Mark.QUIET),
        (HEALTHY, Heard(listed=13), Mark.QUIET),
        (HEALTHY, says("N+1 on Book"), Mark.FALSE),
        (HEALTHY, Heard(error="it broke"), Mark.BROKEN),
    ],
)
def test_a_page_has_one_mark(shape: Shape, heard: Heard, mark: Mark) -> None:
    assert judge(shape, heard) is mark


@pytest.mark.parametrize(
    ("place", "marked", "same"),
    [
        ("/srv/library/a.py:3", "library/a.py:3", True),
        ("a.html:3", "library/templates/a.html:3", True),
        ("library/a.py:33", "library/a.py:3", False),
        ("y/a.py:3", "library/a.py:3", False),
    ],
)
def test_a_place_may_begin_at_another_folder(place: str, marked: str, same: bool) -> None:
    assert ends_with(place, marked) is same


def test_a_remedy_counts_only_where_it_is_about_the_site() -> None:
    cure = "use .prefetch_related('chapters')"
    right, elsewhere = says(cure, LOOP.sites[0].where), says(cure.replace("chapters", "tags"))
    quiet = {shape.name: Heard() for shape in SHAPES}
    assert remedies(Column("a tool", quiet | {LOOP.name: right})) == 1
    assert remedies(Column("a tool", quiet | {LOOP.name: elsewhere})) == 0


def test_marks_are_counted_over_all_pages() -> None:
    column = Column("a tool", {shape.name: says("N+1") for shape in SHAPES})
    assert count(column, Mark.FALSE) == sum(shape.verdict != "n+1" for shape in SHAPES)
