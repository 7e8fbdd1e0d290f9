"""``djtune profile --pid`` on real servers, and on processes that cannot be recorded."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from helpers import PROJECTS, djtune
from live_helpers import GUNICORN, LIVE, UVICORN, ask, asked, needs_reading, serving, wait_for

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.model.entries import Entry
from djtune.profiling.live import gather as live_gather
from djtune.profiling.live.assemble import assemble
from djtune.profiling.live.result import LiveResult
from djtune.servers import pyspy
from djtune.servers.pyspy import Options, PySpy
from djtune.servers.sampler import NoSamples
from djtune.servers.serving import find_workers

pytestmark = needs_reading

PROGRAM = (sys.executable, "-m", "djtune.cli")
AS_SOMEBODY = Path(__file__).with_name("as_somebody.py")
WITHOUT_PTRACE = ("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")
APP = App(directory=str(LIVE), settings="conf.settings", python=sys.executable)
BUSY = "while True: sum(range(1000))"
IDLE = "import time; time.sleep(60)"
TOLD = ["/crunch/", "/sleepy/", "/other-page/", "/search/", "/acts/", "/acts/1/", "/streamed/"]
ROUTES = {
    "crunch/",
    "sleepy/",
    "other-page/",
    "search/",
    "^acts/$",
    "^acts/(?P<pk>[^/.]+)/$",
    "streamed/",
}


@contextmanager
def running(code: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Python process that runs ``code``; yielded once its code runs."""
    process = subprocess.Popen([sys.executable, "-c", f"print(flush=True)\n{code}"], stdout=-1)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def profile(pid: int, *arguments: str):
    return djtune("profile", "--pid", str(pid), "--format", "json", *arguments, cwd=LIVE)


@pytest.fixture(scope="module")
def gunicorn():
    """A server with threads, on which each client waits for no other."""
    with serving(*GUNICORN, "--threads", "4") as server:
        yield server


@pytest.fixture(scope="module")
def entries():
    """The code of the project's routes."""
    recorded = live_gather.begin(live_gather.Request(os.getpid(), 1, Options()))
    live_gather.describe(APP, recorded)
    return recorded.entries


def watch(pid: int, entries: list[Entry], seconds: float = 3.0, **options) -> LiveResult:
    """What ``--pid`` sees in a short time, without what goes on around it."""
    options = {"rate": 100, "nonblocking": True} | options
    request = live_gather.Request(pid, seconds, Options(**options))
    recorded = live_gather.begin(request)
    recorded.entries = entries
    sampler = PySpy(request.options)
    live_gather.record(request, live_gather.find(request), sampler, recorded, lambda _: None)
    return assemble(recorded)


def told(result: LiveResult) -> dict[str, float]:
    """Route → share, of the views that the frames told."""
    return {
        route: view.share.value or 0.0
        for view in result.views
        if view.kind == "view"
        for route in view.routes
    }


class TestServers:
    @pytest.mark.parametrize(
        "command",
        [(*GUNICORN, "--workers", "2"), (*GUNICORN, "--threads", "4"), UVICORN],
        ids=["gunicorn, sync workers", "gunicorn, threads", "uvicorn"],
    )
    def test_samples_are_split_by_route(self, command, entries):
        """Each of the routes takes as long as the others, so none is missed."""
        with serving(*command) as (server, port), asked(port, TOLD, clients=2):
            result = watch(server, entries)
            children = {child.pid for child in psutil.Process(server).children()}
        assert result.complete
        assert {process.pid for process in result.processes} == (children or {server})
        assert set(told(result)) == ROUTES
        assert sum(view.samples for view in result.views) == result.samples

    def test_a_worker_may_be_named_itself(self, gunicorn):
        (worker,) = find_workers(gunicorn[0]).workers
        assert find_workers(worker).workers == [worker]

    def test_a_shell_that_started_the_server_may_be_named(self):
        script = f"{sys.executable} -c '{IDLE}' & sleep 60"
        shell = subprocess.Popen(["sh", "-c", script], start_new_session=True)
        try:
            wait_for(lambda: len(psutil.Process(shell.pid).children()) == 2)
            wait_for(lambda: _can_be_read(shell.pid))
            family = find_workers(shell.pid)
            assert [psutil.Process(pid).cmdline()[-1] for pid in family.workers] == [IDLE]
            assert family.refused == {}
        finally:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()

    def test_uvicorns_workers_are_told_from_its_helpers(self):
        with serving(*UVICORN, "--workers", "2") as (server, _):
            wait_for(lambda: len(find_workers(server).workers) == 2)
            lines = [psutil.Process(pid).cmdline() for pid in find_workers(server).workers]
            assert all("--multiprocessing-fork" in line for line in lines)

    def test_without_the_project_views_are_named_but_no_routes(self, gunicorn):
        server, port = gunicorn
        with asked(port, ["/crunch/"]):
            first = watch(server, [], seconds=1).views[0]
        assert (first.view, first.routes) == ("crunch", [])

    def test_the_lock_alone_is_sampled_with_the_server_paused(self, gunicorn, entries):
        server, port = gunicorn
        with asked(port, ["/crunch/", "/sleepy/"]):
            result = watch(server, entries, idle=False, gil=True, nonblocking=False)
        assert (result.counted, result.paused) == ("gil", True)
        # A request that sleeps holds the lock for moments only.
        assert told(result)["crunch/"] > 5 * told(result).get("sleepy/", 0.0)
        assert ask(port, "/nothing/") == 200

    def test_the_command_writes_the_result_the_page_and_the_graphs(self, gunicorn, tmp_path):
        server, port = gunicorn
        page = tmp_path / "live.html"
        files = ["--flamegraph", str(tmp_path), "--html", str(page)]
        with asked(port, ["/crunch/"]):
            done = profile(server, "--duration", "5", *files)
        assert done.exit_code == 0, done.stderr
        assert done.json["views"][0]["routes"] == ["crunch/"]
        assert "crunch" in (tmp_path / "all.html").read_text()
        assert "crunch-crunch.html" in page.read_text()
        speedscope = json.loads((tmp_path / "profile.speedscope.json").read_text())
        assert any("/crunch/" in one["name"] for one in speedscope["profiles"])


