"""Flame graphs of real workers: the request's whole stack, whoever serves it, and its share."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from flame_helpers import Seen, record, skip_where_refused
from helpers import Outcome, djtune
from profile_helpers import profiling, seeded_shop
from worker_helpers import manage, project

from djtune.errors import DjtuneError, ExitCode
from djtune.model.app import App
from djtune.profiling.result import ProfileResult
from djtune.servers import ptrace
from djtune.servers.pyspy import PySpy
from djtune.servers.sampler import Recording

REPOSITORY = Path(__file__).parents[2]
STACKS = {
    "waiting/": ("waiting", "sleep"),
    "bridge/": ("bridge", "sleep_and_work", "burn"),
    "streamed/": ("parts", "burn"),
    "async/waiting/": ("waiting", "sleep", "select"),
    "async/work-in-hop/": ("work_in_hop", "burn"),
    "async/work-in-thread/": ("work_in_thread", "burn"),
}
"""Route → functions that call one another, though in different threads; time goes into the last."""


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    env = {"LAB_DATA": str(tmp_path_factory.mktemp("lab"))}
    manage("phases", "fill", env=env)
    app = project("phases", interface=request.param, env=env)
    skip_where_refused(app)
    return record(app, list(STACKS), seconds=3)


@pytest.mark.parametrize("route", STACKS)
def test_a_stack_reads_whole_however_often_the_request_changes_thread(seen: Seen, route: str):
    assert seen.below(route, *STACKS[route]) > 0.9


def test_shares_of_samples_are_those_of_wall_time(seen: Seen):
    for route in STACKS:
        assert seen.share(route) == pytest.approx(seen.wall_share(route), abs=0.12), route


def test_nothing_of_djtunes_is_on_the_stacks(seen: Seen):
    frames = {text for stacks in seen.split.routes.values() for stack in stacks for text in stack}
    assert frames
    assert not [text for text in frames if "/djtune/agent/" in text or "<djtune>" in text]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeded_shop(tmp_path_factory.mktemp("flames"))


def app_of(shop: Path) -> App:
    return App(directory=str(shop), settings="conf.settings", python=sys.executable)


ROUTES = ("shop/", "shop/products/<slug:slug>/", "api/search/")
SHORT = ("--duration", "5", "--trials", "1", "--format", "json")


@pytest.fixture(scope="module")
def profiled(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    skip_where_refused(app_of(shop))
    folder = tmp_path_factory.mktemp("pages") / "flames"
    report = folder.parent / "report.html"
    options = (*SHORT, "--flamegraph", folder, "--html", report)
    return djtune("profile", *ROUTES, *options, cwd=shop), folder


class TestTheCommand:
    def test_tells_samples_beside_wall_time(self, profiled: tuple[Outcome, Path]):
        outcome, folder = profiled
        assert outcome.exit_code == ExitCode.DONE, outcome.stderr
        flames = msgspec.json.decode(outcome.stdout, type=ProfileResult).flamegraphs
        assert flames is not None
        assert {f"{route.method} {route.route}" for route in flames.routes} == {
            f"GET /{route}" for route in ROUTES
        }
        assert flames.samples > 100
        assert flames.folder == str(folder)
        assert sum(route.share for route in flames.routes) == pytest.approx(1)
        assert sum(route.wall_share for route in flames.routes) == pytest.approx(1)

    def test_writes_a_page_for_each_route_one_of_all_and_a_file_for_speedscope(
        self, profiled: tuple[Outcome, Path]
    ):
        _, folder = profiled
        assert {file.name for file in folder.iterdir()} == {
            "all.html",
            "GET-shop.html",
            "GET-shop-products-slug.html",
            "GET-api-search.html",
            "profile.speedscope.json",
        }
        page = (folder / "GET-api-search.html").read_text()
        assert "catalogue/views.py" in page
        assert 'href="all.html"' in page
        assert "https://" not in page
        profiles = json.loads((folder / "profile.speedscope.json").read_text())["profiles"]
        names = {one["name"] for one in profiles}
        assert names == {"all routes", *(f"GET /{route}" for route in ROUTES)}

    def test_the_report_links_the_pages(self, profiled: tuple[Outcome, Path]):
        _, folder = profiled
        report = (folder.parent / "report.html").read_text()
        assert 'href="flames/GET-api-search.html"' in report
        assert 'class="flame-boxes"' in report


def refused(outcome: Outcome) -> str:
    assert (outcome.exit_code, outcome.stdout) == (ExitCode.USAGE, "")
    line, *hints = outcome.stderr.splitlines()
    assert len(hints) <= 1
    return line.removeprefix("error: ")


class TestBeforeAnythingIsMeasured:
    def test_contradictions_are_refused(self, shop: Path, tmp_path: Path):
        both = djtune("profile", "--gil", "--idle", "--flamegraph", tmp_path, cwd=shop)
        assert refused(both).startswith("--gil and --idle contradict each other")
        assert refused(djtune("profile", "--rate", "9", cwd=shop)) == "--rate is about flame graphs"
        line = refused(djtune("profile", "--no-idle", cwd=shop))
        assert line == "--idle/--no-idle is about flame graphs"

    def test_so_is_a_folder_with_files_of_somebody_else(self, shop: Path, tmp_path: Path):
        (tmp_path / "all.html").write_text("mine")
        line = refused(djtune("profile", "--flamegraph", tmp_path, cwd=shop))
        assert "djtune did not make it" in line

    def test_a_missing_pyspy_is_said_with_the_way_to_get_it(
        self, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        outcome = djtune("profile", "--flamegraph", tmp_path, cwd=shop, env={"PATH": ""})
        assert refused(outcome) == "py-spy is not installed"
        assert "pip install 'djtune[flamegraph]'" in outcome.stderr


@pytest.mark.slow
def test_a_kernel_that_refuses_leaves_the_rest_of_the_profile(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(self: PySpy, pid: int, seconds: float | None = None) -> None:
        raise ptrace.refusal(pid, said="permission denied")

    monkeypatch.setattr(PySpy, "start", refuse)
    outcome = djtune("profile", "shop/", "--flamegraph", tmp_path, *SHORT, cwd=shop)
    assert outcome.exit_code == ExitCode.DONE
    result = msgspec.json.decode(outcome.stdout, type=ProfileResult)
    assert result.complete
    assert result.routes
    assert result.flamegraphs is None
    assert any("cannot be read" in warning for warning in result.warnings)
    assert [line for line in outcome.stderr.splitlines() if line.startswith("warning: ")]
    assert list(tmp_path.iterdir()) == []


class Killer:
    """A sampler whose process does not live long."""

    def start(self, pid: int, seconds: float | None = None) -> None:
        os.kill(pid, signal.SIGKILL)

    def collect(self) -> Recording:
        raise DjtuneError("there is no process, or it has ended")


def test_a_worker_that_ends_early_is_said_in_one_line(shop: Path):
    with pytest.raises(DjtuneError, match="SIGKILL during replay_marked") as raised:
        record(app_of(shop), ["shop/"], seconds=1, sampler=Killer())
    assert raised.value.exit_code == ExitCode.INCOMPLETE


@pytest.mark.slow
def test_ctrl_c_while_recording_leaves_the_profile_and_no_process(shop: Path, tmp_path: Path):
    skip_where_refused(app_of(shop))
    with profiling(shop, "shop/", "--flamegraph", str(tmp_path), *SHORT) as run:
        recorder = wait_for_pyspy(run.process.pid)
        run.process.send_signal(signal.SIGINT)
        code, stdout, stderr = run.finish()
    assert code == ExitCode.INTERRUPTED, stderr
    result = msgspec.json.decode(stdout, type=ProfileResult)
    assert result.routes
    assert result.flamegraphs is None
    psutil.wait_procs([recorder], timeout=20)
    assert not recorder.is_running()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_shares_agree_within_three_points_from_five_thousand_samples():
    outcome = subprocess.run(
        [sys.executable, "-m", "benchmarks.flamegraph"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout


def wait_for_pyspy(pid: int, timeout: float = 90) -> psutil.Process:
    """The py-spy that a process started."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for child in psutil.Process(pid).children(recursive=True):
            try:
                if "py-spy" in child.name():
                    return child
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    raise AssertionError("nothing was recorded")
