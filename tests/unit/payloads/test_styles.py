import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.styles import style_of

DOCUMENT = {"titre": "été", "rows": [{"a": 1, "b": None}, {"a": 2.5, "b": []}]}
WAYS = [
    {},
    {"separators": (",", ":")},
    {"ensure_ascii": False},
    {"ensure_ascii": False, "separators": (",", ":")},
    {"indent": 2},
    {"indent": 4, "ensure_ascii": False},
]


@pytest.mark.parametrize("options", WAYS)
def test_a_lighter_document_is_written_as_the_whole_was(options):
    body = json.dumps(DOCUMENT, **options).encode()
    lighter = {"titre": "été"}
    assert style_of(body, DOCUMENT)(lighter) == json.dumps(lighter, **options).encode()


def test_what_nobody_else_writes_is_compared_with_compact_json():
    assert style_of(b'{ "a":   1}', {"a": 1})({"a": 1}) == b'{"a":1}'


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_any_document_of_json_response_is_known_again(document):
    body = json.dumps(document).encode()
    assert len(style_of(body, document)(document)) == len(body)
