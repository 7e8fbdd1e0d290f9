"""Statements that are the same but for what varies have one fingerprint, all others their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.fingerprints import fingerprint

SAME = [
    ("SELECT a FROM t WHERE id IN (%s)", "SELECT a FROM t WHERE id IN (%s, %s, %s)"),
    ("SELECT a FROM t WHERE id IN (1, 2)", "SELECT a  FROM t\nWHERE id IN (%s,%s)"),
    (
        "SELECT a FROM t WHERE (a, b) IN ((1, 2), (3, 4))",
        "SELECT a FROM t WHERE (a, b) IN ((1, 2))",
    ),
    (
        "SELECT a FROM t WHERE (id = %s OR id = %s)",
        "SELECT a FROM t WHERE (id = 1 OR id = 2 OR id = 3)",
    ),
    ("SELECT a FROM t WHERE b AND (id = %s OR id = %s)", "SELECT a FROM t WHERE b AND id = %s"),
    (
        "SELECT a FROM t WHERE ((a = %s AND b = %s) OR (a = %s AND b = %s))",
        "SELECT a FROM t WHERE (a = %s AND b = %s)",
    ),
    ("INSERT INTO t (a, b) VALUES (%s, %s)", "INSERT INTO t (a, b) VALUES (%s, NULL), (%s, %s)"),
    ("SELECT a FROM t LIMIT 21", "SELECT a FROM t LIMIT 5"),
    ("SELECT a FROM t WHERE n = 'it''s'", "SELECT a FROM t WHERE n = %s"),
    ("SELECT a FROM t WHERE n = $$x ) y$$", "SELECT a FROM t WHERE n = $1"),
    ("SELECT a FROM t WHERE n = %(name)s", "SELECT a FROM t WHERE n = :name"),
    ("SAVEPOINT s139_x1", 'SAVEPOINT "s140_x22"'),
    ("RELEASE SAVEPOINT s139_x1", "RELEASE SAVEPOINT s140_x2"),
    ('FETCH FORWARD 10 FROM "_django_curs_139_sync_1"', 'FETCH FORWARD 10 FROM "_django_curs_7_a"'),
    ("SELECT a FROM t /* trace=1 */", "SELECT a FROM t -- trace 2"),
    ("SELECT a FROM t WHERE x = ANY(ARRAY[1, 2])", "SELECT a FROM t WHERE x = ANY(ARRAY[%s])"),
    ("SELECT a FROM t WHERE n = 'back\\'", "SELECT a FROM t WHERE n = %s"),
]
OTHER = [
    (
        "SELECT a FROM t WHERE id IN (SELECT id FROM u WHERE x IN (1, 2))",
        "SELECT a FROM t WHERE id IN (SELECT id FROM v WHERE x IN (1, 2))",
    ),
    ("SELECT a FROM t WHERE id IN (%s)", "SELECT a FROM t WHERE id = %s"),
    ("SELECT a FROM t WHERE (a = 1 OR a = 2)", "SELECT a FROM t WHERE (a = 1 OR b = 2)"),
    ("SELECT a FROM t WHERE (a = 1 OR a = 2)", "SELECT a FROM t WHERE (a = 1 OR a = 2 AND b)"),
    ("SELECT f(a) FROM t", "SELECT f(b) FROM t"),
    ("SELECT a FROM t", "SELECT a FROM t)"),
    ("SELECT a FROM ((t)", "SELECT a FROM (t)"),
    ("SELECT x::int FROM t", "SELECT x::text FROM t"),
    ('SELECT "a" FROM t', 'SELECT "b" FROM t'),
]


@pytest.mark.parametrize(("one", "another"), SAME)
def test_what_varies_is_folded(one: str, another: str) -> None:
    assert fingerprint(one) == fingerprint(another)


@pytest.mark.parametrize(("one", "another"), OTHER)
def test_what_tells_statements_apart_is_kept(one: str, another: str) -> None:
    assert fingerprint(one) != fingerprint(another)


def test_it_reads_as_sql() -> None:
    sql = 'SELECT COUNT(*) FROM "t" WHERE ("t"."a" = %s AND "t"."b" IN (%s, %s)) LIMIT 21'
    assert fingerprint(sql) == (
        'SELECT COUNT(*) FROM "t" WHERE ("t"."a" = ? AND "t"."b" IN (?)) LIMIT ?'
    )


def test_mysql_quotes_texts_twice() -> None:
    assert fingerprint('SELECT `a` FROM t WHERE n = "x\\"y"', mysql=True) == (
        "SELECT `a` FROM t WHERE n = ?"
    )


@given(st.text(alphabet="abc'\\\" ()é$?%"))
def test_no_text_shows(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert fingerprint(f"SELECT a FROM t WHERE n = {quoted} AND m = 1") == (
        "SELECT a FROM t WHERE n = ? AND m = ?"
    )


@given(st.text())
def test_any_text_has_one(sql: str) -> None:
    once = fingerprint(sql)
    assert fingerprint(sql) == once


@given(st.lists(st.sampled_from(["(", ")", "a", ",", "%s", "'x'", "IN", "VALUES"]), max_size=30))
def test_folding_again_changes_nothing(words: list[str]) -> None:
    once = fingerprint(" ".join(words))
    assert fingerprint(once) == once


def test_depth_is_no_danger() -> None:
    assert fingerprint("(" * 5000 + ")" * 5000).count("(") == 5000


def test_only_names_stand_close_to_their_parentheses() -> None:
    assert fingerprint("SELECT ( a ) FROM t JOIN (SELECT count( b ) FROM u)") == (
        "SELECT (a) FROM t JOIN (SELECT count(b) FROM u)"
    )
