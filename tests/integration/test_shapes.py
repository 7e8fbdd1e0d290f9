"""Every shape of N+1 is found at its line with a remedy that fits; healthy look-alikes are not."""

import os
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest
from helpers import PROJECTS

from djtune.model.app import App
from djtune.model.workload import Journey, Step, Workload
from djtune.profiling.queries import judge, merge_steps
from djtune.profiling.query_group import QueryGroup
from djtune.profiling.remedies import remedy_for
from djtune.servers.worker import Worker

PROJECT = PROJECTS / "shapes"
sys.path.insert(0, str(PROJECT))
from shapes import HEALTHY, N_PLUS_ONE, SHAPES, Shape, Site  # noqa: E402

sys.path.remove(str(PROJECT))
DJANGO = (5, 2)


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[QueryGroup]]:
    """Shape → its groups of queries."""
    env = {"SHAPES_DATABASE": str(tmp_path_factory.mktemp("shapes") / "shapes.sqlite3")}
    fill = [sys.executable, "manage.py", "fill"]
    subprocess.run(fill, cwd=PROJECT, env={**os.environ, **env}, check=True)
    found = {}
    for interface in ("wsgi", "asgi"):
        shapes = [shape for shape in SHAPES if shape.interface == interface]
        app = App(str(PROJECT), "conf.settings", sys.executable, env=env)
        found.update(dict(_study(app, interface, shapes)))
    return found


def _study(app: App, interface: str, shapes: list[Shape]) -> Iterator[tuple[str, list[QueryGroup]]]:
    workload = Workload([Journey(s.name, [Step(s.path.lstrip("/"))]) for s in shapes])
    with Worker(app) as worker:
        worker.call(
            "open_session", workload=msgspec.to_builtins(workload), seed=1, interface=interface
        )
        classes = worker.call("class_steps", skip=[])
        assert {entry["class"] for entry in classes} == {"ok"}
        studies = worker.call("study_queries", skip=[], rounds=2, seconds=60)
    for study in studies:
        yield shapes[study["step"]].name, judge(merge_steps([study]), 1.0)


def _at(site: Site, groups: list[QueryGroup]) -> list[QueryGroup]:
    return [group for group in groups if group.site.where == site.where]


@pytest.mark.parametrize("shape", N_PLUS_ONE, ids=lambda shape: shape.name)
def test_each_n_plus_one_is_found_at_its_line(
    shape: Shape, studied: dict[str, list[QueryGroup]]
) -> None:
    groups = studied[shape.name]
    for site in shape.sites:
        found = [group for group in _at(site, groups) if group.verdict == "n+1"]
        assert found, [(group.verdict, group.site, group.count) for group in groups]
        assert sum(group.count for group in found) == site.count
        assert {group.site.kind for group in found} == {site.kind}
        if site.remedies:
            said = [remedy_for(group, DJANGO) for group in found]
            assert any(remedy in text for remedy in site.remedies for text in said), said
        if site.queryset:
            assert any(site.queryset in remedy_for(group, DJANGO) for group in found)


@pytest.mark.parametrize("shape", N_PLUS_ONE, ids=lambda shape: shape.name)
def test_nothing_else_of_its_page_is_called_one(
    shape: Shape, studied: dict[str, list[QueryGroup]]
) -> None:
    wheres = {site.where for site in shape.sites}
    others = [group for group in studied[shape.name] if group.site.where not in wheres]
    assert [group.site.where for group in others if group.verdict == "n+1"] == []


@pytest.mark.parametrize("shape", HEALTHY, ids=lambda shape: shape.name)
def test_healthy_look_alikes_are_not_called_one(
    shape: Shape, studied: dict[str, list[QueryGroup]]
) -> None:
    groups = studied[shape.name]
    assert [group.site.where for group in groups if group.verdict == "n+1"] == []
    for site in shape.sites:
        assert {group.verdict for group in _at(site, groups)} == {shape.verdict}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_query_is_seen(shape: Shape, studied: dict[str, list[QueryGroup]]) -> None:
    control = 61 if shape.name == "savepoints" else 0  # transaction control is no query
    assert sum(group.count for group in studied[shape.name]) == shape.queries - control
