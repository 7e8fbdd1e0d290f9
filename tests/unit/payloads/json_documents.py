"""Any JSON document, as hypothesis draws it."""

from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "name", "é", 'qu"ote', "", "[]", "7", "2024-01-01"])
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
