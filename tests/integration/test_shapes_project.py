"""The project of N+1 shapes is what ``shapes.py`` says that it is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import PROJECTS
from projects.shapes.shapes import HEALTHY, N_PLUS_ONE, SHAPES, Shape, places

PROJECT = PROJECTS / "shapes"
ASK = """\
import json, sys
from collections import Counter

import django
django.setup()

from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import Client

made = []

def note(execute, sql, params, many, context):
    made.append(sql)
    return execute(sql, params, many, context)

def watch(connection, **kwargs):
    if note not in connection.execute_wrappers:
        connection.execute_wrappers.append(note)

def ask(path, **query):
    made.clear()
    response = Client().get(path, query)
    if response.streaming:
        response.getvalue()
    return [response.status_code, len(made), max(Counter(made).values(), default=0)]

connection_created.connect(watch)
connection.ensure_connection()
asked = {}
for path in sys.argv[1:]:
    ask(path)
    asked[path] = [*ask(path), *ask(path, page_size=60)]
print(json.dumps(asked))
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Path → status, queries, most of one statement; and the same of a page twice as long."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "conf.settings",
        "SHAPES_DATABASE": str(tmp_path_factory.mktemp("shapes") / "shapes.sqlite3"),
    }
    _python("manage.py", "fill", env=env)
    return json.loads(_python("-c", ASK, *(shape.path for shape in SHAPES), env=env))


def _python(*arguments: str, env: dict[str, str]) -> Any:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=env, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def each(shapes: tuple[Shape, ...]) -> Any:
    return pytest.mark.parametrize("shape", shapes, ids=lambda shape: shape.name)


@each(SHAPES)
class TestAPage:
    def test_makes_the_queries_that_are_written_down(
        self, asked: dict[str, list[int]], shape: Shape
    ) -> None:
        status, queries, _, status_of_longer, of_longer, _ = asked[shape.path]
        assert (status, status_of_longer) == (200, 200)
        assert (queries, of_longer) == (shape.queries, shape.doubled)


@each(N_PLUS_ONE)
class TestAnNPlusOne:
    def test_asks_one_statement_again_and_again(
        self, asked: dict[str, list[int]], shape: Shape
    ) -> None:
        _, queries, most, *_ = asked[shape.path]
        assert most >= 10
        assert sum(site.count for site in shape.sites) < queries

    def test_has_every_place_marked(self, shape: Shape) -> None:
        for site in shape.sites:
            file, _, line = site.where.rpartition(":")
            marked = (PROJECT / file).read_text().splitlines()[int(line) - 1]
            assert f"site: {site.mark}" in marked
            assert Path(file).suffix == (".html" if site.kind == "template" else ".py")

    def test_has_a_queryset_to_mend_where_a_relation_is_the_remedy(self, shape: Shape) -> None:
        for site in shape.sites:
            assert site.queryset or not any("related(" in remedy for remedy in site.remedies)


# Savepoints are no questions, and chunks are not rows.
GROWING = ("savepoints", "iterator", "batched-prefetch")


@each(tuple(shape for shape in HEALTHY if shape.name not in GROWING))
def test_a_look_alike_makes_no_more_queries_for_more_rows(
    asked: dict[str, list[int]], shape: Shape
) -> None:
    _, queries, _, _, of_longer, _ = asked[shape.path]
    assert of_longer == queries


def test_no_mark_is_left_over() -> None:
    marks = {site.mark for shape in SHAPES for site in shape.sites}
    assert set(places("site")) == marks
    assert set(places("via")) <= marks
    assert set(places("queryset")) <= marks


def test_every_route_is_described() -> None:
    routes = (PROJECT / "conf" / "urls.py").read_text().count("    path(")
    assert routes == len(SHAPES) == len({shape.name for shape in SHAPES})
