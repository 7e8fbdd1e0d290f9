"""A queryset is called lighter only where its pairs show it, and is written as it was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.lighter import advice, best, code_of, weigh
from djtune.payloads.reads import ColumnUse, Fetch, Lighter
from djtune.payloads.result import LighterResult

COLUMNS = [
    ColumnUse("id", "", "shop.Book", needed="primary key"),
    ColumnUse("title", "", "shop.Book"),
    ColumnUse("text", "", "shop.Book"),
    ColumnUse("author_id", "", "shop.Book", needed="select_related"),
    ColumnUse("id", "author", "shop.Author", needed="primary key"),
    ColumnUse("name", "author", "shop.Author"),
]
FETCH = Fetch(0, 0, "shop.Book", "views.py:3", rows=200, columns=COLUMNS)


def measured(ratios: list[float], wall: list[float] | None = None, way: str = "defer") -> Lighter:
    cpu = [(0.010, 0.010 * ratio) for ratio in ratios]
    walls = [(0.010, 0.010 * ratio) for ratio in wall or ratios]
    return Lighter(0, 0, way, ["text"], cpu, walls, rows=100)


def result(ratios: list[float], wall: list[float] | None = None) -> LighterResult:
    found = weigh(measured(ratios, wall), FETCH)
    assert found is not None
    return found


VERDICTS = [
    ([0.70, 0.72, 0.71, 0.69, 0.70], "lighter"),
    ([1.30, 1.28, 1.31, 1.29, 1.30], "slower"),
    ([0.70, 1.30, 0.80, 1.20, 1.00], "no difference shown"),
    ([0.985, 0.986, 0.984, 0.985, 0.986], "no difference shown"),
]


@pytest.mark.parametrize(("ratios", "verdict"), VERDICTS)
def test_the_interval_decides_and_a_trifle_is_none(ratios: list[float], verdict: str) -> None:
    assert result(ratios).verdict == verdict


def test_less_cpu_for_more_wall_time_is_not_lighter() -> None:
    lower, higher = [0.70, 0.72, 0.71, 0.69], [1.30, 1.28, 1.31, 1.29]
    assert result(lower, higher).verdict == "no difference shown"


def test_the_saving_is_that_of_all_fetches_in_a_response() -> None:
    saving = result([0.70, 0.72, 0.68]).saving
    assert saving.value == pytest.approx(2 * 0.003)
    assert saving.low is not None
    assert saving.high is not None
    assert saving.low < saving.value < saving.high


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=40))
def test_lighter_is_never_said_of_an_interval_that_holds_one(ratios: list[float]) -> None:
    found = result(ratios)
    assert found.ratio.n == len(ratios)
    if found.verdict == "lighter":
        assert found.ratio.high is not None
        assert found.ratio.high < 1
        assert found.ratio.value <= 0.97


@pytest.mark.parametrize("pairs", [[], [(0.01, 0.005)], [(0.01, 0.0), (0.0, 0.01)]])
def test_without_two_pairs_there_is_no_result(pairs: list[tuple[float, float]]) -> None:
    assert weigh(Lighter(0, 0, "defer", ["text"], pairs, pairs, 10), FETCH) is None


def test_a_failure_has_no_result() -> None:
    failed = Lighter(0, 0, "defer", ["text"], [(1, 1)] * 5, [(1, 1)] * 5, 10, "FieldError")
    assert weigh(failed, FETCH) is None


CODE = [
    ("defer", ["text"], 'defer("text")'),
    ("only", ["text", "author__name"], 'only("title", "author_id", "author__id")'),
    ("only", ["text"], 'only("title", "author_id", "author__name")'),
    ("values", ["text"], 'values("id", "title", "author_id", "author__id", "author__name")'),
]


@pytest.mark.parametrize(("way", "columns", "code"), CODE)
def test_the_call_names_what_was_measured(way: str, columns: list[str], code: str) -> None:
    assert code_of(Lighter(0, 0, way, columns, [], [], 0), FETCH) == code


def test_instances_are_kept_where_that_is_lighter_too() -> None:
    deferred, values = result([0.7, 0.7, 0.7]), weigh(measured([0.2] * 3, way="values"), FETCH)
    slower = result([1.3, 1.3, 1.3])
    assert values is not None
    assert best([values, deferred]) is deferred
    assert best([slower, values]) is values
    assert best([slower]) is None


def test_what_a_later_read_costs_is_said_as_the_version_has_it() -> None:
    lighter = result([0.7, 0.7, 0.7])
    assert "assertNumQueries" in advice(lighter, (5, 2))
    peers = advice(lighter, (6, 1))
    assert all(word in peers for word in ("FETCH_PEERS", "FETCH_RAISE", ".iterator()"))
    assert advice(result([1.3, 1.3, 1.3]), (6, 1)) == ""
