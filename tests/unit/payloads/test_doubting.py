"""Columns that were not read of the rows looked at, and may be of others."""

import pytest

from djtune.payloads.doubting import doubted
from djtune.payloads.result import ColumnResult, QuerysetResult


def states(code, *, followed_all=False, name="notes"):
    column = ColumnResult(name, "", "shop.Book", 10.0, "unread")
    queryset = QuerysetResult(
        ["GET /books/"], "shop.Book", "views.py:9", "views.py:7", 200.0, [column]
    )
    queryset.followed_all = followed_all
    return doubted(queryset, {"views.py": code}).columns[0].state


RARE = "[b.notes if b.rare else b.title for b in books[:200]]"


def test_a_column_that_code_near_by_reads_is_unclear():
    assert states(RARE) == "unclear"


def test_where_all_rows_were_looked_at_it_is_not():
    assert states(RARE, followed_all=True) == "unread"


@pytest.mark.parametrize("code", ["", 'without(books, "notes")', "b.notes = 1", "b.notesheet"])
def test_a_name_that_is_not_read_is_no_doubt(code):
    assert states(code) == "unread"


def test_a_foreign_key_is_read_by_its_relation():
    assert states("b.author.name", name="author_id") == "unclear"
