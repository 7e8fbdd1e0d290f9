"""Every byte of a document is charged to one path, and none is lost."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.walk import Walk, encode, walk

KEYS = st.sampled_from(["a", "b", "name", "é", 'qu"ote', "", "[]", "{*}", "7", "2024-01-01"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=5) | st.dictionaries(KEYS, below, max_size=5),
    max_leaves=40,
)


def own_bytes(seen: Walk) -> int:
    return sum(node.own for node in seen.nodes.values())


@given(DOCUMENTS)
def test_the_bytes_of_all_nodes_add_up_to_the_compact_document(document):
    seen = walk(document)
    assert seen.compact == len(encode(document)) == own_bytes(seen)


@given(DOCUMENTS)
def test_a_node_has_its_children_s_bytes_and_its_own(document):
    seen = walk(document)
    for path, node in seen.nodes.items():
        below = [seen.nodes[child].bytes for child in seen.nodes if child and child[:-1] == path]
        assert node.bytes == node.own + sum(below)
