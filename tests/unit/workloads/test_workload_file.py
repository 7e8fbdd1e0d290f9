"""Workload files: what they may say, and what a wrong one is told."""

import contextlib
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.errors import DjtuneError
from djtune.model.routes import Param
from djtune.model.workload import Journey, Observed, Step, UserPool, Workload
from djtune.workloads.file import dump, load, loads
from djtune.workloads.urlconf import Skipped

PEAK = """\
version: 1
journeys_per_hour: 60000
users:
  viewers:
    filter: {profile__isnull: false}
    login: none
journeys:
  - name: launch
    weight: 3
    user: viewers
    steps:
      - &auth
        route: api/auth/
        method: POST
        unsafe: true
        body:
          device: {user: device.code}
          password: ${VIEWER_PASSWORD}
        capture: {token: token}
      - route: api/shows/<int:pk>/
        params: &show {pk: {model: epg.Show, sample: 100, skew: 0.8}}
        headers: {Authorization: "Bearer {token}"}
  - name: browse
    user: viewers
    steps:
      - *auth
      - route: api/shows/<int:pk>/
        params: {<<: *show}
        query: {day: {date: today, days: 7}, tag: [no, yes]}
        expect: [200, 404]
"""


def error_of(text: str, **options: Any) -> DjtuneError:
    with pytest.raises(DjtuneError) as error:
        loads(text, name="peak.yaml", **options)
    return error.value


def step(text: str, user: str = "") -> str:
    """A file with one step, whose lines begin at line 7."""
    lines = "".join(f"        {line}\n" for line in text.splitlines())
    return (
        "users:\n  viewers: {}\njourneys:\n"
        f"  - name: one\n    user: '{user}'\n    steps:\n      -\n{lines}"
    )


def test_a_file_is_read_with_its_aliases_and_merges() -> None:
    workload = loads(PEAK)
    launch, browse = workload.journeys
    assert (launch.weight, browse.weight) == (3, 1)
    assert browse.steps[0] == launch.steps[0]
    assert browse.steps[1].params == {"pk": {"model": "epg.Show", "sample": 100, "skew": 0.8}}
    assert browse.steps[1].expect == [200, 404]
    assert workload.users["viewers"] == UserPool(filter={"profile__isnull": False}, login="none")


def test_scalars_are_those_of_json() -> None:
    text = step("route: a/\nquery: {a: no, b: 12:30, c: 2024-05-01, d: 007, e: 1.5, f: true}")
    assert loads(text).journeys[0].steps[0].query == {
        "a": "no",
        "b": "12:30",
        "c": "2024-05-01",
        "d": "007",
        "e": 1.5,
        "f": True,
    }


def test_json_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "peak.json"
    path.write_bytes(msgspec.json.encode(loads(PEAK)))
    assert load(path) == loads(PEAK)


