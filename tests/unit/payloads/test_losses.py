"""What leaving one field out saves, and which fields hide each other."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from json_documents import DOCUMENTS

from djtune.payloads.codecs import installed
from djtune.payloads.losses import ROWS, Hiding, hiding, leave_one_out, thinned
from djtune.payloads.paths import ANY, EACH
from djtune.payloads.removal import without
from djtune.payloads.walk import encode, maps_of, walk

WORDS = ["tide", "harbour", "lantern", "orchard", "winter", "signal", "copper", "meadow"]


def prose(chance, words=12):
    return " ".join(f"{chance.choice(WORDS)}{chance.randrange(1000)}" for _ in range(words))


def rows(number, seed=1):
    chance = random.Random(seed)
    made = []
    for each in range(number):
        text = prose(chance)
        made.append(
            {"id": each, "text": text, "again": text, "live": True, "code": chance.random()}
        )
    return made


def gzip_without(document, paths):
    compress = installed()["gzip"]
    return len(compress(encode(document))) - len(compress(encode(without(document, paths))))


def test_a_small_document_is_compressed_whole():
    document = rows(50)
    losses = leave_one_out(document, [(EACH, "code")])
    assert losses[(EACH, "code")].exact
    assert losses[(EACH, "code")].compressed["gzip"] == gzip_without(document, [(EACH, "code")])
    assert losses[(EACH, "code")].raw == walk(document).nodes[(EACH, "code")].bytes


def test_every_codec_that_is_asked_for_and_installed_is_measured():
    losses = leave_one_out(rows(9), [(EACH, "id")], codecs=["gzip", "zstd", "unheard of"])
    assert set(losses[(EACH, "id")].compressed) == {"gzip", "zstd"} & set(installed())


def test_raw_bytes_say_little_about_compressed_ones():
    losses = leave_one_out(rows(100), [(EACH, "live"), (EACH, "code")])
    assert losses[(EACH, "live")].raw > losses[(EACH, "code")].raw / 3
    assert losses[(EACH, "live")].compressed["gzip"] < losses[(EACH, "code")].compressed["gzip"] / 9


def test_a_sample_of_rows_tells_what_the_whole_would_lose():
    document = {"rows": rows(2000)}
    paths = [("rows", EACH, name) for name in ("id", "text", "code", "live")]
    losses = leave_one_out(document, paths)
    exact = {path: gzip_without(document, [path]) for path in paths}
    error = sum(abs(losses[path].compressed["gzip"] - exact[path]) for path in paths)
    assert not any(loss.exact for loss in losses.values())
    assert error < 0.06 * sum(exact.values())


def test_a_field_that_repeats_another_loses_little_alone():
    document = rows(100)
    pair = [(EACH, "text"), (EACH, "again")]
    [found] = hiding(document, [pair, [(EACH, "id"), (EACH, "code")]])
    assert found.paths == sorted(pair)
    assert found.together == gzip_without(document, pair) > 2 * found.alone


def test_fields_that_hide_nothing_are_no_group():
    assert hiding(rows(100), [[(EACH, "id"), (EACH, "code")]]) == []


def test_groups_come_with_the_dearest_first():
    document = [row | {"x": row["code"], "y": row["code"]} for row in rows(100)]
    groups = [[(EACH, "x"), (EACH, "y"), (EACH, "code")], [(EACH, "text"), (EACH, "again")]]
    assert [type(each) for each in hiding(document, groups)] == [Hiding, Hiding]
    first, second = hiding(document, groups)
    assert first.paths == [(EACH, "again"), (EACH, "text")]
    assert first.together > second.together


def test_a_loss_may_be_negative():
    pytest.importorskip("zstandard")
    chance = random.Random(0)
    b, d = ([chance.randrange(10_000) for _ in range(8)] for _ in range(2))
    document = [
        {"a": 77, "b": chance.choice(b), "c": 5555, "d": chance.choice(d)} for _ in range(600)
    ]
    losses = leave_one_out(document, [(EACH, "a")], rows=600, codecs=["zstd"])
    assert losses[(EACH, "a")].compressed["zstd"] < 0


def test_a_field_that_no_sampled_row_has_compresses_as_the_rest():
    document = [*rows(1000), *rows(1000, seed=2)]
    rare = next(n for n, row in enumerate(document) if row not in thinned(document))
    document[rare]["note"] = "Repeated on Sunday"
    loss = leave_one_out(document, [(EACH, "note")])[(EACH, "note")]
    assert 0 < loss.compressed["gzip"] < loss.raw


def test_paths_through_maps_are_known_from_other_documents():
    document = {"north": {"votes": 3}, "south": {"votes": 4}}
    assert leave_one_out(document, [(ANY, "votes")])[(ANY, "votes")].raw == len('"votes":3,' * 2)


def test_a_map_stays_one_when_it_is_thinned():
    chance, path = random.Random(5), (EACH, "by", ANY)
    document = [{"code": chance.random(), "by": {f"tide{n}": [1, "1"][n % 2]}} for n in range(600)]
    estimate = leave_one_out(document, [path])[path].compressed["gzip"]
    assert estimate == pytest.approx(gzip_without(document, [path]), rel=0.15)


def test_a_path_that_the_document_has_not_has_no_loss():
    assert leave_one_out(rows(3), [("missing",)]) == {}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (rows(1000), (EACH,)),
        ({"rows": rows(1000)}, ("rows", EACH)),
        ([{"rows": rows(10)} for _ in range(100)], (EACH, "rows", EACH)),
        ({f"channel-{n}": rows(10) for n in range(100)}, (ANY, EACH)),
        ({"lists": [[row] * 9 for row in rows(100)]}, ("lists", EACH, EACH)),
    ],
)
def test_large_arrays_are_thinned_wherever_they_are(document, path):
    thin = walk(thinned(document))
    assert thin.nodes[path].count == ROWS
    assert thin.compact < walk(document).compact / 4


def test_elements_that_hold_nothing_any_more_are_thinned_too():
    document = [{"number": n, "rows": rows(100)} for n in range(100)]
    assert len(thinned(document)) < 10


def test_rows_with_a_few_elements_each_keep_them():
    document = [row | {"tags": ["a", "b", "c"]} for row in rows(1000)]
    assert all(row["tags"] == ["a", "b", "c"] for row in thinned(document))


def test_several_large_arrays_are_all_thinned():
    thin = thinned({"shows": rows(1000), "episodes": rows(1000)})
    assert (len(thin["shows"]), len(thin["episodes"])) == (ROWS, ROWS)


@pytest.mark.parametrize("document", [None, 7, "text", [], {}, [1, 2], rows(ROWS)])
def test_a_document_with_few_rows_is_left_as_it_is(document):
    assert thinned(document) is document


@given(DOCUMENTS, st.integers(1, 6))
def test_thinning_takes_elements_away_and_nothing_else(document, rows):
    whole, thin = walk(document), walk(thinned(document, rows), maps=maps_of(walk(document)))
    # What is left may look like a map, which all of it together did not.
    assume(maps_of(thin) <= maps_of(whole))
    assert thin.nodes.keys() <= whole.nodes.keys()
    assert all(thin.nodes[path].count <= whole.nodes[path].count for path in thin.nodes)


@given(DOCUMENTS)
def test_every_field_of_any_document_has_a_loss(document):
    nodes = walk(document).nodes
    losses = leave_one_out(document, [path for path in nodes if path], rows=3)
    assert {path: loss.raw for path, loss in losses.items()} == {
        path: node.bytes for path, node in nodes.items() if path
    }
