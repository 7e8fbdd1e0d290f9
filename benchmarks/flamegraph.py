"""Do the shares of a flame graph's samples agree with shares of wall time?

    python -m benchmarks.flamegraph [--data DIR] [--seconds 40] [--rate 200]

Records the sample site as it is shipped, under WSGI and under ASGI, and holds each route's share of
the samples against its share of the wall time that the replay measures meanwhile. Exits with 1
where they differ by more than 3 points, or where there are fewer than 5,000 samples in requests.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from msgspec import Struct

from djtune.model.app import App
from djtune.model.workload import Workload
from djtune.profiling import gather
from djtune.profiling.flames import drawing, recording
from djtune.profiling.plan import Budget
from djtune.profiling.result import Flamegraphs
from djtune.servers.pyspy import Options, PySpy
from djtune.workloads.file import load

REPOSITORY = Path(__file__).resolve().parents[1]
SITE = REPOSITORY / "sample_site"
SAMPLES = 5_000
POINTS = 3.0


class Agreement(Struct):
    """Shares of one recording held against the wall time."""

    result: Flamegraphs

    @property
    def apart(self) -> float:
        """Percentage points between the two shares of the route that differs most."""
        return max(100 * abs(route.share - route.wall_share) for route in self.result.routes)

    @property
    def enough(self) -> bool:
        """There are the samples that a verdict needs."""
        return self.result.samples >= SAMPLES


def site(data: Path, interface: Literal["wsgi", "asgi"]) -> App:
    """The sample site over its data."""
    return App(
        directory=str(SITE),
        settings="streaming.settings",
        python=sys.executable,
        interface=interface,
        env={"SITE_DATA": str(data)},
    )


def agreement(app: App, workload: Workload, seconds: float, rate: int) -> Agreement:
    """Replay the workload under the sampler for so many seconds."""
    request = gather.Request(
        app=app,
        budget=Budget(seconds, 1),
        workload=workload,
        patterns=[],
        sign_in=None,
        unsafe=False,
        seed=1,
    )
    gathered = gather.Gathered()
    gather.survey(request, gathered)
    options = Options(rate=rate, functions=True)
    recorded = recording.record(request, gathered, PySpy(options), seconds, _unseen)
    drawn = drawing.draw(recorded, gathered.workload, gathered.skip, options)
    return Agreement(drawn.result)


def _unseen(seconds: float) -> None:
    """Advance a bar that nobody sees."""


def describe(found: Agreement) -> str:
    """The routes as a Markdown table."""
    lines = [
        "| route | requests | samples | of samples | of wall time | points |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    for route in found.result.routes:
        points = 100 * (route.share - route.wall_share)
        lines.append(
            f"| {route.method} {route.route} | {route.requests} | {route.samples} "
            f"| {route.share:.1%} | {route.wall_share:.1%} | {points:+.1f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record under both interfaces, print both tables, and return 0 where shares agree."""
    parser = argparse.ArgumentParser(description="Shares of samples against shares of wall time.")
    parser.add_argument("--data", type=Path, help="a seeded site; by default one of its own")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each recording")
    parser.add_argument("--rate", type=int, default=200, help="samples a second")
    options = parser.parse_args(arguments)
    workload = load(SITE / "workload.yaml")
    failed = False
    with TemporaryDirectory() as folder:
        data = options.data.resolve() if options.data else Path(folder)
        if not options.data:
            seed(data)
        interfaces: tuple[Literal["wsgi", "asgi"], ...] = ("wsgi", "asgi")
        for interface in interfaces:
            found = agreement(site(data, interface), workload, options.seconds, options.rate)
            print(f"**{interface.upper()}**: {drawing.about_recording(found.result)}\n")
            print(describe(found) + "\n")
            print(f"At most {found.apart:.1f} points apart, {found.result.samples:,} samples.\n")
            failed |= found.apart > POINTS or not found.enough
    return int(failed)


def seed(data: Path) -> None:
    """Make the site's data."""
    command = ["-m", "djtune.cli", "site", "seed", "--size", "small", "--data", str(data)]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, *command], env=env, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
