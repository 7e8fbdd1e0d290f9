"""``djtune profile`` against the past: an earlier run's file, and another checkout."""

import contextlib
import json
import shutil
import signal
import sqlite3
from pathlib import Path

import msgspec
import pytest
from helpers import Outcome, djtune
from profile_helpers import profiling, seeded_shop

from djtune.errors import ExitCode
from djtune.profiling.comparison.result import Comparison, RouteChange
from djtune.profiling.result import ProfileResult

WITH_N_PLUS_1 = "shop/categories/<slug:category>/products/"
BURNING = "shop/orders/<uuid:order_id>/"
ADD = "shop/basket/add/"
ROUTES = (f"/{WITH_N_PLUS_1}", f"/{BURNING}", "/shop/orders/on/*")
SHORT = ("--duration", "5", "--trials", "2")
THREE_BLOCKS = ("--duration", "5", "--trials", "3")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded_shop(tmp_path_factory.mktemp("before"))


def copied(project: Path, folder: Path) -> Path:
    """Another checkout, with the same rows in its database."""
    return Path(shutil.copytree(project, folder / "shop"))


@pytest.fixture(scope="module")
def alike(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(before, tmp_path_factory.mktemp("alike"))


@pytest.fixture(scope="module")
def worse(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One view has an N+1, another takes the processor for many times as long."""
    project = copied(before, tmp_path_factory.mktemp("worse"))
    views = project / "catalogue" / "views.py"
    source = views.read_text(encoding="utf-8")
    changes = {
        '"products": list(found.product_set.values_list("slug", flat=True))': (
            '"products": [Product.objects.get(pk=p.pk).slug for p in found.product_set.all()]'
        ),
        "    return HttpResponse(str(get_order(order_id).day))": (
            "    sum(number * number for number in range(400_000))\n"
            "    return HttpResponse(str(get_order(order_id).day))"
        ),
    }
    for old, new in changes.items():
        assert old in source
        source = source.replace(old, new)
    views.write_text(source, encoding="utf-8")
    return project


def compared(outcome: Outcome) -> Comparison:
    result = msgspec.json.decode(outcome.stdout, type=ProfileResult)
    assert result.comparison is not None, outcome.stderr
    return result.comparison


def by_route(comparison: Comparison) -> dict[str, RouteChange]:
    return {route.route: route for route in comparison.routes}


def counters(route: RouteChange) -> dict[str, str]:
    return {change.counter: change.verdict for change in route.counters}


def times(route: RouteChange) -> dict[str, str]:
    return {time.tier: time.verdict for time in route.times}


@pytest.fixture(scope="module")
def unchanged(before: Path, alike: Path) -> Outcome:
    """A run in a checkout that is like the baseline."""
    baseline = ("--baseline-dir", before, "--fail-on", "regression", "--format", "json")
    return djtune("profile", *ROUTES, *baseline, *SHORT, cwd=alike)


@pytest.mark.timeout(300)  # a dozen processes or more, which a busy machine starts slowly
class TestAnotherCheckout:
    def test_a_copy_shows_no_difference(self, unchanged: Outcome) -> None:
        assert unchanged.exit_code == ExitCode.DONE, unchanged.stderr
        comparison = compared(unchanged)
        assert comparison.blocks == 2
        assert len(comparison.routes) == 3
        for route in comparison.routes:
            assert counters(route) | {"collections": "", "gzip": ""} == {
                "queries": "same",
                "bytes": "same",
                "hops": "same",
                "collections": "",
                "gzip": "",
            }
            # Of two blocks on a busy machine there may be nothing to tell.
            assert set(times(route).values()) <= {"no difference shown", "can't tell"}
        assert comparison.one_sided == []
        assert comparison.warnings == []
        assert "2 blocks of three fresh processes" in unchanged.stderr

    def test_what_got_worse_is_found_with_its_route_and_nothing_else(
        self, before: Path, worse: Path
    ) -> None:
        options = ("--baseline-dir", before, "--fail-on", "regression", "--format", "json")
        outcome = djtune("profile", *ROUTES, *options, *THREE_BLOCKS, cwd=worse)
        assert outcome.exit_code == ExitCode.BREACHED, outcome.stderr
        routes = by_route(compared(outcome))
        assert counters(routes[WITH_N_PLUS_1])["queries"] == "more"
        queries = routes[WITH_N_PLUS_1].counters[0]
        assert (queries.before.value, queries.after.value) == (2, 14)
        assert counters(routes[BURNING])["queries"] == "same"
        assert times(routes[BURNING])["cpu"] == "slower"
        untouched = routes["shop/orders/on/<isodate:day>/"]
        assert (untouched.verdict, times(untouched)["cpu"]) == (
            "no difference shown",
            "no difference shown",
        )
        assert f"breached: worse than before: GET /{BURNING}: slower by" in outcome.stderr
        assert f"breached: worse than before: GET /{WITH_N_PLUS_1}: queries 2" in outcome.stderr
        titles = [finding["title"] for finding in outcome.json["findings"]]
        assert sum("got worse" in title for title in titles) == 2

    def test_what_cannot_be_undone_in_the_baseline_is_asked_for_in_neither(
        self, alike: Path, before: Path, tmp_path: Path
    ) -> None:
        unproven = copied(before, tmp_path)
        with contextlib.closing(sqlite3.connect(unproven / "shop.sqlite3")) as database:
            database.execute("DROP TABLE django_migrations")
        steps = {
            "front": {"route": "shop/"},
            "add": {"route": ADD, "method": "POST", "unsafe": True},
        }
        journeys = [{"name": name, "steps": [step]} for name, step in steps.items()]
        workload = tmp_path / "workload.yaml"
        workload.write_text(json.dumps({"version": 1, "journeys": journeys}))
        options = ("--workload", workload, "--baseline-dir", unproven, "--format", "json")
        outcome = djtune("profile", *options, "--duration", "5", "--trials", "1", cwd=alike)
        assert [route.route for route in compared(outcome).routes] == ["shop/"]
        (refused,) = outcome.json["unmeasured"]
        assert (refused["route"], refused["why"]) == (ADD, "unsafe")
        assert "could not be proven" in refused["detail"]

    def test_ctrl_c_leaves_the_blocks_that_were_done_and_no_process(
        self, before: Path, alike: Path
    ) -> None:
        options = ("--baseline-dir", str(before), "--format", "json", "--duration", "60")
        with profiling(alike, "/shop/", *options) as run:
            # One worker looks at each checkout; three make a block.
            run.wait_for_trial(2 + 3)
            run.process.send_signal(signal.SIGINT)
            exit_code, stdout, stderr = run.finish()
            assert not any(worker.is_running() for worker in run.started)
        assert exit_code == ExitCode.INTERRUPTED, stderr
        result = msgspec.json.decode(stdout, type=ProfileResult)
        assert result.complete is False
        assert result.comparison is not None
        assert result.comparison.blocks == 1

    def test_a_checkout_without_its_database_is_refused_in_one_line(
        self, alike: Path, before: Path, tmp_path: Path
    ) -> None:
        empty = copied(before, tmp_path)
        (empty / "shop.sqlite3").unlink()
        outcome = djtune("profile", *ROUTES, "--baseline-dir", empty, cwd=alike)
        assert outcome.exit_code == ExitCode.USAGE
        assert f"error: the baseline {empty}" in outcome.stderr
        assert "it needs the same database" in outcome.stderr

    def test_a_checkout_that_cannot_be_loaded_is_refused_in_one_line(
        self, alike: Path, before: Path, tmp_path: Path
    ) -> None:
        broken = copied(before, tmp_path)
        (broken / "conf" / "urls.py").write_text("import nothing_there\n")
        outcome = djtune("profile", *ROUTES, "--baseline-dir", broken, cwd=alike)
        assert outcome.exit_code == ExitCode.USAGE
        (line,) = [line for line in outcome.stderr.splitlines() if line.startswith("error: ")]
        assert line.startswith(f"error: the baseline {broken}: ")
        assert "Traceback" not in outcome.stderr


@pytest.mark.timeout(300)
class TestAFile:
    def test_counters_are_judged_and_github_gets_the_views_line(
        self, unchanged: Outcome, worse: Path, tmp_path: Path
    ) -> None:
        file = tmp_path / "before.json"
        file.write_text(unchanged.stdout, encoding="utf-8")
        options = ("--compare", file, "--fail-on", "regression", "--format", "github", *SHORT)
        budget = ("--budget", "queries<2")
        outcome = djtune("profile", *ROUTES, *options, *budget, cwd=worse)
        assert outcome.exit_code == ExitCode.BREACHED, outcome.stderr
        (found,) = [line for line in outcome.stdout.splitlines() if "got worse" in line]
        line = (
            (worse / "catalogue" / "views.py")
            .read_text()
            .splitlines()
            .index("def products_in(request, category):")
        )
        assert f"file=catalogue/views.py,line={line + 1}" in found
        assert "queries 2 → 14" in found
        (breached,) = [text for text in outcome.stdout.splitlines() if "::error" in text]
        assert f"file=catalogue/views.py,line={line + 1}" in breached

    def test_it_is_read_before_anything_is_measured(self, before: Path, tmp_path: Path) -> None:
        file = tmp_path / "before.json"
        file.write_text('{"schema_version": 2}')
        outcome = djtune("profile", "--compare", file, cwd=before)
        assert outcome.exit_code == ExitCode.USAGE
        assert "has version 2 of the result, this djtune reads 1" in outcome.stderr
        assert "Plan" not in outcome.stderr


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--fail-on", "regression"), "has nothing to compare with"),
        (("--compare", "a.json", "--baseline-dir", "b"), "are two pasts"),
        (("--baseline-dir", "nowhere"), "is no folder"),
        (("--baseline-dir", "."), "is not another checkout"),
        (("--compare", "nowhere.json"), "No such file"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    before: Path, options: tuple[str, ...], why: str
) -> None:
    outcome = djtune("profile", *options, cwd=before)
    assert outcome.exit_code == ExitCode.USAGE
    assert why in outcome.stderr
    assert outcome.stdout == ""


def test_a_default_in_pyproject_lets_runs_that_compare_nothing_be(before: Path) -> None:
    file = before / "pyproject.toml"
    file.write_text('[tool.djtune]\nfail-on = "regression"\n')
    try:
        outcome = djtune("profile", "/nowhere/", cwd=before)
    finally:
        file.unlink()
    assert "no route matches '/nowhere/'" in outcome.stderr