def test_an_error_in_json_has_its_line() -> None:
    text = json.dumps({"journeys": [{"name": "a", "steps": [{"rout": "b"}]}]}, indent="\t")
    error = error_of(text, json=True)
    line = 1 + text.splitlines().index('\t\t\t\t\t"rout": "b"')
    assert error.message == f"peak.yaml:{line}: unknown key 'rout'"


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("jorneys: []", 1, "unknown key 'jorneys'", "did you mean 'journeys'?"),
        ("version: 2\njourneys: [{name: a, steps: [{route: b}]}]", 1, "version 2", "version: 1"),
        ("version: 1\n\njourneys: []", 3, "one or more", ""),
        ("journeys:\n  - steps: [{route: a}]", 2, "journey 1 has no 'name'", ""),
        ("journeys:\n  - name: a\n    steps:\n      - method: GET", 4, "has no 'route'", ""),
        ("journeys:\n  - name: a", 2, "steps must be", "steps:"),
        ("journeys:\n  - 3", 2, "a journey is a mapping, not a number", ""),
        ("journeys: [{name: a, steps: [b]}]", 1, "step 1 must be a mapping, not text", ""),
        (
            "journeys:\n  - name: a\n    weight: -1\n    steps: [{route: b}]",
            3,
            "must not be negative",
            "",
        ),
        ("journeys:\n  - name: a\n    weight: 0\n    steps: [{route: b}]", 1, "weight 0", ""),
        (
            "journeys:\n  - name: a\n    weight: x\n    steps: [{route: b}]",
            3,
            "weight: expected a number, got text",
            "",
        ),
        (
            "journeys:\n  - {name: a, steps: [{route: b}]}\n  - {name: a, steps: [{route: b}]}",
            3,
            "journey 2 has the name of journey 1: 'a'",
            "",
        ),
        (
            "users: {viewers: {}}\njourneys:\n- name: a\n  user: viewer\n  steps: [{route: b}]",
            4,
            "no user pool is called 'viewer'",
            "the pools are viewers",
        ),
        ("users:\n  v:\n    login: password", 3, "login 'password'", "session, token"),
        ("users:\n  v:\n    sample: 0", 3, "sample must be from 1", ""),
        ("users: [v]", 1, "users must be a mapping, not a list", ""),
        (step("route: a/\nmethod: FETCH"), 9, "method 'FETCH' is not known", "GET, HEAD"),
        (step("route: a/\nexpect: [200, ok]"), 9, "a whole number, got text", ""),
        (step("route: a/\nexpect: [20]"), 9, "from 100 to 599", ""),
        (step("route: a/\nparams:\n  pk: {modle: a.B}"), 10, "pk: a recipe has none", "'model'"),
        (step("route: a/\nparams: {pk: [1]}"), 9, "pk: a list is no recipe", "choice"),
        (step("route: a/\ncapture: {user: a}"), 9, "capture 'user'", "other than `user`"),
        (step("route: a/\nquery:\n  a: '{token}'"), 10, "captures 'token'", "capture:"),
        (step("route: a/\nquery: {a: {user: pk}}"), 9, "has no user", "user: …"),
        (step("route: a/\nheaders: {'a b': c}"), 9, "not the name of a header", ""),
        (step('route: a/\nheaders: {a: "b\\nc: d"}'), 9, "control character", ""),
        (f"{step('route: a/')}observed: [a]", 9, "observed must be a mapping, not a list", ""),
        (
            f"{step('route: a/')}observed:\n  GETT a/: {{requests: 1}}",
            10,
            "'GETT a/' is not",
            "GET,",
        ),
        (f"{step('route: a/')}observed:\n  GET a/: {{}}", 10, "has no 'requests'", ""),
        (f"{step('route: a/')}observed:\n  GET a/: {{requests: -1}}", 10, "must not be", ""),
        (
            f"{step('route: a/')}observed:\n  GET a/: {{requests: 1, statuses: {{'200': x}}}}",
            10,
            "expected a number, got text",
            "",
        ),
        ("a: [", 1, "is not YAML", ""),
        ("a: 1\nb: 2\na: 3", 3, "key 'a' stands twice", ""),
        ("a: &x [*x]", 1, "an alias stands inside", ""),
        ("a: !!python/name:os.system", 1, "is not allowed", ""),
        ("a: .inf", 1, "not a finite number", ""),
        ("? [a]\n: b", 1, "a key must be text", ""),
        ("<<: 3", 1, "takes a mapping", ""),
    ],
)
def test_a_wrong_file_is_told_where_what_and_how(
    text: str, line: int, said: str, hint: str
) -> None:
    error = error_of(text)
    assert error.message.startswith(f"peak.yaml:{line}: ")
    assert said in error.message
    assert hint in error.hint


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-Api-Key", "X-Auth-Token"])
def test_a_credential_in_a_header_must_be_a_reference(name: str) -> None:
    error = error_of(step(f"route: a/\nheaders:\n  {name}: Bearer abc123"))
    assert error.message == f"peak.yaml:10: {name} stands in the file in clear text"
    assert "${ENV}" in error.hint
    loads(step(f"route: a/\nheaders:\n  {name}: Bearer ${{API_TOKEN}}"))
    loads(step(f"route: a/\nheaders:\n  {name}: {{user: key}}", user="viewers"))


@pytest.mark.parametrize(
    "body",
    [
        "password: secret",
        "password: 1234",
        "password: {choice: [a, b]}",
        "password: {literal: a}",
        "user: {literal: {}}\nlogin: {password: a}",
        "login:\n  - {password: a}",
    ],
)
def test_a_credential_in_a_body_must_be_a_reference(body: str) -> None:
    text = "".join(f"  {line}\n" for line in body.splitlines())
    assert "password stands in the file" in error_of(step(f"route: a/\nbody:\n{text}")).message


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "more than" in error_of(f"a0: &a0 [x]\n{levels}").message


