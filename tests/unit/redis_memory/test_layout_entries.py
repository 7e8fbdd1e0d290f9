import pytest
from hypothesis import given
from hypothesis import strategies as st
from layout_entries import profiles

from djtune.redis_memory.layouts.codecs import JSON, MSGPACK, PICKLE, msgpack_array, with_zlib
from djtune.redis_memory.layouts.entries import Entries, Entry, from_hashes, texts
from djtune.redis_memory.layouts.possible import forms

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
objects = st.dictionaries(st.text(), scalars | st.lists(scalars), min_size=1)


@pytest.mark.parametrize("codec", [JSON, MSGPACK, PICKLE, with_zlib(JSON)])
@given(value=objects)
def test_what_is_encoded_is_decoded_again(codec, value):
    assert codec.decode(codec.encode(value)) == value


@given(value=objects)
def test_an_array_leaves_the_names_to_its_schema(value):
    codec = msgpack_array(list(value))
    assert codec.decode(codec.encode(value)) == value


def test_fields_of_numbers_alone_become_numbers():
    objects = from_hashes([{b"n": b"1", b"zip": b"01"}, {b"n": b"-20", b"zip": b"20"}])
    assert objects == [{"n": 1, "zip": "01"}, {"n": -20, "zip": "20"}]


@given(st.dictionaries(st.binary(), st.binary(), min_size=1))
def test_a_hash_is_loaded_as_it_was_read(stored):
    entry = Entry(8, from_hashes([stored])[0], stored)
    assert list(texts(entry).values()) == list(stored.values())


def test_a_short_hash_is_tried_in_every_layout():
    found, left_out = forms(profiles(3, bio=40), {})
    names = {form.name for form in found}
    assert names >= {"present", "json", "msgpack", "msgpack_array", "pickle", "json_zlib"}
    assert names >= {"buckets", "key_per_field"}
    assert "hash_raised" not in names
    assert "hash" not in names
    assert left_out == {}


def test_a_hash_beyond_a_limit_is_tried_with_a_higher_one():
    found, _ = forms(profiles(3, bio=120), {"hash-max-listpack-value": "64"})
    raised = next(form for form in found if form.name == "hash_raised")
    assert raised.settings == {"hash-max-listpack-value": "128"}


def test_entries_that_expire_are_not_put_into_buckets():
    found, left_out = forms(profiles(3, bio=40, expires=True), {})
    assert "buckets" not in {form.name for form in found}
    assert "expire" in left_out["buckets of 100"]


def test_values_that_are_no_text_are_not_tried_as_json():
    stored = {b"name": b"\xff\xfe"}
    rows = [Entry(8, from_hashes([stored])[0], stored)]
    found, left_out = forms(Entries("p", "hash", rows), {})
    assert "json" not in {form.name for form in found}
    assert left_out["JSON"] == "some values are not text"


def test_a_page_can_only_be_compressed():
    found, _ = forms(Entries("page", "text", [Entry(20, "<p>" * 99, b"<p>" * 99)]), {})
    assert {form.name for form in found} <= {"present", "text_zlib", "text_zstd"}


def test_the_present_codec_is_not_tried_twice():
    value = {"a": 1}
    found, _ = forms(Entries("p", "JSON", [Entry(8, value, JSON.encode(value))]), {})
    assert [form.name for form in found].count("json") == 0


def test_json_with_spaces_is_compared_with_compact_json():
    value = {"a": 1, "b": 2}
    rows = [Entry(8, value, b'{"a": 1, "b": 2}')]
    found, _ = forms(Entries("p", "JSON", rows), {})
    sizes = {form.name: form.payload(rows[0]) for form in found}
    assert sizes["json"] < sizes["present"] == 16


def test_what_no_server_holds_is_compared_with_pickle():
    found, _ = forms(Entries("GET /api/", "a view's objects", [Entry(8, {"a": 1})]), {})
    assert found[0].label == "pickle, as Django's cache would"
