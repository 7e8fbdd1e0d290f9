"""Is the price of a repeated query right? Predicted against measured, on the sample site.

``djtune profile`` prices what a journey asks for again as an estimate. Here the estimate is made
with the site's profile cache off, and then the launch journey is timed with it off and on, in
interleaved fresh processes. The cache's own reads are in the measured saving and not in the
estimate. The saving is measured in CPU time, which a busy machine disturbs least.

Needs the ``site`` extra and a redis-server or valkey-server on PATH. Run it from the repository::

    python -m benchmarks.repeats [--blocks 10] [--seconds 4]
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean, median

import msgspec

from djtune.experiments.intervals import mean_interval
from djtune.model.app import App
from djtune.model.samples import Sample
from djtune.model.workload import Workload
from djtune.profiling.repeats import price_repeats
from djtune.servers.redis import redis_server
from djtune.servers.worker import Worker
from djtune.workloads.file import load
from sample_site import ROOT

JOURNEY = "launch"


def main() -> None:
    """Print the prediction beside the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=10, help="pairs of processes")
    parser.add_argument("--seconds", type=float, default=4.0, help="measuring time of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, redis_server() as redis:
        subprocess.run(
            [sys.executable, "-m", "djtune.cli", "site", "seed", "--size", "small", "--data", data],
            check=True,
        )
        apps = [_app(data, redis, cache) for cache in (False, True)]
        workload = _launch_only()
        _print(workload, apps, options.blocks, options.seconds)


def _app(data: str, redis: str, cache: bool) -> App:
    return App(
        directory=str(ROOT),
        settings="streaming.settings",
        python=sys.executable,
        env={"SITE_DATA": data, "REDIS_URL": redis, "SITE_PROFILE_CACHE": "1" if cache else "0"},
    )


def _launch_only() -> Workload:
    workload = load(Path(ROOT) / "workload.yaml")
    journeys = [journey for journey in workload.journeys if journey.name == JOURNEY]
    return msgspec.structs.replace(workload, journeys=journeys)


def _print(workload: Workload, apps: list[App], blocks: int, seconds: float) -> None:
    before = _samples(apps[0], workload, seconds, seed=1)
    repeats = price_repeats(workload, _repeats(apps[0], workload), before)
    predicted = sum(repeat.seconds for repeat in repeats)
    dice = random.Random(1)
    saved: list[float] = []
    for block in range(blocks):
        means = {}
        for variant in dice.sample((0, 1), 2):
            samples = _samples(apps[variant], workload, seconds, seed=2 + block)
            means[variant] = _cpu_seconds(samples)
        saved.append(means[0] - means[1])
        print(f"block {block + 1}: saved {1000 * saved[-1]:.2f} ms", file=sys.stderr)
    measured = mean_interval(saved)
    whole = _cpu_seconds(before)
    print(f"journey {JOURNEY!r}: {1000 * whole:.1f} ms of CPU time, {len(before)} requests")
    print(f"predicted saving  {1000 * predicted:.2f} ms ({len(repeats)} repeated queries)")
    print(
        f"measured saving   {1000 * measured.value:.2f} ms "
        f"[{1000 * measured.low:.2f} to {1000 * measured.high:.2f}], {blocks} blocks"
    )
    print(f"predicted over measured: {predicted / fmean(saved):.2f}")


def _cpu_seconds(samples: list[Sample]) -> float:
    """CPU time of one journey: the median of each step, summed."""
    steps = {sample.step for sample in samples}
    return sum(
        median(s.cpu for s in samples if s.step == step and not s.cold) / 1e9 for step in steps
    )


def _open(worker: Worker, workload: Workload, seed: int) -> None:
    worker.call("open_session", workload=msgspec.to_builtins(workload), seed=seed, interface="wsgi")


def _samples(app: App, workload: Workload, seconds: float, seed: int) -> list[Sample]:
    rows: list[list[object]] = []
    with Worker(app) as worker:
        _open(worker, workload, seed)
        worker.call(
            "run_trial", on_part=rows.extend, counts=[10_000], skip=[], seed=seed, seconds=seconds
        )
    return msgspec.convert(rows, list[Sample])


def _repeats(app: App, workload: Workload) -> list[dict[str, object]]:
    with Worker(app) as worker:
        _open(worker, workload, seed=1)
        found: list[dict[str, object]] = worker.call("find_repeats", skip=[], times=3)
    return [entry for entry in found if entry["kind"] == "query"]


if __name__ == "__main__":
    main()