def test_deep_nesting_is_refused() -> None:
    assert "nested too deeply" in error_of("[" * 5000).message
    assert "nested too deeply" in error_of("[" * 200_000, json=True).message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DjtuneError, match=r"absent\.yaml cannot be read: No such file"):
        load(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes("é".encode("latin-1"))
    with pytest.raises(DjtuneError, match="not UTF-8"):
        load(tmp_path / "latin.yaml")


def test_what_is_written_is_read_back_the_same() -> None:
    assert loads(dump(loads(PEAK))) == loads(PEAK)


def test_routes_that_need_a_recipe_are_comments_to_be_filled_in() -> None:
    workload = Workload(journeys=[Journey(name="GET a/", steps=[Step(route="a/")])])
    params = [
        Param("pk", "int", reason="the view's model could not be told"),
        Param("slug", "slug", recipe={"model": "epg.Show", "field": "slug"}),
    ]
    wanting = Skipped("b/<int:pk>/<slug:slug>/", "GET", "needs a recipe", params=params)
    left_out = Skipped("admin/", "GET", "left out: admin")
    text = dump(workload, [wanting, left_out])
    assert "pk: ?  # the view's model could not be told" in text
    assert "admin" not in text
    assert loads(text) == workload

    filled = text.replace("  # ", "  ").replace("?  the view's model could not be told", "3")
    filled = "\n".join(line for line in filled.splitlines() if "These routes" not in line)
    assert loads(filled).journeys[1].steps[0] == Step(
        route="b/<int:pk>/<slug:slug>/",
        params={"pk": 3, "slug": {"model": "epg.Show", "field": "slug"}},
    )


# What hypothesis makes of a workload: every kind of value, in every place.

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}$"), max_size=12
)
names = st.from_regex(r"[a-z]{1,6}", fullmatch=True).filter(
    lambda name: name not in {"user", "pwd", "model", "choice", "range", "date", "capture", "token"}
)
recipes = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    plain,
    st.builds(
        lambda field, skew, filters: {
            "model": "epg.Show",
            "field": field,
            "skew": skew,
            "filter": filters,
        },
        names,
        st.floats(0, 3),
        st.dictionaries(names, st.booleans() | texts, max_size=2),
    ),
    st.lists(plain, min_size=1, max_size=3).map(lambda values: {"choice": values}),
    st.integers(1, 30).map(lambda days: {"date": "today", "days": days}),
    st.just({"range": [1, 9]}),
    st.just({"user": "device.secret"}),
    texts.map(lambda value: {"literal": [value, {"deep": value}]}),
)
steps = st.builds(
    Step,
    route=texts,
    method=st.sampled_from(["GET", "POST"]),
    params=st.dictionaries(names, recipes, max_size=2),
    query=st.dictionaries(names, recipes | st.lists(recipes, max_size=2), max_size=2),
    headers=st.dictionaries(st.just("X-A"), plain.filter(str.isprintable), max_size=1),
    body=st.none() | st.dictionaries(names, recipes, max_size=2),
    form=st.booleans(),
    expect=st.lists(st.integers(100, 599), min_size=1, max_size=2),
    capture=st.dictionaries(names, texts.filter(bool), max_size=1),
    unsafe=st.booleans(),
)
amounts = st.floats(0, 1e9)
observed = st.builds(
    Observed,
    requests=amounts,
    statuses=st.dictionaries(st.integers(100, 599).map(str), amounts, max_size=2),
    bytes=st.none() | amounts,
    timed=st.integers(0, 2**53),
    mean=st.none() | amounts,
    p50=st.none() | amounts,
    p95=st.none() | amounts,
    p99=st.none() | amounts,
)
workloads = st.builds(
    Workload,
    journeys=st.lists(
        st.builds(
            Journey,
            name=texts.filter(str.strip),
            steps=st.lists(steps, min_size=1, max_size=2),
            weight=st.floats(0.001, 1e9),
            user=st.just("viewers"),
        ),
        min_size=1,
        max_size=2,
        unique_by=lambda journey: journey.name,
    ),
    users=st.fixed_dictionaries(
        {"viewers": st.builds(UserPool, filter=st.dictionaries(names, texts, max_size=1))}
    ),
    weights_from=texts,
    journeys_per_hour=st.none() | st.floats(0.001, 1e9),
    observed=st.dictionaries(texts.map(lambda route: f"GET {route}"), observed, max_size=2),
)


@given(workloads)
def test_every_workload_written_is_read_back_the_same(workload: Workload) -> None:
    assert loads(dump(workload)) == workload


@given(workloads)
def test_every_workload_is_read_back_from_json(workload: Workload) -> None:
    assert loads(msgspec.json.encode(workload).decode(), json=True) == workload


def refused_or_read(text: str, json: bool) -> None:
    with contextlib.suppress(DjtuneError):
        workload = loads(text, json=json)
        assert math.isfinite(workload.journeys[0].weight)


@given(texts | st.text(alphabet="-?:,[]{}#&*!|>'\"%@` \n\tab01.~<", max_size=40), st.booleans())
def test_no_text_is_a_bug(text: str, json: bool) -> None:
    refused_or_read(text, json)


@given(st.data(), workloads, st.booleans())
def test_no_damaged_file_is_a_bug(data: st.DataObject, workload: Workload, as_json: bool) -> None:
    text = msgspec.json.encode(workload).decode() if as_json else dump(workload)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    refused_or_read(text[:start] + data.draw(texts) + text[end:], as_json)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("journeys", "users", "name", "steps", "route", "params", "weight"),
                    *("body", "expect", "capture", "user", "model", "choice", "version"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(anything, anything, anything)
def test_no_shape_is_a_bug(whole: Any, pools: Any, step: Any) -> None:
    refused_or_read(json.dumps(whole), True)
    journeys = [
        {"name": "a", "steps": [step]},
        {"name": "b", "steps": [{"route": "", "body": step}]},
    ]
    refused_or_read(json.dumps({"journeys": journeys, "users": pools}), True)
