"""One recorded request: valid JSON whatever was asked, and no word of it but method and route."""

import json
from types import SimpleNamespace

import pytest
from django.utils.functional import SimpleLazyObject
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.recorder.entry import Entry
from djtune.agent.recorder.recording import Recording
from djtune.agent.recorder.settings import read

RECORDING = Recording(read({"RECORD": {"DIRECTORY": "unused", "BUFFER_SECONDS": 1e6}}), b"key")
ANY_TEXT = st.text(st.characters(categories=None))


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_written():
    yield
    RECORDING._lines.clear()


def request(*, method="GET", route="shows/<int:pk>/", path="/shows/7/", query="", **found):
    match = None if route is None else SimpleNamespace(route=route)
    return SimpleNamespace(
        method=method, path=path, META={"QUERY_STRING": query}, resolver_match=match, **found
    )


def recorded(asked, status=200, size=0):
    entry = Entry(RECORDING, asked)
    entry.status, entry.size = status, size
    entry.finish()
    line = RECORDING._lines[-1]
    RECORDING._lines.clear()
    return line


@given(method=ANY_TEXT, route=st.none() | ANY_TEXT, size=st.integers(0), status=st.integers(100))
def test_a_line_is_json_whatever_was_asked(method, route, size, status):
    line = recorded(request(method=method, route=route), status, size)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["m"], told["r"], told["s"], told["b"]) == (method, route, status, size)
    assert told["d"] >= 0


@given(word=st.text("xyz", min_size=8), path=ANY_TEXT)
def test_path_and_query_are_digests_alone(word, path):
    line = recorded(request(path=f"/{path}{word}/", query=f"token={word}"))
    assert word not in line


def test_requests_for_the_same_thing_have_the_same_digest():
    first, second, other = (
        json.loads(recorded(request(path="/shows/7/", query=query)))["p"]
        for query in ("page=2", "page=2", "page=3")
    )
    assert first == second != other


def never():
    raise AssertionError("looked up")


ALICE = SimpleNamespace(pk=7)
ANONYMOUS = SimpleNamespace(pk=None)
SESSION = SimpleNamespace(session_key="abc")
LOOKED_UP = SimpleLazyObject(lambda: ALICE)
assert LOOKED_UP.pk == 7


@pytest.mark.parametrize(
    ("found", "visitor"),
    [
        ({}, ""),
        ({"user": ALICE}, "user 7"),
        ({"user": LOOKED_UP, "session": SESSION}, "user 7"),
        ({"user": ANONYMOUS, "session": SESSION}, ""),
        ({"user": SimpleLazyObject(never)}, ""),
        ({"user": SimpleLazyObject(never), "session": SESSION}, "session abc"),
        ({"user": SimpleLazyObject(never), "_acached_user": ALICE}, "user 7"),
        ({"session": SimpleNamespace(session_key=None)}, ""),
    ],
)
def test_a_visitor_is_whom_the_app_has_found(found, visitor):
    expected = RECORDING.digest(visitor) if visitor else ""
    assert json.loads(recorded(request(**found)))["u"] == expected


def test_a_request_is_recorded_once():
    entry = Entry(RECORDING, request())
    entry.finish()
    entry.finish()
    assert len(RECORDING._lines) == 1
    RECORDING._lines.clear()


def test_a_fault_of_its_own_is_counted_and_not_raised():
    errors = RECORDING.errors
    Entry(RECORDING, object()).finish()
    Entry(RECORDING, request()).answer(object())
    assert RECORDING.errors == errors + 2
