"""Every byte of a document is charged to one path, and none is lost."""

import pytest
from hypothesis import given
from json_documents import DOCUMENTS

from djtune.payloads.paths import ANY, EACH, text_of
from djtune.payloads.walk import NotJsonError, encode, maps_of, parse, walk


def paths(document):
    return [text_of(path) for path in sorted(walk(document).nodes)]


@given(DOCUMENTS)
def test_the_bytes_of_all_nodes_add_up_to_the_compact_document(document):
    seen = walk(document)
    assert seen.compact == len(encode(document)) == sum(node.own for node in seen.nodes.values())


@given(DOCUMENTS)
def test_a_node_has_its_children_s_bytes_and_its_own(document):
    nodes = walk(document).nodes
    for path, node in nodes.items():
        below = [child.bytes for name, child in nodes.items() if name and name[:-1] == path]
        assert node.bytes == node.own + sum(below)


@given(DOCUMENTS)
def test_a_known_map_changes_the_paths_and_not_the_sum(document):
    assert walk(document, maps=[(), (EACH,)]).compact == walk(document).compact


def test_a_member_has_its_key_colon_and_comma():
    nodes = walk([{"id": 1, "title": "on"}, {"id": 22, "title": ""}]).nodes
    assert nodes[(EACH, "id")].bytes == len('"id":1,"id":22,')
    assert nodes[(EACH, "title")].bytes == len('"title":"on","title":"",')
    assert nodes[(EACH,)].own == 2 * len("{}") - len(",,") + len(",,")


@pytest.mark.parametrize("document", [None, True, 0, -1.5, 'é\n"', [], {}, [1], "\x7f\u2028"])
def test_a_document_may_be_anything(document):
    nodes = walk(document).nodes
    assert nodes[()].bytes == len(encode(document))
    assert nodes[()].parents == 1


def test_text_is_counted_in_utf_8_and_with_its_escapes():
    assert walk(["é", '"', "\n", "\x01"]).compact == len('["é","\\"","\\n","\\u0001"]'.encode())


def test_white_space_and_escapes_are_what_a_body_has_beyond_its_nodes():
    body = b'{\n  "name": "\\u00e9"\n}'
    assert len(body) - walk(parse(body)).compact == len(body) - len('{"name":"é"}'.encode())


def test_rows_with_different_keys():
    nodes = walk([{"a": 1}, {"b": 2, "a": 3}, {}]).nodes
    assert (nodes[(EACH, "a")].count, nodes[(EACH, "a")].parents) == (2, 3)
    assert nodes[(EACH, "b")].column == (2,)
    assert nodes[(EACH, "b")].holders == [1]
    assert nodes[(EACH,)].empty == 1


def test_a_path_of_several_types():
    node = walk([1, "", None, True, {"x": 1}, [2], {}]).nodes[(EACH,)]
    assert node.kinds == {
        "number": 1,
        "string": 1,
        "null": 1,
        "boolean": 1,
        "object": 2,
        "array": 1,
    }
    assert node.empty == 2
    assert node.column is None


def test_elements_know_the_array_that_holds_them():
    assert walk([[1, 2], [], [3]]).nodes[(EACH, EACH)].holders == [0, 0, 2]


def test_an_empty_list_hides_what_would_be_below():
    assert paths({"rows": []}) == ["(root)", "rows"]
    assert walk({"rows": []}).nodes[("rows",)].empty == 1


@pytest.mark.parametrize(
    "keys",
    [
        ["ada@example.org"],
        ["2026-03-02", "2026-03-03"],
        ["17", "4"],
        ["0b1c7dd2-4b5e-4f0e-9c6e-2f6a3d8f9a10"],
        ["9f86d081884c7d659a2feaa0", "total"],
        ["+44 20 7946 0018"],
    ],
)
def test_keys_that_look_like_data_are_one_path(keys):
    assert paths({key: {"seen": 1} for key in keys}) == ["(root)", ANY, "{*}.seen"]


def test_many_keys_with_values_of_one_make_are_one_path():
    document = {f"channel-{letter}": {"name": letter, "hd": True} for letter in "abcdefgh"}
    assert paths(document) == ["(root)", ANY, "{*}.hd", "{*}.name"]
    assert maps_of(walk(document)) == {()}


def test_keys_that_change_from_object_to_object_are_one_path():
    rows = [{"votes": {f"{a}{b}": 1 for b in "xyz"}} for a in "abcdefgh"]
    assert "[].votes.{*}" in paths(rows)


def test_a_record_keeps_its_keys():
    record = {f"field_{letter}": letter for letter in "abcdefghijklmnopqrstuvwxyz"}
    lists = {name: [{f"only_{name}": 1}] for name in record}
    assert len(paths([record] * 20)) == 2 + 26
    assert len(paths(lists)) == 1 + 3 * 26


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"x": NaN}', "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "out of range"),
        (b'["\\ud800"]', "surrogate"),
        (b"<html>", "not JSON"),
        (b"", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 100_000, "deeper than 200"),
    ],
)
def test_says_why_a_body_cannot_be_read(body, why):
    with pytest.raises(NotJsonError, match=why):
        parse(body)


def test_a_byte_order_mark_is_none_of_the_document():
    assert parse(b"\xef\xbb\xbf[1]") == [1]


def test_a_document_that_is_nested_deeply_is_refused_rather_than_walked():
    with pytest.raises(NotJsonError, match="deeper than 200"):
        walk(parse(b"[" * 300 + b"]" * 300))
