"""Results as JSON: stable text that its own schema describes."""

import json
import math

import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct, field

from djtune.reports.json import render_json, schema


class Row(Struct):
    """One route."""

    route: str
    mean: float | None


class Result(Struct):
    """What a command found."""

    rows: list[Row]
    complete: bool = True
    schema_version: int = 1
    phases: dict[str, float] = field(default_factory=dict)
    parts: "list[Result]" = field(default_factory=list)


class Nameless(Struct):
    rows: list[Row]


def test_the_result_is_the_json() -> None:
    text = render_json(Result([Row("GET /é/", 0.5)], phases={"sql": 1.0}))
    assert json.loads(text) == {
        "rows": [{"route": "GET /é/", "mean": 0.5}],
        "complete": True,
        "schema_version": 1,
        "phases": {"sql": 1.0},
        "parts": [],
    }
    assert text.endswith("}\n")


def test_equal_results_are_equal_text() -> None:
    one = render_json(Result([], phases={"a": 1, "b": 2}))
    other = render_json(Result([], phases={"b": 2, "a": 1}))
    assert one == other
    assert one.index('"rows"') < one.index('"complete"') < one.index('"phases"')


def test_it_can_stand_on_one_line() -> None:
    assert render_json(Result([]), indent=0).count("\n") == 1
    assert '\n  "rows"' in render_json(Result([]))


def test_what_json_has_not_is_null() -> None:
    text = render_json(Result([Row("a", math.nan), Row("b", math.inf)]))
    assert [row["mean"] for row in json.loads(text)["rows"]] == [None, None]


def test_the_schema_accepts_the_result_and_refuses_another() -> None:
    described = schema(Result)
    Draft202012Validator.check_schema(described)
    validator = Draft202012Validator(described)
    result = json.loads(render_json(Result([Row("a", None)], parts=[Result([])])))
    assert list(validator.iter_errors(result)) == []
    assert list(validator.iter_errors({**result, "schema_version": "one"})) != []
    assert list(validator.iter_errors({"complete": True})) != []


def test_the_schema_says_which_it_is() -> None:
    described = schema(Result)
    assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert described["title"] == "Result"


@pytest.mark.parametrize("refused", [lambda: schema(Nameless), lambda: render_json(Nameless([]))])
def test_a_result_without_version_and_completeness_is_refused(refused) -> None:
    with pytest.raises(TypeError, match="Nameless has no schema_version and no complete"):
        refused()
