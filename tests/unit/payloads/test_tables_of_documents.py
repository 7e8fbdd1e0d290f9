"""What repeats in a document, as rows with aligned columns; and what follows from what in them."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from json_documents import DOCUMENTS

from djtune.payloads.paths import ANY, EACH
from djtune.payloads.relations import Relations
from djtune.payloads.tables import EMPTY_ARRAY, FULL, MISSING, Rows, tables_of
from djtune.payloads.walk import walk


@given(DOCUMENTS)
def test_every_column_has_a_place_for_every_row(document):
    for table in tables_of(walk(document)).values():
        columns = [*table.columns.values(), *table.above.values(), table.parents]
        assert {len(column) for column in columns} == {table.count}


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(), max_size=4)))
def test_rows_stay_together_whatever_keys_they_have(document):
    table = tables_of(walk(document)).get((EACH,))
    rows = [{} for _ in document]
    for path, column in table.columns.items() if table else ():
        for row, value in zip(rows, column, strict=True):
            row |= {path[-1]: value} if value is not MISSING else {}
    assert sorted(map(repr, map(sorted, map(dict.items, rows)))) == sorted(
        map(repr, map(sorted, map(dict.items, document)))
    )


def test_members_of_objects_are_columns_of_the_row_that_holds_them():
    document = [{"at": {"x": 1}}, {}, {"at": None}, {"at": {"x": 4}}]
    columns = tables_of(walk(document))[EACH,].columns
    assert list(columns[EACH, "at", "x"]) == [1, MISSING, MISSING, 4]
    assert list(columns[EACH, "at"]) == [FULL, MISSING, FULL, FULL]


def test_rows_know_their_array_and_what_is_above_them():
    document = [{"id": 7, "rows": [{"n": 1}, {"n": 2}]}, {"id": 8, "rows": [{"n": 3}]}]
    table = tables_of(walk(document))[EACH, "rows", EACH]
    assert list(table.parents) == [0, 0, 1]
    assert table.above == {(EACH, "id"): [7, 7, 8]}


def test_elements_of_arrays_and_entries_of_maps_are_rows():
    tables = tables_of(walk({"tags": ["a", "b"], "days": {"2026-03-02": 1}, "none": []}))
    assert set(tables) == {(), ("tags", EACH), ("days", ANY)}
    assert list(tables["tags", EACH].columns["tags", EACH]) == ["a", "b"]
    assert list(tables[()].columns["none",]) == [EMPTY_ARRAY]


NUMBERS = st.lists(st.tuples(*[st.integers(-50, 50)] * 3), min_size=3, max_size=30)


@given(NUMBERS)
def test_a_relation_that_is_kept_holds_in_every_row(rows):
    table = Rows(len(rows), range(len(rows)), {(name,): column for name, column in _columns(rows)})
    relations = Relations()
    relations.check(table, range(len(rows)))
    values = {name: [row["abc".index(name)] for row in rows] for name in "abc"}
    for each in relations.supposed:
        y, *others = (values[path[0]] for path in (each.path, *each.sources))
        if each.kind == "product":
            assert y == [one * other for one, other in zip(*others, strict=True)]
        if each.kind == "affine" and each.rows:
            points = set(zip(*others, y, strict=True))
            assert len({_slope(*pair) for pair in combinations(points, 2)}) == 1


@given(NUMBERS, st.integers(1, 29))
def test_it_does_not_matter_how_rows_are_spread_over_responses(rows, cut):
    columns = {(name,): column for name, column in _columns(rows)}
    table = Rows(len(rows), range(len(rows)), columns)
    at_once, in_turn = Relations(), Relations()
    at_once.check(table, range(len(rows)))
    in_turn.check(table, range(min(cut, len(rows))))
    in_turn.check(table, range(min(cut, len(rows)), len(rows)))
    assert _kept(at_once) == _kept(in_turn)


def _columns(rows):
    return zip("abc", zip(*rows, strict=True), strict=True)


def _slope(one, other):
    return (other[1] - one[1]) / (other[0] - one[0])


def _kept(relations):
    return sorted((each.kind, each.path, each.sources, each.rows) for each in relations.supposed)
