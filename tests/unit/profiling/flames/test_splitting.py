"""One recording becomes a graph for each route."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.marks import marker_name
from djtune.profiling.flames import graph as flamegraph
from djtune.profiling.flames import speedscope
from djtune.profiling.flames.graph import BETWEEN, Function, Node, Places, Reader
from djtune.servers.sampler import Frame, Recording, Stack

PLACES = Places(
    app=["/srv/shop"],
    django=["/venv/lib/python3.12/site-packages/django"],
    libraries=["/venv/lib/python3.12/site-packages"],
    python=["/usr/lib/python3.12", "/usr/lib"],
    djtune=["/opt/djtune/agent"],
)
LIST, DETAIL = "GET /shows/", "GET /shows/<int:pk>/"
MAIN = ("<module> (/opt/djtune/agent/bootstrap.py:1)", "replay (/opt/djtune/agent/marked.py:9)")
THREAD = ("Thread._bootstrap (/usr/lib/python3.12/threading.py:995)",)
VIEW = "show_list (/srv/shop/shows/views.py:12)"
QUERY = "QuerySet._fetch_all (/venv/lib/python3.12/site-packages/django/db/models/query.py:1926)"


def mark(name: str) -> str:
    return f"{name} (<djtune>:1)"


def recorded(stacks: dict[Stack, int]) -> Recording:
    return Recording(stacks, sum(stacks.values()), rate=100, seconds=1.0)


def split(stacks: dict[Stack, int], *, idle: bool = True) -> flamegraph.Split:
    return flamegraph.split(recorded(stacks), [LIST, DETAIL], PLACES.djtune, idle=idle)


class TestSplitting:
    def test_a_stack_belongs_to_the_route_of_its_marker(self):
        found = split({(*MAIN, mark(LIST), VIEW): 7, (*MAIN, mark(DETAIL), QUERY): 3})
        assert found.routes == {LIST: {(VIEW,): 7}, DETAIL: {(QUERY,): 3}}
        assert found.samples == {LIST: 7, DETAIL: 3}

    def test_a_stack_without_a_marker_is_counted_and_left_out(self):
        found = split({MAIN: 5, THREAD: 4, (*MAIN, mark("GET /unknown/"), VIEW): 2})
        assert found.unmarked == 11
        assert found.samples == {LIST: 0, DETAIL: 0}

    def test_djtunes_own_frames_are_taken_out(self):
        own = "Driver._handle (/opt/djtune/agent/wsgi.py:97)"
        found = split({(*MAIN, mark(LIST), own, VIEW): 1})
        assert found.routes[LIST] == {(VIEW,): 1}

    def test_a_function_that_only_looks_like_a_marker_is_none(self):
        found = split({(*MAIN, mark(LIST), "odd (<djtune>x (/srv/shop/a.py:1)", VIEW): 1})
        assert found.samples[LIST] == 1

    def test_a_thread_that_stands_still_counts_once_with_the_one_that_works(self):
        waits = (*MAIN, mark(LIST), VIEW, mark("standing still"), "wait (/usr/lib/x.py:1)")
        works = (*THREAD, mark(LIST), VIEW, QUERY)
        found = split({waits: 10, works: 9})
        assert found.samples[LIST] == 10
        assert found.standing_still == 10
        assert found.routes[LIST] == {(VIEW, QUERY): 9, (BETWEEN,): 1}

    def test_threads_side_by_side_do_not_make_a_request_longer(self):
        waits = (*MAIN, mark(LIST), mark("standing still"))
        found = split({waits: 10, (*THREAD, mark(LIST), VIEW): 25})
        assert found.samples[LIST] == 10
        assert found.routes[LIST] == {(VIEW,): 25}

    def test_without_idle_threads_samples_are_those_that_were_at_work(self):
        found = split({(*THREAD, mark(LIST), VIEW): 25}, idle=False)
        assert found.samples[LIST] == 25


@pytest.mark.parametrize(
    ("file", "where", "origin"),
    [
        ("/srv/shop/shows/views.py", "shows/views.py:12", "app"),
        (
            "/venv/lib/python3.12/site-packages/django/db/models/query.py",
            "django/db/models/query.py:12",
            "django",
        ),
        (
            "/venv/lib/python3.12/site-packages/rest_framework/fields.py",
            "rest_framework/fields.py:12",
            "library",
        ),
        ("/elsewhere/site-packages/redis/client.py", "redis/client.py:12", "library"),
        ("/usr/lib/python3.12/json/encoder.py", "json/encoder.py:12", "python"),
        ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>:12", "python"),
        ("/srv/other/checkout/money.py", "/srv/other/checkout/money.py:12", "app"),
        ("_sqlite3.cpython-312-x86_64-linux-gnu.so", "_sqlite3.cpython-312-x86_64-linux-gnu.so:12",
         "native"),
    ],
)  # fmt: skip
def test_a_file_tells_whose_code_a_function_is(file: str, where: str, origin: str):
    function = flamegraph.read_function(Frame("f", file, 12), PLACES)
    assert (function.where, function.origin) == (where, origin)


def test_a_library_in_an_environment_inside_the_project_is_not_the_app():
    places = Places(
        app=["/srv/shop"],
        django=["/srv/shop/.venv/lib/site-packages/django"],
        libraries=["/srv/shop/.venv/lib/site-packages"],
        python=["/usr/lib"],
        djtune=[],
    )
    file = "/srv/shop/.venv/lib/site-packages/redis/client.py"
    assert flamegraph.read_function(Frame("f", file, 1), places).origin == "library"


def grown(stacks: dict[Stack, float], name: str = LIST) -> Node:
    return flamegraph.grow(name, stacks, Reader(PLACES))


def names(frames) -> list[tuple[int, str, float]]:
    return [(frame.depth, frame.name, frame.value) for frame in frames]


class TestATree:
    def test_is_folded_by_function_whatever_the_line(self):
        tree = grown({("a (/srv/shop/x.py:1)", "b (/srv/shop/x.py:9)"): 2,
                      ("a (/srv/shop/x.py:1)",): 3})  # fmt: skip
        (a,) = tree.children.values()
        assert (tree.value, a.value, a.own) == (5, 5, 3)

    def test_boxes_come_from_the_root_down_the_widest_first(self):
        tree = grown({("a",): 1, ("b", "c"): 5, ("b", "d"): 3})
        assert names(flamegraph.frames(tree, least=0, most=99)) == [
            (0, LIST, 9), (1, "b", 8), (2, "c", 5), (2, "d", 3), (1, "a", 1),
        ]  # fmt: skip

    def test_narrow_boxes_are_left_out(self):
        tree = grown({("wide",): 99, ("narrow",): 1})
        assert names(flamegraph.frames(tree, least=0.02, most=99))[1:] == [(1, "wide", 99)]

    def test_only_the_widest_boxes_are_kept_beyond_a_number(self):
        tree = grown({(f"f{number}",): number for number in range(1, 100)})
        kept = flamegraph.frames(tree, least=0, most=10)
        assert len(kept) == 11
        assert min(frame.value for frame in kept) == 90

    def test_the_hottest_function_is_summed_over_all_its_boxes(self):
        tree = grown({("a", "sql"): 3, ("b", "sql"): 4, ("b",): 5})
        hot = flamegraph.hottest(tree)
        assert [(frame.name, frame.own) for frame in hot] == [("sql", 7), ("b", 5)]

    def test_a_recursion_counts_once_in_a_functions_total(self):
        (hot,) = flamegraph.hottest(grown({("f", "f", "f"): 4}))
        assert (hot.value, hot.own) == (4, 4)

    def test_a_stack_of_a_thousand_frames_is_no_problem(self):
        tree = grown({tuple(f"f{number}" for number in range(1000)): 1})
        assert len(flamegraph.frames(tree, least=0, most=9999)) == 1001


stacks = st.dictionaries(
    st.lists(st.sampled_from("abcd"), max_size=5).map(tuple),
    st.integers(min_value=1, max_value=50),
    min_size=1,
    max_size=12,
)


@given(stacks)
def test_no_sample_is_lost_or_made(found: dict[Stack, float]):
    tree = grown(found)
    total = sum(found.values())
    frames = flamegraph.frames(tree, least=0, most=10_000)
    assert frames[0].value == total
    assert sum(frame.own for frame in frames) == pytest.approx(total)
    assert sum(part.value for part in flamegraph.origins(tree)) == pytest.approx(total)
    profile = speedscope.document("t", {LIST: tree}, rate=1)["profiles"][0]
    assert sum(profile["weights"]) == pytest.approx(total)


@given(stacks, stacks, st.floats(min_value=0.01, max_value=100))
def test_merged_routes_weigh_as_the_workload_says(first, second, weight):
    trees = {LIST: grown(first), DETAIL: grown(second, DETAIL)}
    merged = flamegraph.merge("all", trees, {LIST: weight, DETAIL: 1.0})
    one, two = merged.children.values()
    assert one.value / two.value == pytest.approx(weight)
    assert merged.value == pytest.approx(trees[LIST].value + trees[DETAIL].value)


def test_a_route_without_samples_is_not_in_the_merged_graph():
    trees = {LIST: grown({("a",): 3}), DETAIL: Node(Function(DETAIL))}
    merged = flamegraph.merge("all", trees, {LIST: 1.0, DETAIL: 9.0})
    assert [child.function.name for child in merged.children.values()] == [LIST]


class TestFileNames:
    @pytest.mark.parametrize(
        ("method", "route", "file"),
        [
            ("GET", "api/shows/<int:pk>/", "GET-api-shows-pk.html"),
            ("GET", r"^api/shows/(?P<pk>[^/.]+)/$", "GET-api-shows-pk.html"),
            ("GET", r"^(?P<year>[0-9]{4})/(?P<tail>(a|b)+)/$", "GET-year-tail.html"),
            ("GET", "", "GET-root.html"),
            ("POST", "../../etc/passwd", "POST-etc-passwd.html"),
            ("GET", "café/<slug>/", "GET-caf-slug.html"),
        ],
    )
    def test_are_readable(self, method: str, route: str, file: str):
        marker = marker_name(method, route)
        assert flamegraph.file_names([marker]) == {marker: file}

    def test_differ_where_file_systems_do_not_tell_cases_apart(self):
        made = flamegraph.file_names(["GET /Shows/", "GET /shows/", "GET /shows"])
        assert list(made.values()) == ["GET-Shows.html", "GET-shows-2.html", "GET-shows-3.html"]

    @given(st.lists(st.text(), unique=True, max_size=8))
    def test_are_safe_whatever_the_route(self, routes: list[str]):
        markers = list(dict.fromkeys(marker_name("GET", route) for route in routes))
        made = flamegraph.file_names(markers)
        assert len({name.casefold() for name in made.values()}) == len(markers)
        for name in made.values():
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,90}\.html", name)
            assert name != "all.html"


@given(st.text())
def test_a_markers_name_survives_collapsed_stacks(route: str):
    name = marker_name("GET", route)
    assert ";" not in name
    assert len(f"{name} (<djtune>:1)".splitlines()) == 1


class TestSpeedscope:
    def test_has_a_named_profile_for_each_route_over_one_table_of_frames(self):
        reader = Reader(PLACES)
        trees = {
            LIST: flamegraph.grow(LIST, {(VIEW, QUERY): 6, (VIEW,): 2}, reader),
            DETAIL: flamegraph.grow(DETAIL, {(QUERY,): 4}, reader),
        }
        document = speedscope.document("shop", trees, rate=200)
        first, second = document["profiles"]
        assert (first["name"], first["type"], first["unit"]) == (LIST, "sampled", "seconds")
        assert (first["endValue"], second["endValue"]) == (0.04, 0.02)
        frames = document["shared"]["frames"]
        assert {"name": "show_list", "file": "shows/views.py", "line": 12} in frames
        assert len(frames) == 2
        shown = [[frames[place]["name"] for place in stack] for stack in first["samples"]]
        assert sorted(shown) == [["show_list"], ["show_list", "QuerySet._fetch_all"]]
