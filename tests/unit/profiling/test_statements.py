"""A SELECT is read for what an index could serve, and nothing more is read into it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.profiling.statements import Column, read, tokens, tree

SHOW = 'SELECT "epg_show"."id" FROM "epg_show" WHERE '


def only(where):
    (block,) = read(SHOW + where)
    (condition,) = block.conditions
    return condition


def kinds(where):
    return [condition.kind for condition in read(SHOW + where)[0].conditions]


@pytest.mark.parametrize(
    ("where", "kind", "said"),
    [
        ('"epg_show"."year" = %s', "equal", "year = ?"),
        ('"epg_show"."year" IS NULL', "equal", "year is null"),
        ('"epg_show"."live"', "equal", "live"),
        ('NOT "epg_show"."live"', "equal", "not live"),
        ('"epg_show"."id" IN (%s, %s, 3)', "equal", "id in (3 values)"),
        ('"epg_show"."id" = ANY(%s)', "equal", "id = ANY(?)"),
        ('"epg_show"."year" >= %s', "range", "year >= ?"),
        ('"epg_show"."year" < %s::date', "range", "year < ?::date"),
        ('"epg_show"."year" BETWEEN %s AND %s', "range", "year between ? and ?"),
        ('"epg_show"."title" LIKE %s ESCAPE \'\\\'', "pattern", "title like ?"),
        ('"epg_show"."title"::text LIKE %s', "pattern", "title::text like ?"),
        ('"epg_show"."cast" @> %s', "containment", "cast @> ?"),
        (
            'UPPER("epg_show"."title"::text) = UPPER(%s)',
            "function",
            "UPPER(title::text) = UPPER(?)",
        ),
        ('("epg_show"."cast" -> %s) = %s', "function", "(cast -> ?) = ?"),
        ('("epg_show"."year" = %s OR "epg_show"."live")', "or", "year = ? or live"),
        ('"epg_show"."year" = "epg_show"."age"', "other", "year = age"),
        ('"epg_show"."year" <> %s', "other", "year <> ?"),
        ('"epg_show"."year" IS NOT NULL', "other", "year is not null"),
        ('("epg_show"."a", "epg_show"."b") IN ((%s, %s))', "other", "(a, b) in (…)"),
        ('NOT ("epg_show"."year" = %s)', "other", "not (year = ?)"),
        ('"epg_show"."id" IN (SELECT U0."id" FROM "t" U0)', "other", "id in (…)"),
        ('EXISTS(SELECT 1 FROM "t" U0)', "other", "exists (…)"),
    ],
)
def test_each_condition_has_a_kind(where, kind, said):
    condition = read(SHOW + where)[0].conditions[0]
    assert (condition.kind, condition.text) == (kind, said)


def test_and_joins_conditions_through_parentheses_that_only_group():
    where = '(("epg_show"."a" BETWEEN %s AND %s AND "epg_show"."b" = %s) AND "epg_show"."c" < 1)'
    assert kinds(where) == ["range", "equal", "range"]


def test_and_inside_of_a_case_joins_no_conditions():
    case = 'CASE WHEN "epg_show"."a" = %s AND "epg_show"."b" = %s THEN 1 END = 1'
    assert kinds(f'{case} AND "epg_show"."c" = %s') == ["function", "equal"]


def test_literals_are_not_kept():
    condition = only("\"epg_show\".\"title\" = 'se''cret' || '42'")
    assert condition.text == "title = ? || ?"


def test_what_is_in_strings_and_comments_is_no_sql():
    sql = SHOW + '"epg_show"."a" = \') OR (\' /* AND ) */ -- (\n AND "epg_show"."b" = $x$ ( $x$'
    assert [c.columns for c in read(sql)[0].conditions] == [
        (Column("epg_show", "a"),),
        (Column("epg_show", "b"),),
    ]


def test_each_select_is_a_block_with_its_own_tables():
    sql = (
        'SELECT "a"."x" FROM "a" INNER JOIN "b" T3 ON ("a"."b_id" = T3."id") LEFT OUTER JOIN "c" '
        'ON (T3."id" = "c"."b_id") WHERE "a"."x" IN (SELECT U0."x" FROM "d" U0 WHERE U0."y" = %s)'
    )
    outer, inner = read(sql)
    assert outer.tables == {"a": "a", "t3": "b", "c": "c"}
    assert inner.tables == {"u0": "d"}
    assert inner.conditions[0].columns == (Column("u0", "y"),)


def test_a_table_expression_is_no_table():
    sql = (
        "WITH RECURSIVE recent (id) AS (SELECT id FROM epg_show WHERE year > %s) "
        'SELECT * FROM recent, "epg_genre" AS g WHERE g.id = recent.id'
    )
    outer, inner = read(sql)
    assert outer.tables == {"g": "epg_genre"}
    assert inner.tables == {"epg_show": "epg_show"}


def test_the_order_of_a_union_is_no_select_s():
    sql = 'SELECT "a"."x" FROM "a" UNION SELECT "b"."x" FROM "b" ORDER BY "x" ASC'
    assert [(block.tables, block.ordered) for block in read(sql)] == [
        ({"a": "a"}, False),
        ({"b": "b"}, False),
    ]


@pytest.mark.parametrize(
    ("tail", "order"),
    [
        (
            'ORDER BY "epg_show"."year" DESC, "epg_show"."id" ASC LIMIT 6',
            [("year", True), ("id", False)],
        ),
        ('ORDER BY LOWER("epg_show"."title") ASC', None),
        ('ORDER BY "epg_show"."year" DESC NULLS LAST', None),
        ('GROUP BY "epg_show"."year" ORDER BY "epg_show"."year" ASC', None),
    ],
)
def test_the_order_is_read_if_it_is_by_columns(tail, order):
    (block,) = read(f'SELECT "epg_show"."id" FROM "epg_show" {tail}')
    found = block.order and [(column.name, descending) for column, descending in block.order]
    assert (block.ordered, found) == (True, order)


def test_is_distinct_from_opens_no_from():
    (block,) = read(SHOW + '"epg_show"."a" IS DISTINCT FROM %s AND "epg_show"."b" = %s')
    assert block.tables == {"epg_show": "epg_show"}
    assert [condition.kind for condition in block.conditions] == ["other", "equal"]


def test_placeholders_are_counted_so_that_a_pattern_can_be_looked_up():
    where = (
        '"epg_show"."a" = %s AND UPPER("epg_show"."b") LIKE UPPER(%s) AND "epg_show"."c" LIKE %s'
    )
    found = read(SHOW + where)[0].conditions
    assert [condition.placeholder for condition in found] == [-1, 1, 2]


@pytest.mark.parametrize(
    "sql", ["SELECT (1", "SELECT 1)", "SELECT 'open", 'SELECT "open', "/* open"]
)
def test_what_does_not_close_is_not_read(sql):
    assert read(sql) is None


FRAGMENTS = st.sampled_from(
    [
        *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "ORDER BY"),
        *("UNION", "WITH", "AS", "JOIN", "ON", "LIMIT", "EXISTS", "LIKE", "GROUP BY", "DISTINCT"),
        *(
            '"t"',
            '"t"."c"',
            "U0",
            "%s",
            "(",
            ")",
            ",",
            ".",
            "=",
            "::",
            "text",
            "'x'",
            "7",
            "--",
            "$a$",
        ),
    ]
)
STATEMENTS = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=40).map(" ".join))


@given(STATEMENTS)
def test_any_text_is_cut_into_tokens_that_cover_it(sql):
    """What no token holds is space or a comment, and tokens follow each other."""
    end = 0
    for token in tokens(sql):
        gap = sql[end : token.start]
        assert not gap.strip() or gap.lstrip().startswith(("--", "/*")), gap
        assert token.start < token.end
        end = token.end
    rest = sql[end:].strip()
    assert not rest or rest.startswith(("--", "/*"))


@given(STATEMENTS)
def test_any_text_is_read_or_refused(sql):
    blocks = read(sql)
    if blocks is None:
        assert tree(sql) is None
    else:
        assert len(blocks) <= sql.upper().count("SELECT")


NESTED = st.recursive(
    st.sampled_from(["a", "1", "'('", '")"', "/* ( */"]),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=20,
)


@given(NESTED)
def test_parentheses_outside_of_strings_names_and_comments_are_folded(sql):
    def unfold(items):
        return "".join(f"({unfold(each)})" if isinstance(each, list) else "." for each in items)

    bare = sql.replace("'('", ".").replace('")"', ".").replace("/* ( */", "")
    expected = bare.replace("a", ".").replace("1", ".").replace(" ", "")
    assert unfold(tree(sql)) == expected


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")), st.integers(10**8))
def test_no_literal_survives(text, number):
    literal = "'" + text.replace("'", "''") + "'"
    (block,) = read(SHOW + f'"epg_show"."a" = {literal} AND "epg_show"."b" < {number}')
    assert [condition.text for condition in block.conditions] == ["a = ?", "b < ?"]