class TestEnds:
    def test_ctrl_c_gives_what_was_recorded_and_the_server_runs_on(self, gunicorn):
        server, port = gunicorn
        with asked(port, ["/crunch/"]), recording(server) as process:
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
        assert json.loads(stdout)["samples"] > 0
        assert json.loads(stdout)["complete"] is False
        assert ask(port, "/nothing/") == 200

    def test_nothing_is_left_where_djtune_is_killed(self, gunicorn, tmp_path, monkeypatch):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        server, port = gunicorn
        with recording(server) as process:
            started = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            process.communicate(timeout=60)
        assert started
        wait_for(lambda: not any(map(_runs, started)))
        wait_for(lambda: not list(tmp_path.iterdir()))
        assert ask(port, "/nothing/") == 200

    def test_a_server_that_ends_early_leaves_what_was_recorded(self):
        with (
            serving(*GUNICORN) as (server, port),
            asked(port, ["/crunch/"]),
            recording(server) as process,
        ):
            os.kill(server, signal.SIGTERM)
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == 3, stderr
        assert json.loads(stdout)["samples"] > 0
        assert any("ended early" in warning for warning in json.loads(stdout)["warnings"])


def _can_be_read(pid: int) -> bool:
    try:
        return bool(find_workers(pid).workers)
    except DjtuneError:
        return False


