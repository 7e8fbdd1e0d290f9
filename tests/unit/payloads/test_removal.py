"""Removing paths leaves the rest as it was, and saves what the walk has charged to them."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_documents import DOCUMENTS

from djtune.payloads.paths import ANY, EACH, topmost
from djtune.payloads.removal import without
from djtune.payloads.walk import encode, maps_of, walk


def removed_one_by_one(value, path, gone, maps, emptied):
    """The slow and obvious way; counts the containers that it leaves empty."""
    if isinstance(value, list):
        inside = dict.fromkeys(range(len(value)), (*path, EACH))
    elif isinstance(value, dict):
        inside = {key: (*path, ANY if path in maps else key) for key in value}
    else:
        return value
    kept = {
        key: removed_one_by_one(value[key], below, gone, maps, emptied)
        for key, below in inside.items()
        if below not in gone
    }
    if inside and not kept:
        emptied.append(path)
    return list(kept.values()) if isinstance(value, list) else kept


@given(st.data(), DOCUMENTS)
def test_saves_what_the_walk_charges_less_a_byte_for_each_container_left_empty(data, document):
    seen = walk(document)
    below = sorted(path for path in seen.nodes if path)
    gone = data.draw(st.sets(st.sampled_from(below), max_size=4)) if below else set()
    emptied = []
    expected = removed_one_by_one(document, (), gone, maps_of(seen), emptied)
    lighter = without(document, gone)
    charged = sum(seen.nodes[path].bytes for path in topmost(gone))
    assert encode(lighter) == encode(expected)
    assert seen.compact - len(encode(lighter)) == charged - len(emptied)


@given(st.data(), DOCUMENTS)
def test_the_original_stays_as_it_was(data, document):
    before = deepcopy(document)
    below = sorted(path for path in walk(document).nodes if path)
    without(document, data.draw(st.sets(st.sampled_from(below))) if below else [])
    assert encode(document) == encode(before)


@pytest.mark.parametrize(
    ("document", "path", "expected"),
    [
        ({"a": 1, "b": 2}, ("a",), {"b": 2}),
        ([{"a": 1}, {"b": 2}, 3, None], (EACH, "a"), [{}, {"b": 2}, 3, None]),
        ([[{"a": 1}], []], (EACH, EACH, "a"), [[{}], []]),
        ({"x": {"a": 1}, "y": {"a": 1, "b": 2}}, (ANY, "a"), {"x": {}, "y": {"b": 2}}),
        ({"rows": [1, 2]}, ("rows", EACH), {"rows": []}),
        ({"row": "text"}, ("row", "a"), {"row": "text"}),
        ({"a": 1}, ("missing", EACH, "b"), {"a": 1}),
    ],
)
def test_a_path_means_every_value_at_it(document, path, expected):
    assert without(document, [path]) == expected


def test_a_document_is_not_removed_from_itself():
    with pytest.raises(ValueError, match="from itself"):
        without({"a": 1}, [()])
