"""What the timing pass costs: CPU time of a page of 100 queries, timed over bare.

    python -m benchmarks.overhead.pairs [--pairs 200] [--interface asgi]

A worker process of the project in ``benchmarks/page`` serves the page by turns bare (every probe
taken out) and timed, each after one request that is not counted. The ratio of the two CPU times
is paired, so what slows the machine for a while slows both. docs/methods/overhead.md cites this.

Exits with 1 when the timing pass costs more than 5 %, or the interval is wider than ±2 points.
"""

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from djtune.experiments import noise
from djtune.experiments.intervals import Interval, ratio_interval
from djtune.model.app import App, Interface
from djtune.model.noise import Noise
from djtune.model.workload import Journey, Step, Workload
from djtune.profiling.overhead import Row
from djtune.servers.worker import Worker

PROJECT = Path(__file__).parents[1] / "page"
WORKLOAD = Workload([Journey("page", [Step("books/")])])
MOST = 1.05
WIDEST = 0.02
SECONDS = 300.0
BARE, TIMED, COUNTED = 1, 2, 3
"""Columns of a row."""


def measure(pairs: int, interface: Interface = "wsgi") -> list[list[Row]]:
    """Serve the page ``pairs`` times bare and timed in turn; return a block of rows for each."""
    with TemporaryDirectory() as folder:
        env = {"PAGE_DATABASE": str(Path(folder) / "page.sqlite3")}
        fill = [sys.executable, "fill.py"]
        subprocess.run(fill, cwd=PROJECT, env={**os.environ, **env}, check=True)
        app = App(str(PROJECT), "settings", sys.executable, env=env, interface=interface)
        with Worker(app) as worker:
            workload = msgspec.to_builtins(WORKLOAD)
            worker.call("open_session", workload=workload, seed=1, interface=interface)
            rows: list[list[Row]] = worker.call(
                "measure_overhead", skip=[], pairs=pairs, seconds=SECONDS
            )
    return rows


def ratio(blocks: Sequence[Sequence[Row]]) -> Interval:
    """CPU time timed over bare, paired, with its 95 % interval."""
    return ratio_interval(
        [math.log(_sum(block, TIMED) / _sum(block, BARE)) for block in blocks if block]
    )


def _sum(block: Sequence[Row], column: int) -> float:
    return sum(row[column] for row in block)


def within_limits(cost: Interval) -> bool:
    """Whether the cost, and how well it is known, are what is promised."""
    return cost.value <= MOST and (cost.high - cost.low) / 2 <= WIDEST


def describe(cost: Interval, blocks: Sequence[Sequence[Row]], heard: Noise) -> str:
    """The figures as a small Markdown table."""
    rows = [row for block in blocks for row in block]
    bare, timed = (median(row[column] for row in rows) for column in (BARE, TIMED))
    queries = median(row[COUNTED] for row in rows)
    lines = [
        ("pairs of requests, interleaved in one process", f"{cost.n}"),
        ("queries a request", f"{queries:.0f}"),
        ("CPU time bare, median", f"{1e3 * bare:.2f} ms"),
        ("CPU time timed, median", f"{1e3 * timed:.2f} ms"),
        ("timed / bare", f"{cost.value:.4f} [{cost.low:.4f} to {cost.high:.4f}]"),
        ("added a query", f"{1e6 * bare * (cost.value - 1) / queries:.2f} µs"),
        ("noise", f"{heard.lost_ms_per_s:.1f} ms lost in each second"),
    ]
    table = ["| figure | value |", "| --- | --- |"]
    return "\n".join(table + [f"| {name} | {value} |" for name, value in lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 0 where the limits hold."""
    parser = argparse.ArgumentParser(description="CPU cost of the timing pass.")
    parser.add_argument("--pairs", type=int, default=200, help="bare and timed requests, by turns")
    parser.add_argument("--interface", choices=["wsgi", "asgi"], default="wsgi")
    options = parser.parse_args(arguments)
    before = noise.probe()
    blocks = measure(options.pairs, options.interface)
    cost = ratio(blocks)
    print(describe(cost, blocks, noise.total([before, noise.probe()])))
    holds = within_limits(cost)
    print(f"\nat most {MOST}, known to ±{WIDEST}: {'holds' if holds else 'does not hold'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
