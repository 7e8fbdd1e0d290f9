"""What the values of many responses say, and when they say nothing."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_documents import DOCUMENTS

from djtune.payloads.observed import MOST_ROWS, Observed
from djtune.payloads.paths import ANY, EACH
from djtune.payloads.values import bound_of, facts, related
from djtune.payloads.walk import walk

WORDS = ["Tide", "Harbour", "Lantern", "Orchard", "Winter", "Signal", "Copper", "Meadow"]


def seen(*documents, contexts=None):
    observed = Observed()
    for number, document in enumerate(documents):
        observed.add(walk(document), contexts[number] if contexts else None)
    return {(fact.path[-1], fact.kind): fact for fact in facts(observed)}


def listings(make, parents=4, rows=30):
    """Some parents with rows; ``make`` fills a row in from its number and a source of chance."""
    chance = random.Random(3)
    return [
        {"id": parent, "rows": [make(parent * rows + row, chance) for row in range(rows)]}
        for parent in range(parents)
    ]


def found_in(make, **counts):
    return {name for name in seen(listings(make, **counts)) if name[1] != "copy"}


def test_a_constant_is_bounded_by_its_rows():
    fact = seen(listings(lambda n, _: {"n": n, "version": 3}))["version", "constant"]
    assert (fact.rows, fact.parents, fact.samples) == (120, 4, 1)
    assert fact.bound == pytest.approx(3 / 120, rel=0.05)
    assert fact.detail == "always the same value"


@pytest.mark.parametrize("rows", [1, 20, 1000])
def test_the_bound_is_the_rate_that_would_rarely_have_stayed_unseen(rows):
    assert (1 - bound_of(rows)) ** rows == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("value", "kind", "detail"),
    [
        (None, "null", "always null"),
        ("", "empty", "always an empty text"),
        (False, "constant", "always false"),
        (True, "constant", "always true"),
        (1, "constant", "always the same value"),
        ([], "always_empty_list", "always an empty list"),
        ({}, "empty", "always an empty object"),
    ],
)
def test_names_only_values_that_are_nobody_s(value, kind, detail):
    assert seen(listings(lambda n, _: {"n": n, "it": value}))["it", kind].detail == detail


def test_rows_of_a_single_parent_make_no_constant():
    document = {"rows": [{"n": n, "channel_id": 7} for n in range(50)]}
    assert ("channel_id", "constant") not in seen(document)
    assert ("channel_id", "constant") not in seen(document, document, contexts=["one", "one"])
    others = {"rows": [{"n": n, "channel_id": 8} for n in range(50)]}
    assert ("channel_id", "constant") not in seen(document, others, contexts=["one", "two"])


def test_few_rows_make_no_constant():
    assert found_in(lambda n, _: {"n": n, "version": 3}, parents=2, rows=5) == set()


def test_the_same_rows_again_are_no_more_evidence():
    document = listings(lambda n, _: {"n": n, "version": 3})
    fact = seen(document, document, document)["version", "constant"]
    assert (fact.rows, fact.samples) == (120, 3)


def test_a_rare_value_ends_a_constant_whenever_it_comes():
    first = listings(lambda n, _: {"n": n, "is_live": False})
    assert ("is_live", "constant") in seen(first)
    late = listings(lambda n, _: {"n": n + 1000, "is_live": n == 77})
    assert ("is_live", "constant") not in seen(first, late)


def test_a_rare_value_counts_beyond_the_rows_that_are_kept():
    rows = [{"n": n, "is_live": n == MOST_ROWS + 5} for n in range(MOST_ROWS + 10)]
    assert ("is_live", "constant") not in seen([rows[:20], rows[20:]])


def test_an_object_that_is_sometimes_there_is_not_always_null():
    without = listings(lambda n, _: {"n": n, "season": None})
    with_one = listings(lambda n, _: {"n": n, "season": {"number": n}})
    assert ("season", "null") in seen(without)
    assert ("season", "null") not in seen(without, with_one)


def test_a_list_that_is_sometimes_full_is_not_always_empty():
    assert found_in(lambda n, _: {"n": n, "tags": [1] if n == 9 else []}) == set()


def test_a_constant_where_it_is_present_counts_those_rows():
    document = listings(lambda n, _: {"n": n} | ({"source": "feed"} if n % 2 else {}))
    assert seen(document)["source", "constant"].rows == 60


def test_a_path_of_mixed_types_is_no_constant():
    assert found_in(lambda n, _: {"n": n, "id": n % 2 or "1"}) == set()
    assert found_in(lambda n, _: {"n": n, "on": [1, True][n % 2]}) == set()


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("duplicate", lambda n, r: {"base": r.randrange(9)}),
        ("lowercase", lambda n, r: {"base": " ".join(r.choices(WORDS, k=3))}),
        ("affine", lambda n, r: {"base": r.randrange(9)}),
        ("substring", lambda n, r: {"base": " ".join(r.choices(WORDS, k=9))}),
        ("bijection", lambda n, r: {"base": r.choice(WORDS)}),
    ],
)
def test_one_row_that_differs_ends_a_relation(kind, make):
    follow = {
        "duplicate": lambda base: base,
        "lowercase": lambda base: base.lower(),
        "affine": lambda base: base * 60 + 7,
        "substring": lambda base: base[:12],
        "bijection": lambda base: f"{WORDS.index(base) * 31 % 101}-x",
    }[kind]
    document = listings(lambda n, r: (row := make(n, r)) | {"n": n, "it": follow(row["base"])})
    fact = seen(document)["it", kind]
    assert fact.other == (EACH, "rows", EACH, "base")
    other = {"n": 999, "base": WORDS[0], "it": "Something else"}
    if kind in ("duplicate", "affine"):
        other |= {"base": 4, "it": 5}
    document[2]["rows"].append(other)
    assert ("it", kind) not in seen(document)


def test_a_moment_is_a_number_however_it_is_written():
    def make(n, chance):
        hour, minute = chance.randrange(10, 20), chance.randrange(10, 60)
        return {
            "start": f"2026-03-02T{hour}:{minute}:00Z",
            "local": f"2026-03-02T{hour + 1}:{minute}:00+01:00",
            "seconds": 1772409600 + hour * 3600 + minute * 60,
        }

    assert found_in(make) == {("local", "affine"), ("seconds", "affine")}


def test_what_is_shifted_is_told_from_what_is_scaled():
    shifted = listings(lambda n, r: {"at": (x := r.randrange(99)), "by": x + 7, "n": str(n)})
    scaled = listings(lambda n, r: {"at": (x := r.randrange(99)), "by": x * 60, "n": str(n)})
    assert seen(shifted)["by", "affine"].detail == "at, shifted alike in all rows"
    assert seen(scaled)["by", "affine"].detail == "at, scaled alike in all rows"


def test_moments_may_have_microseconds():
    def make(n, chance):
        start = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(microseconds=chance.randrange(10**8))
        return {"start": start.isoformat(), "until": (start + timedelta(seconds=2.1)).isoformat()}

    assert found_in(make) == {("until", "affine")}


def test_small_numbers_are_told_apart():
    assert found_in(lambda n, r: {"a": r.random() * 1e-9, "b": r.random() * 1e-9}) == set()


def test_an_end_is_its_start_and_a_duration_in_minutes():
    def make(n, chance):
        hour, minutes = chance.randrange(10, 18), chance.choice([15, 30, 45, 50, 20, 10])
        start, end = f"2026-03-02T{hour}:00:00Z", f"2026-03-02T{hour}:{minutes}:00Z"
        return {"start": start, "end": end, "minutes": minutes}

    fact = seen(listings(make))["end", "sum"]
    assert fact.detail == "start + 60 × minutes"
    assert (fact.other[-1], fact.third[-1]) == ("start", "minutes")


def test_a_total_is_the_product_of_two():
    def make(n, chance):
        price, amount = chance.randrange(100, 999), chance.randrange(2, 9)
        return {"price": price, "amount": amount, "total": price * amount}

    assert seen(listings(make))["total", "product"].detail == "price × amount"


def test_what_repeats_the_parent_is_a_copy():
    document = listings(lambda n, _: {"n": n, "parent_id": n // 30})
    assert seen(document)["parent_id", "copy"].other == (EACH, "id")


def test_columns_within_objects_belong_to_the_row():
    def make(n, chance):
        code = chance.randrange(10_000)
        return {"channel": {"id": code}, "channel_id": code}

    assert seen(listings(make))["channel_id", "duplicate"].other[-2:] == ("channel", "id")


def test_a_column_that_tells_rows_apart_is_not_what_others_follow_from():
    assert found_in(lambda n, r: {"n": r.random(), "m": f"x{n * 7919 % 10007}"}) == set()


def test_documents_asked_for_twice_do_not_make_their_keys_follow_from_each_other():
    documents = [{"id": n, "code": hash((n,)), "views": v} for v in range(9) for n in range(30)]
    contexts = [document["id"] for document in documents]
    assert seen(*documents, contexts=contexts) == {}


def test_listings_that_change_a_little_do_not_either():
    documents = [[{"id": n, "code": hash((n,)), "views": v} for n in range(30)] for v in range(9)]
    assert seen(*documents) == {}


def test_a_coincidence_of_two_rare_values_is_no_relation():
    assert found_in(lambda n, _: {"n": n, "a": "XU"[n > 1], "b": n > 1}) == set()


def test_responses_of_one_object_add_up():
    documents = [{"id": n, "title": (w := WORDS[n % 8]), "slug": w.lower()} for n in range(40)]
    fact = seen(*documents)["slug", "lowercase"]
    assert (fact.rows, fact.parents, fact.samples) == (40, 40, 40)


def test_entries_of_a_map_are_rows():
    document = [{str(n * 10 + m): {"n": n * m, "kind": "x"} for m in range(10)} for n in range(5)]
    observed = Observed()
    observed.add(walk(document))
    assert [fact.path for fact in facts(observed)] == [(EACH, ANY, "kind")]


def test_keys_that_turn_out_to_be_data_are_named_nowhere():
    few = [{"n": n, "by": {"ada": 1, "grace": 1}} for n in range(30)]
    many = [{"n": n, "by": {"ada@example.org": 1, "grace": 1}} for n in range(30)]
    assert ("ada", "constant") in seen(few, few[:25], contexts="ab")
    assert seen(few, many, contexts="ab") == {}


def test_groups_of_what_repeats_each_other():
    def make(n, chance):
        code = f"{chance.randrange(16**8):08x}"
        return {"hash": code, "small": f"/{code}/s", "large": f"/{code}/l", "n": n % 7, "m": n % 7}

    observed = Observed()
    observed.add(walk(listings(make)))
    groups = [[path[-1] for path in group] for group in related(facts(observed))]
    assert groups == [["hash", "large", "small"], ["m", "n"]]
    rows = (EACH, "rows", EACH)
    among = [(*rows, "small"), (*rows, "n"), (*rows, "m")]
    assert related(facts(observed), among) == [[(*rows, "m"), (*rows, "n")]]


def test_no_value_is_in_what_is_said_or_kept():
    def make(n, chance):
        name = f"Ada-{chance.randrange(50)}-Lovelace"
        return {"name": name, "lower": name.lower(), "mail": "ada@example.org", "again": name}

    observed = Observed()
    observed.add(walk(listings(make)))
    kept = [
        column.digests.tobytes() for column in observed.tables[EACH, "rows", EACH].columns.values()
    ]
    assert all("ada" not in fact.detail.lower() for fact in facts(observed))
    assert b"Ada" not in b"".join(kept)
    assert b"ada@" not in msgspec.json.encode([fact.detail for fact in facts(observed)])


def test_two_runs_have_digests_that_cannot_be_compared():
    assert Observed().digest("ada@example.org") != Observed().digest("ada@example.org")


def test_groups_do_not_overlap():
    observed = Observed()
    observed.add(walk(listings(lambda n, r: {"n": n} | dict.fromkeys("abcd", n % 9))))
    groups = [set(group) for group in related(facts(observed))]
    assert all(one.isdisjoint(other) for one, other in pairwise(groups))
    assert len(groups) == 1


@given(st.lists(DOCUMENTS, max_size=4))
def test_any_responses_can_be_looked_at(documents):
    observed = Observed()
    for document in documents:
        observed.add(walk(document))
    assert facts(observed) == facts(observed)
    assert all(0 < fact.bound <= 1 and fact.rows >= 20 for fact in facts(observed))


HUGE = st.integers() | st.sampled_from([10**400, -(10**400), 1e308, -1e308, 5e-324, 0.0, 0, 1])


@given(st.lists(st.tuples(HUGE, HUGE, HUGE), min_size=2, max_size=25))
def test_any_numbers_can_be_looked_at(rows):
    observed = Observed()
    observed.add(walk([dict(zip("abc", row, strict=True)) for row in rows]))
    assert isinstance(facts(observed), list)


@pytest.mark.parametrize(
    "text", ["0000-00-00", "2026-02-30T10:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_what_looks_like_a_moment_need_be_none(text):
    assert found_in(lambda n, _: {"n": n, "at": text, "m": n % 7}) == {("at", "constant")}
