"""What is said of a plan, and which index is proposed, if any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.plan_nodes import node
from djtune.profiling.plans import FEW_ROWS, LONG_SORT, SMALL_TABLE, read_plan

TABLE = "epg_programme"
NAMES = {
    "id": "id",
    "channel_id": "channel",
    "show_id": "show",
    "starts_at": "starts_at",
    "ends_at": "ends_at",
    "title": "title",
    "is_live": "is_live",
}


def index(*columns, name="an_index", unique=False, in_database=True):
    return {
        "name": name,
        "columns": [column.lstrip("-") for column in columns],
        "descending": [column.startswith("-") for column in columns],
        "unique": unique,
        "in_database": in_database,
    }


PK = index("id", unique=True, name="__primary__")
CHANNEL = index("channel_id", name="by_channel")


def plan(tail, *nodes, indexes=(CHANNEL,), rows=20_000, vendor="sqlite", obstacle="", **more):
    known = {
        "model": "epg.Programme",
        "file": "epg/models.py",
        "line": 45,
        "obstacle": obstacle,
        "fields": {
            column: {"name": name, "line": 50 + n, "boolean": column == "is_live"}
            for n, (column, name) in enumerate(NAMES.items())
        },
        "indexes": [PK, *indexes],
        "rows": rows,
        "rows_are": "counted",
    }
    return {
        "vendor": vendor,
        "sql": f'SELECT "{TABLE}"."id" FROM "{TABLE}" {tail}'.replace("$", f'"{TABLE}".'),
        "nodes": list(nodes),
        "tables": {TABLE: known},
        "open_patterns": [],
        "reason": "",
    } | more


def scan(operation="scan", **more):
    return node(operation, table=TABLE, alias=TABLE, **more)


def by_channel(per_key=1000.0, **more):
    return scan("search", index="by_channel", searched=["channel_id"], **more) | {
        "rows_per_key": per_key
    }


def fields(*args, **options):
    """The proposals, each as the list in ``fields=``."""
    found = read_plan(plan(*args, **options)).missing
    return [each.code.removeprefix("models.Index(fields=").removesuffix(")") for each in found]


def test_a_full_scan_names_the_table_its_size_and_the_conditions():
    found = read_plan(plan('WHERE $"starts_at" < %s AND $"ends_at" > %s', scan()))
    assert found.problems == [
        "reads every row of epg_programme (20,000 rows)"
        " to keep those with starts_at < ? and ends_at > ?"
    ]
    (missing,) = found.missing
    assert missing.code == 'models.Index(fields=["starts_at"])'
    assert (missing.model, missing.file, missing.line) == ("epg.Programme", "epg/models.py", 45)
    assert not missing.tried


def test_the_guide_of_the_sample_site():
    where = 'WHERE ($"ends_at" > %s AND $"starts_at" < %s AND $"channel_id" IN (%s, %s))'
    found = read_plan(plan(f'{where} ORDER BY $"starts_at" ASC', by_channel(), node("sort")))
    assert found.problems == [
        "finds about 2,000 of the 20,000 rows of epg_programme by an index on channel_id alone,"
        " then looks at each for ends_at > ? and starts_at < ?",
        "sorts about 2,000 rows of epg_programme by starts_at in a temporary B-tree",
    ]
    assert [each.code for each in found.missing] == [
        'models.Index(fields=["channel", "starts_at"])'
    ]
    assert found.missing[0].field_line == 53
    assert found.notes == [
        "an index serves one range: starts_at is taken,"
        " and whether ends_at would narrow more is not known"
    ]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ('WHERE $"title" = %s', '["title"]'),
        ('WHERE $"title" = %s AND $"channel_id" = %s', '["channel", "title"]'),
        ('WHERE $"is_live" AND $"title" = %s', '["title", "is_live"]'),
        ('WHERE $"starts_at" > %s AND $"title" = %s', '["title", "starts_at"]'),
        ('WHERE $"title" IS NULL AND $"ends_at" BETWEEN %s AND %s', '["title", "ends_at"]'),
    ],
)
def test_equality_comes_first_then_one_range(tail, expected):
    assert fields(tail, scan()) == [expected]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ('ORDER BY $"starts_at" ASC', '["starts_at"]'),
        ('ORDER BY $"starts_at" DESC, $"id" ASC LIMIT 9', '["-starts_at", "id"]'),
        ('WHERE $"title" = %s ORDER BY $"starts_at" DESC', '["title", "-starts_at"]'),
        # The range is the first of the order: one index serves both.
        ('WHERE $"starts_at" > %s ORDER BY $"starts_at", $"id"', '["starts_at", "id"]'),
        # Another range: the index can hold either, and it narrows.
        ('WHERE $"ends_at" > %s ORDER BY $"starts_at" ASC', '["ends_at"]'),
        # Rows of two keys do not come out in one order.
        ('WHERE $"title" IN (%s, %s) ORDER BY $"starts_at" ASC', '["title"]'),
        ('WHERE $"title" = %s ORDER BY LOWER($"title") ASC', '["title"]'),
    ],
)
def test_the_order_comes_after_equality(tail, expected):
    assert fields(tail, scan(), node("sort")) == [expected]


def test_what_is_in_order_already_needs_no_column():
    assert fields('WHERE $"title" = %s ORDER BY $"starts_at" ASC', scan()) == ['["title"]']


def test_a_sort_alone_is_a_problem_from_many_rows_on():
    tail = 'WHERE $"channel_id" = %s ORDER BY $"starts_at" ASC'
    many = read_plan(plan(tail, by_channel(per_key=LONG_SORT), node("sort")))
    assert many.problems == [
        "sorts about 1,000 rows of epg_programme by starts_at in a temporary B-tree"
    ]
    assert len(many.missing) == 1
    few = read_plan(plan(tail, by_channel(per_key=LONG_SORT - 1), node("sort")))
    assert (few.problems, few.missing) == ([], [])


def test_what_a_join_looks_rows_up_by_comes_first():
    sql = (
        'SELECT 1 FROM "epg_channel" WHERE EXISTS(SELECT 1 FROM "epg_programme" U0 WHERE '
        '(U0."channel_id" = ("epg_channel"."id") AND U0."starts_at" < %s))'
    )
    inner = by_channel() | {"alias": "U0"}
    assert fields("", inner, sql=sql) == ['["channel", "starts_at"]']


def test_an_index_built_for_one_statement_is_the_missing_one():
    found = read_plan(plan("", scan("temporary index", searched=["title"])))
    assert found.problems == [
        "builds an index of epg_programme (20,000 rows) on title for this statement alone"
    ]
    assert found.missing[0].code == 'models.Index(fields=["title"])'


@pytest.mark.parametrize("rows", [0, 12, SMALL_TABLE - 1])
def test_a_small_table_needs_none(rows):
    found = read_plan(plan('WHERE $"title" = %s', scan(), rows=rows))
    assert (found.problems, found.missing) == ([], [])
    assert "no index is worth it" in found.notes[0]


def test_few_rows_behind_an_index_need_no_better_one():
    tail = 'WHERE $"channel_id" = %s AND $"starts_at" < %s'
    assert fields(tail, by_channel(per_key=FEW_ROWS - 1)) == []
    assert fields(tail, by_channel(per_key=FEW_ROWS)) == ['["channel", "starts_at"]']
    assert fields(tail, by_channel(per_key=None)) == ['["channel", "starts_at"]']


def test_where_an_index_finds_little_in_vain_no_better_one_is_worth_it():
    tail = 'WHERE $"channel_id" = %s AND $"starts_at" < %s'
    half = read_plan(plan(tail, by_channel(rows=500), vendor="postgresql"))
    assert half.problems[0].endswith("looks at each for starts_at < ? (keeps about 500)")
    assert len(half.missing) == 1
    assert fields(tail, by_channel(rows=501), vendor="postgresql") == []


def test_where_most_rows_are_kept_no_index_would_be_used():
    options = {"vendor": "postgresql"}
    tail = 'WHERE $"starts_at" < %s'
    assert fields(tail, scan(rows=4_001), **options) == []
    assert fields(tail, scan(rows=4_000), **options) == ['["starts_at"]']


@pytest.mark.parametrize(
    "there",
    [
        index("title", "starts_at"),
        index("title", "starts_at", "ends_at"),
        index("title", "-starts_at"),
        index("title", unique=True),
    ],
)
def test_an_index_that_covers_it_is_not_proposed_again(there):
    tail = 'WHERE $"title" = %s AND $"starts_at" < %s'
    found = read_plan(plan(tail, scan(), indexes=[there]))
    assert found.missing == []
    assert "is there, and the database does not choose it" in found.notes[0]


@pytest.mark.parametrize("there", [index("starts_at", "title"), index("title"), index("ends_at")])
def test_an_index_that_does_not_cover_it_is_no_obstacle(there):
    tail = 'WHERE $"title" = %s AND $"starts_at" < %s'
    assert fields(tail, scan(), indexes=[there]) == ['["title", "starts_at"]']


def test_an_index_read_backwards_serves_the_reverse_order_and_no_mixed_one():
    tail = 'WHERE $"title" = %s ORDER BY $"starts_at" DESC, $"id" DESC'
    nodes = scan(), node("sort")
    assert fields(tail, *nodes, indexes=[index("title", "starts_at", "id")]) == []
    assert fields(tail, *nodes, indexes=[index("title", "starts_at", "-id")]) != []


def test_an_index_that_was_never_migrated():
    there = index("title", name="", in_database=False)
    found = read_plan(plan('WHERE $"title" = %s', scan(), indexes=[there]))
    assert found.missing == []
    assert found.notes == [
        "epg.Programme declares an index on (title) that this database does not have: migrate"
    ]


def test_a_package_s_model_is_no_place_to_paste_into():
    found = read_plan(plan('WHERE $"title" = %s', scan(), obstacle="the model is a package's"))
    assert found.missing == []
    assert found.notes[0].startswith('models.Index(fields=["title"]) would serve this, but the')


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ('$"title" LIKE %s', "no plain index serves a pattern that begins with a wildcard"),
        ('UPPER($"title"::text) LIKE UPPER(%s)', 'OpClass(Upper("title"), "gin_trgm_ops")'),
        ('UPPER($"title"::text) = UPPER(%s)', 'models.Index(Upper("title"), name=…)'),
        ('$"title" @> %s', 'GinIndex(fields=["title"], name=…)'),
        ('($"title" = %s OR $"starts_at" < %s)', "no index is guessed"),
        ('$"is_live"', "true and false alone"),
    ],
)
def test_what_a_plain_index_cannot_serve_is_said(where, said):
    data = plan(f"WHERE {where}", scan(), vendor="postgresql", open_patterns=[0])
    found = read_plan(data)
    assert found.missing == []
    assert said in " ".join(found.notes)


def test_a_pattern_open_at_its_end_has_an_operator_class():
    found = read_plan(plan('WHERE $"title" LIKE %s', scan(), vendor="postgresql"))
    assert "varchar_pattern_ops" in found.notes[0]


@pytest.mark.parametrize(
    "sql",
    [
        f'SELECT 1 FROM "{TABLE}" WHERE "{TABLE}"."title" = %s UNION '
        f'SELECT 1 FROM "{TABLE}" WHERE "{TABLE}"."ends_at" = %s',
        f'SELECT 1 FROM "{TABLE}" WHERE "{TABLE}"."title" = (%s',
    ],
    ids=["two places", "unreadable"],
)
def test_where_it_is_not_sure_it_says_what_the_plan_shows(sql):
    found = read_plan(plan("", scan(), sql=sql))
    assert found.missing == []
    assert found.steps == ["reads all of epg_programme"]
    assert found.problems == ["reads every row of epg_programme (20,000 rows)"]
    assert "no index is proposed" in found.notes[0]


def test_all_rows_that_are_asked_for_need_no_index():
    found = read_plan(plan("", scan()))
    assert found.problems == ["reads every row of epg_programme (20,000 rows): all are asked for"]
    assert found.missing == []


def test_no_plan_says_why():
    found = read_plan({"vendor": "mysql", "reason": "plans of mysql are not read"})
    assert found.notes == ["plans of mysql are not read"]


CONDITIONS = {
    '$"title" = %s': "title",
    '$"show_id" IN (%s, %s)': "show",
    '$"starts_at" < %s': "starts_at",
    '$"ends_at" BETWEEN %s AND %s': "ends_at",
    '$"is_live"': "is_live",
    'NOT ($"title" = %s)': "",
    '$"title" LIKE %s': "",
    '($"title" = %s OR $"is_live")': "",
}
ORDERS = ["", ' ORDER BY $"starts_at" DESC', ' ORDER BY $"title" ASC, $"id" DESC', " ORDER BY 1"]
there = st.lists(
    st.lists(st.sampled_from(list(NAMES)), min_size=1, max_size=3, unique=True), max_size=3
)


@given(st.sets(st.sampled_from(list(CONDITIONS))), st.sampled_from(ORDERS), there)
def test_a_proposal_is_of_the_statement_s_columns_and_settles_it(conditions, order, there):
    """Applied, it is covered: the same statement is proposed nothing again."""
    tail = ("WHERE " + " AND ".join(sorted(conditions)) if conditions else "") + order
    indexes = [index(*columns, name=f"i{n}") for n, columns in enumerate(there)]
    nodes = scan(), node("sort")
    for missing in fields(tail, *nodes, indexes=indexes):
        names = missing.strip("[]").replace('"', "").split(", ")
        bare = [name.lstrip("-") for name in names]
        assert set(bare) <= {CONDITIONS[each] for each in conditions} | {"starts_at", "title", "id"}
        assert len(set(bare)) == len(bare)
        columns = {name: column for column, name in NAMES.items()}
        made = [("-" if name[0] == "-" else "") + columns[name.lstrip("-")] for name in names]
        assert fields(tail, *nodes, indexes=[*indexes, index(*made)]) == []
