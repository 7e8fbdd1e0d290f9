"""Plans of both databases become nodes of one shape, and values stay behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.plan_nodes import columns_in, node, postgresql_nodes, sqlite_nodes

COLUMNS = {"epg_programme": ["id", "channel_id", "starts_at", "ends_at", "date"]}
EPG = {"table": "epg_programme", "alias": "epg_programme"}


def sqlite(*details):
    return list(sqlite_nodes(details))


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("SCAN epg_programme", node("scan", **EPG)),
        ("SCAN TABLE epg_programme", node("scan", **EPG)),
        ("SCAN TABLE epg_programme AS U0", node("scan", table="epg_programme", alias="U0")),
        ("SCAN epg_programme USING INDEX a", node("index scan", **EPG, index="a")),
        ("SCAN epg_programme USING COVERING INDEX a", node("index scan", **EPG, index="a")),
        (
            "SEARCH epg_programme USING INDEX a (channel_id=? AND starts_at>? AND starts_at<?)",
            node(
                "search",
                **EPG,
                index="a",
                searched=["channel_id", "starts_at"],
                ranged=["starts_at"],
            ),
        ),
        (
            "SEARCH epg_programme USING INTEGER PRIMARY KEY (rowid=?)",
            node("search", **EPG, index="primary key", searched=["rowid"]),
        ),
        (
            "SEARCH epg_programme USING AUTOMATIC PARTIAL COVERING INDEX (channel_id=?)",
            node("temporary index", **EPG, searched=["channel_id"]),
        ),
        ("USE TEMP B-TREE FOR ORDER BY", node("sort")),
        ("USE TEMP B-TREE FOR RIGHT PART OF ORDER BY", node("partial sort")),
        ("USE TEMP B-TREE FOR LAST TERM OF ORDER BY", node("partial sort")),
    ],
)
def test_sqlite(detail, expected):
    assert sqlite(detail) == [expected]


def test_sqlite_s_other_lines_are_left_out():
    assert sqlite("MULTI-INDEX OR", "INDEX 1", "LIST SUBQUERY 1", "COMPOUND QUERY") == []


def scan(kind="Seq Scan", **more):
    relation = {"Relation Name": "epg_programme", "Alias": "epg_programme", "Plan Rows": 10}
    return {"Node Type": kind, **relation, **more}


def over(kind, *plans, **more):
    return {"Node Type": kind, "Plan Rows": 10, "Plans": list(plans), **more}


def test_postgresql_tells_what_an_index_finds_from_what_is_looked_at():
    condition = "((channel_id = ANY ('{1,2}'::bigint[])) AND (starts_at < '2026-03-06'::date))"
    plan = scan(
        "Index Scan",
        **{"Index Name": "a", "Index Cond": condition, "Filter": "(ends_at > '2026-03-05'::date)"},
    )
    (found,) = postgresql_nodes(plan, COLUMNS)
    assert found == node(
        "search",
        **EPG,
        index="a",
        rows=10,
        searched=["channel_id", "starts_at"],
        ranged=["starts_at"],
        filtered=["ends_at"],
    )


def test_postgresql_s_bitmaps_are_one_search():
    bitmap = {"Node Type": "Bitmap Index Scan", "Plan Rows": 9, "Index Name": "a"}
    bitmaps = [bitmap | {"Index Cond": "(channel_id = 1)"}]
    bitmaps.append(bitmap | {"Index Name": "b", "Index Cond": "(starts_at > now())"})
    plan = scan("Bitmap Heap Scan", Plans=[over("BitmapAnd", *bitmaps)])
    (found,) = postgresql_nodes(plan, COLUMNS)
    assert (found["operation"], found["index"]) == ("search", "a + b")
    assert found["searched"] == ["channel_id", "starts_at"]


def test_columns_of_the_outer_table_are_not_searched():
    condition = "(channel_id = epg_channel.id)"
    (found,) = postgresql_nodes(
        scan("Index Scan", **{"Index Name": "a", "Index Cond": condition}), COLUMNS
    )
    assert found["searched"] == ["channel_id"]


def test_postgresql_s_sort_says_how_many_rows_it_sorts_and_not_how_many_a_limit_leaves():
    child = scan() | {"Plan Rows": 5000}
    sort = over("Sort", child, **{"Sort Key": ["epg_programme.starts_at DESC", "'x'::text"]})
    found, _ = postgresql_nodes(sort, COLUMNS)
    assert (found["operation"], found["rows"], found["by"]) == ("sort", 5000, ["starts_at"])


def test_estimates_of_one_parallel_process_are_scaled_to_all():
    gather = over("Gather", scan(), **{"Workers Planned": 2})
    assert [each["rows"] for each in postgresql_nodes(gather, COLUMNS)] == [10, 24]


def test_casts_and_calls_are_no_columns():
    text = "((starts_at)::date = date(ends_at)) AND (date = 'id'::text)"
    assert columns_in(text, COLUMNS["epg_programme"]) == ["starts_at", "ends_at", "date"]


@given(st.text(min_size=1))
def test_no_string_of_a_condition_gets_into_a_node(value):
    literal = "'" + value.replace("'", "''") + "'::text"
    conditions = {"Filter": f"(ends_at > {literal})", "Index Cond": f"(channel_id = {literal})"}
    plan = over(
        "Result",
        scan("Index Scan", **conditions),
        **{"One-Time Filter": f"({literal} = ends_at)", "Sort Key": [literal]},
    )
    result, index = postgresql_nodes(plan, COLUMNS)
    assert result == node("result", rows=10)
    columns = {"searched": ["channel_id"], "filtered": ["ends_at"]}
    assert index == node("search", **EPG, rows=10, **columns)
