"""What apps hand to cursors is told apart without running their code or showing their values."""

import datetime
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from psycopg.types.json import Jsonb

from djtune.agent.fingerprints import fingerprint
from djtune.agent.statements import digest_of, reads, text_of

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.uuids(),
)
PARAMETERS = st.lists(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3)), max_size=4)


class Choice(str):
    """As text of an app's own kind."""

    def __repr__(self) -> NoReturn:
        raise AssertionError("the app's code was run")


class Number(int):
    def __repr__(self) -> NoReturn:
        raise AssertionError("the app's code was run")


class Thing:
    def __repr__(self) -> NoReturn:
        raise AssertionError("the app's code was run")


@given(PARAMETERS, PARAMETERS)
def test_parameters_have_one_digest_if_and_only_if_they_are_written_alike(
    one: list[Any], other: list[Any]
) -> None:
    assert (digest_of(one) == digest_of(other)) == (repr(one) == repr(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([Choice("a")], [Choice("b")]),
        ([Number(1)], [Number(2)]),
        ([memoryview(b"a")], [memoryview(b"b")]),
        ([Jsonb({"long": "a" * 50 + "1"})], [Jsonb({"long": "a" * 50 + "2"})]),
        ({"a": [Number(1)]}, {"a": [Number(2)]}),
        ([datetime.date(2024, 1, 1), [Choice("a")]], [datetime.date(2024, 1, 1), [Choice("b")]]),
        ([Decimal("1.0"), Choice("a")], [Decimal("1.00"), Choice("a")]),
    ],
)
def test_parameters_of_any_kind_are_told_apart(one: Any, other: Any) -> None:
    assert digest_of(one) == digest_of(one) != digest_of(other)


def test_what_is_not_known_is_not_looked_at_and_like_nothing_else() -> None:
    thing = [Thing()]
    assert digest_of(thing) != digest_of(thing)
    rows = iter([[1], [2]])
    digest_of(rows)
    assert list(rows) == [[1], [2]]


def test_parameters_that_hold_themselves_are_like_nothing_else() -> None:
    params: list[Any] = [Thing]
    params.append(params)
    assert digest_of(params) != digest_of(params)


def test_a_composed_statement_shows_none_of_its_literals() -> None:
    statement = sql.SQL("SELECT {} FROM {} WHERE n = {}").format(
        sql.Literal("O'Brien"), sql.Identifier("own", "people"), sql.Placeholder("n")
    )
    assert text_of(statement) == 'SELECT %s FROM "own"."people" WHERE n = %s'
    assert fingerprint(text_of(statement)) == 'SELECT ? FROM "own"."people" WHERE n = ?'


def test_statements_are_text_whatever_they_come_as() -> None:
    assert text_of(b"SELECT 1") == "SELECT 1"
    assert text_of(Choice("SELECT 1")) == "SELECT 1"
    assert text_of(Thing()) == "<Thing>"


def test_a_statement_that_brings_rows_is_known_however_it_begins() -> None:
    asked = ["SELECT 1", "\n    select 1", "((SELECT 1) UNION SELECT 2)", "\twith a AS (SELECT 1)"]
    assert all(map(reads, asked))
    assert not any(map(reads, ["UPDATE a SET b = 1", "\n  insert into a values (1)", ""]))
