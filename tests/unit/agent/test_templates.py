"""References inside the strings of a workload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.templates import (
    Captured,
    Env,
    UserAttribute,
    WorkloadError,
    has_reference,
    parse,
)


def test_a_string_is_split_at_its_references() -> None:
    assert parse("Token ${KEY}-{token}/{user.card.number}") == [
        "Token ",
        Env("KEY"),
        "-",
        Captured("token"),
        "/",
        UserAttribute("card.number"),
    ]


@pytest.mark.parametrize("text", ["", "plain", "{", "a { b }", "${", "{1}", "{a b}", "$HOME", "{}"])
def test_a_brace_that_starts_no_reference_is_text(text: str) -> None:
    assert parse(text) == [text]
    assert not has_reference(text)


@given(st.text())
def test_doubled_braces_stand_for_themselves(text: str) -> None:
    assert parse(text.replace("{", "{{").replace("}", "}}")) == [text]


@given(st.text(alphabet="${}user.tkn "))
def test_every_string_can_be_parsed(text: str) -> None:
    assert parse(text)


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(WorkloadError, match="NO_SUCH_KEY"):
        Env("NO_SUCH_KEY").read()
    monkeypatch.setenv("NO_SUCH_KEY", "here")
    assert Env("NO_SUCH_KEY").read() == "here"


def test_a_capture_that_no_response_gave_is_named() -> None:
    assert Captured("token").fill({"token": "t"}) == "t"
    with pytest.raises(WorkloadError, match="'token'"):
        Captured("token").fill({})