@contextmanager
def recording(server: int) -> Iterator["subprocess.Popen[str]"]:
    """``djtune profile --pid`` as a program of its own, once some windows are recorded."""
    process = subprocess.Popen(
        [*PROGRAM, "profile", "--pid", str(server), "--format", "json"],
        cwd=LIVE,
        env={**os.environ, "PYTHONPATH": str(PROJECTS.parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        seen: set[int] = set()

        def recorded() -> bool:
            assert process.poll() is None, process.communicate()
            children = psutil.Process(process.pid).children(recursive=True)
            seen.update(child.pid for child in children if _records(child))
            return len(seen) > 1

        wait_for(recorded, timeout=60)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _records(process: psutil.Process) -> bool:
    try:
        return process.name() == "py-spy" and "record" in process.cmdline()
    except psutil.Error:
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


class TestRefusals:
    """One clear line each."""

    def line(self, done) -> str:
        assert done.exit_code == 2
        assert done.stdout == ""
        return done.stderr.splitlines()[0]

    def test_there_is_no_such_process(self):
        with running(IDLE) as process:
            pass
        assert self.line(profile(process.pid)).endswith(
            f"no process {process.pid}, or it has ended"
        )

    def test_it_is_no_python(self):
        process = subprocess.Popen(["sleep", "60"])
        try:
            assert "(sleep) is no Python" in self.line(profile(process.pid))
        finally:
            process.kill()
            process.wait()

    @pytest.mark.skipif(os.getuid() != 0, reason="another user's process is made by root")
    def test_it_is_another_users(self):
        with running(IDLE) as process:
            refused = subprocess.run(
                [sys.executable, AS_SOMEBODY, "profile", "--pid", str(process.pid)],
                env={**os.environ, "PYTHONPATH": str(PROJECTS.parents[1])},
                capture_output=True,
                text=True,
            )
        if "py-spy is not installed" in refused.stderr:
            pytest.skip("py-spy is where no other user may go")
        assert refused.returncode == 2
        assert "another user's (root)" in refused.stderr.splitlines()[0]
        assert "sudo" in refused.stderr

    @pytest.mark.skipif(os.getuid() != 0, reason="capabilities are taken away by root")
    def test_root_without_the_capability_is_told_which_one(self):
        shown = Path("/proc/self/status").read_text() if Path("/proc/self/status").exists() else ""
        capable = "CapEff:" in shown and int(shown.split("CapEff:")[1].split()[0], 16) & 1 << 19
        if not capable or subprocess.run(["setpriv", "--version"]).returncode:
            pytest.skip("the capability is not there to be taken away")
        with running(IDLE) as process:
            refused = subprocess.run(
                [*WITHOUT_PTRACE, *PROGRAM, "profile", "--pid", str(process.pid)],
                env={**os.environ, "PYTHONPATH": str(PROJECTS.parents[1])},
                capture_output=True,
                text=True,
            )
        assert refused.returncode == 2
        assert "CAP_SYS_PTRACE" in refused.stderr.splitlines()[0]

    def test_py_spy_is_not_installed(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        done = profile(os.getpid())
        assert self.line(done) == "error: py-spy is not installed"
        assert "pip install 'djtune[flamegraph]'" in done.stderr

    @pytest.mark.parametrize(
        "given",
        [
            ["/crunch/"],
            ["--trials", "3"],
            ["--as", "alice"],
            ["--budget", "queries<3"],
            ["--fail-on", "high"],
            ["--strict"],
            ["--native"],
            ["--gil", "--idle"],
        ],
        ids=" ".join,
    )
    def test_options_that_make_no_sense_for_a_running_server(self, given):
        assert given[0].strip("/") in self.line(profile(1, *given)).lower() or given == ["/crunch/"]

    def test_djtune_is_no_worker_of_the_shell_that_runs_it(self):
        shell = shlex.join([*PROGRAM, "profile", "--duration", "5", "--pid"]) + " $$; exit $?"
        refused = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, cwd=LIVE)
        assert refused.returncode == 2
        assert "Python" in refused.stderr.splitlines()[0]

    def test_pausing_needs_something_to_pause(self):
        assert "--pid" in djtune("profile", "--pause-target", cwd=LIVE).stderr


class TestSampler:
    def test_a_recording_holds_the_stacks_of_its_time(self):
        sampler = PySpy(Options(rate=100))
        with running(f"def busy():\n    {BUSY}\nbusy()") as process:
            sampler.start(process.pid, 60)
            time.sleep(0.5)
            recording = sampler.collect()
            assert process.poll() is None
        assert recording.samples == sum(recording.stacks.values()) > 0
        assert any(any(frame.startswith("busy ") for frame in stack) for stack in recording.stacks)
        assert recording.exited is False

    def test_one_after_the_other(self):
        sampler = PySpy(Options(nonblocking=True))
        with running(BUSY) as process:
            for _ in range(2):
                sampler.start(process.pid)
                time.sleep(0.3)
                assert sampler.collect().samples > 0

    def test_no_sample_is_an_error(self):
        sampler = PySpy(Options(gil=True, idle=False))
        with running(IDLE) as process:
            sampler.start(process.pid)
            time.sleep(0.3)
            with pytest.raises(NoSamples, match="no stack was seen"):
                sampler.collect()

    def test_the_end_of_the_target_is_told_and_its_stacks_are_kept(self):
        sampler = PySpy(Options(rate=100))
        with running(BUSY) as process:
            sampler.start(process.pid)
            time.sleep(0.3)
            process.kill()
            process.wait()
            wait_for(lambda: sampler._guardian.poll() is not None)
            recording = sampler.collect()
        assert recording.exited
        assert recording.samples > 0

    def test_a_process_that_is_not_there_cannot_be_started_on(self):
        with running(IDLE) as process:
            pass
        with pytest.raises(DjtuneError, match="there is no process"):
            PySpy().start(process.pid)

    def test_the_probe_reads_no_variables(self):
        with running("secret = 'hunter2'\n" + IDLE) as process:
            threads = pyspy.probe(process.pid)
        assert "hunter2" not in repr(threads)
        assert [frame.name for thread in threads for frame in thread.frames] == ["<module>"]


def test_the_code_of_routes_is_described(entries):
    found = {entry.route: entry for entry in entries}
    views = "stage/views.py"
    assert found["crunch/"].functions == (("crunch", views),)
    assert ("Page.get", views) in found["other-page/"].functions
    assert ("Page.work", views) not in found["other-page/"].methods
    assert found["^acts/$"].functions == (("Acts.list", views),)
    assert ("ListAPIView.get", "rest_framework/generics.py") in found["listed/"].functions
