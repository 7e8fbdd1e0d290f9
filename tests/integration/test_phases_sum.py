"""Against a clock outside the agent, a request's phases are all of its time."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

import msgspec
import pytest
from site_helpers import djtune_site, environment

from djtune.workloads.file import load
from sample_site import ROOT

SECOND_CLOCK = Path(__file__).with_name("second_clock.py")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    assert djtune_site("seed", "--data", str(folder)).returncode == 0
    return folder


@pytest.mark.parametrize(("interface", "asynchronous"), [("wsgi", ""), ("asgi", ""), ("asgi", "1")])
def test_phases_sum_to_the_wall_time_on_every_route(
    data: Path, interface: str, asynchronous: str
) -> None:
    workload = msgspec.to_builtins(load(ROOT / "workload.yaml"))
    done = subprocess.run(
        [sys.executable, str(SECOND_CLOCK), interface, json.dumps(workload)],
        cwd=ROOT,
        env=environment(SITE_DATA=str(data), SITE_ASYNC=asynchronous),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) > 12
    shares = {
        route: median(phases / wall for wall, phases in pairs) for route, pairs in found.items()
    }
    assert all(0.97 <= share <= 1 for share in shares.values()), shares
