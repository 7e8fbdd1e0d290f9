"""Real gunicorn workers, forked from one of djtune's: their shares, their memory, their end."""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import PLAIN
from postgres_helpers import databases
from test_safety import WRITES, opened, rows
from test_worker import wait_until_gone
from worker_helpers import manage, project, step, workload

from djtune.errors import DjtuneError, ExitCode
from djtune.garbage.prefork_trials import PreforkBlocks, PreforkPlan, run_prefork
from djtune.model.workload import Journey, Step, Workload
from djtune.servers.prefork import FreezeIn, Served, Share, serve_shares
from djtune.servers.worker import Worker

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="PSS is told by Linux alone")


def serve(worker: Worker, *routes: str, times: int = 3, **options: Any) -> Served:
    """Have gunicorn serve each route so often in each worker."""
    steps = workload(map(step, routes))
    worker.call("open_session", workload=steps, seed=1, interface="wsgi")
    share = Share([times] * len(routes), skip=[], seed=1, **{"workers": 2, **options})
    return serve_shares(worker, share, seconds=60)


# A thread that goes on writing after its request holds SQLite against the other workers.
IN_TIME = [route for route in WRITES if route != "written-late/"]


def test_every_worker_serves_its_share_and_nothing_that_it_writes_stays(tmp_path: Path) -> None:
    manage("effects", "fill", env={"OFFICE_DATA": str(tmp_path)})
    with opened(tmp_path, interface="wsgi") as worker:
        served = serve(worker, *IN_TIME, workers=3)
        assert psutil.Process(worker.pid).children() == []
    assert len(served.collected.workers) == 3
    assert served.requests == served.ok == 3 * 3 * len(IN_TIME)
    assert rows(tmp_path) == 0


def test_every_worker_has_connections_of_its_own(tmp_path: Path) -> None:
    """Answers of PostgreSQL that several processes read from one connection would be mixed up."""
    with databases("office", "other_office") as host:
        env = {"OFFICE_DATA": str(tmp_path), "OFFICE_POSTGRES": str(host)}
        manage("effects", "fill", env=env)
        with opened(tmp_path, interface="wsgi", env=env) as worker:
            served = serve(worker, *WRITES)
    assert served.requests == served.ok == 2 * 3 * len(WRITES)


def test_the_collector_is_set_in_the_workers() -> None:
    with Worker(project("tuned")) as worker:
        served = serve(worker, "plain/", thresholds=[6000, 7, 8], freeze_in="worker")
    assert served.thresholds == [6000, 7, 8]
    assert served.frozen > 10_000


def with_ballast(freeze_in: FreezeIn) -> Served:
    with Worker(project("tuned", env={"TUNED_BALLAST": "200000"})) as worker:
        return serve(worker, "plain/", freeze_in=freeze_in)


@ON_LINUX
def test_what_is_frozen_before_the_fork_stays_shared_through_a_full_collection() -> None:
    kept, frozen, late = map(with_ballast, ("", "parent", "worker"))
    unshared = min(process.uss for process in kept.collected.workers)
    assert max(process.uss for process in frozen.collected.workers) < 0.5 * unshared
    # Collecting in the worker has unshared what it freezes.
    assert min(process.uss for process in late.collected.workers) > 0.8 * unshared
    assert frozen.collected.pss is not None
    assert kept.collected.pss is not None
    assert frozen.collected.pss < kept.collected.pss


def test_a_block_runs_every_variant(tmp_path: Path) -> None:
    asked = Workload([Journey("cyclic", [Step("cyclic/")])])
    plan = PreforkPlan(
        project("tuned"), asked, "wsgi", skip=[], counts=[4], workers=2, blocks=1, seconds=60
    )
    found = PreforkBlocks()
    run_prefork(plan, found)
    (block,) = found.blocks
    assert {arm: served.frozen > 10_000 for arm, served in block.items()} == {
        "none": False,
        "again": False,
        "worker": True,
        "parent": True,
    }
    assert {served.ok for served in block.values()} == {8}


def test_a_project_without_gunicorn_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "gunicorn").mkdir()  # an empty package hides the real one
    (tmp_path / "gunicorn" / "__init__.py").touch()
    with (
        Worker(project("tuned", pythonpath=[str(tmp_path)])) as worker,
        pytest.raises(DjtuneError, match="gunicorn is not installed for") as raised,
    ):
        serve(worker, "plain/")
    assert raised.value.hint == "pip install gunicorn"


SERVED_SECONDS = 0.2
"""CPU time by which a worker has answered: one that dies before is replaced, and nothing lost."""


def test_a_worker_that_is_killed_makes_the_run_incomplete() -> None:
    over = threading.Event()

    def kill_one(parent: int) -> None:
        while not over.wait(0.01):
            for child in psutil.Process(parent).children():
                if child.cpu_times().user > SERVED_SECONDS:
                    child.kill()
                    return

    with Worker(project("tuned")) as worker:
        killer = threading.Thread(target=kill_one, args=[worker.pid], daemon=True)
        killer.start()
        with pytest.raises(DjtuneError, match="ended before its share was done") as raised:
            serve(worker, "cyclic/", times=3000)
        over.set()
        killer.join()
    assert raised.value.exit_code == ExitCode.INCOMPLETE


SERVING = """
import sys
sys.path[:0] = sys.argv[1:3]
from test_prefork import serve
from worker_helpers import project
from djtune.servers.worker import Worker

with Worker(project("tuned")) as worker:
    print(worker.pid, flush=True)
    serve(worker, "cyclic/", times=100_000)
"""


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_djtune_is_interrupted_or_killed(by: signal.Signals) -> None:
    here = Path(__file__).parent
    djtune = subprocess.Popen(
        [sys.executable, "-c", SERVING, str(here), str(here.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PLAIN.parents[2],
    )
    assert djtune.stdout is not None
    with djtune.stdout:
        parent = psutil.Process(int(djtune.stdout.readline()))
        while len(workers := parent.children()) < 2:
            assert djtune.poll() is None
        djtune.send_signal(by)
        djtune.wait()
    wait_until_gone([parent.pid, *(worker.pid for worker in workers)])
