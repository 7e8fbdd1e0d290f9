"""What the timing pass costs: CPU time of a page of 100 queries, timed over bare.

    python -m benchmarks.overhead [--pairs 200] [--interface asgi]

A worker process of the project in ``benchmarks/page`` serves the page by turns bare (every probe
taken out) and timed, each after one request that is not counted. The ratio of the two CPU times
is paired, so what slows the machine for a while slows both. docs/methods/overhead.md cites this.

Exits with 1 when the timing pass costs more than 5 %, or the interval is wider than ±2 points.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from djtune.experiments import noise
from djtune.model.app import App, Interface
from djtune.model.workload import Journey, Step, Workload
from djtune.profiling.overhead import Row, price_probes
from djtune.profiling.result import Overhead
from djtune.servers.worker import Worker

PROJECT = Path(__file__).parent / "page"
WORKLOAD = Workload([Journey("page", [Step("books/")])])
QUERIES = 100
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


def within_limits(overhead: Overhead) -> bool:
    """Whether the cost, and how well it is known, are what is promised."""
    ratio = overhead.ratio
    assert ratio.value is not None
    assert ratio.low is not None
    assert ratio.high is not None
    return ratio.value <= MOST and (ratio.high - ratio.low) / 2 <= WIDEST


def describe(overhead: Overhead, blocks: Sequence[Sequence[Row]], quiet: noise.Noise) -> str:
    """The figures as a small Markdown table."""
    rows = [row for block in blocks for row in block]
    bare, timed = (median(row[column] for row in rows) for column in (BARE, TIMED))
    ratio = overhead.ratio
    lines = [
        ("pairs of requests, interleaved in one process", f"{overhead.pairs}"),
        ("queries a request", f"{rows[0][COUNTED]:.0f}"),
        ("CPU time bare, median", f"{1e3 * bare:.2f} ms"),
        ("CPU time timed, median", f"{1e3 * timed:.2f} ms"),
        ("timed / bare", f"{ratio.value:.4f} [{ratio.low:.4f} to {ratio.high:.4f}]"),
        ("added a query", f"{1e6 * (timed - bare) / QUERIES:.2f} µs"),
        ("noise", f"{quiet.lost_ms_per_s:.1f} ms lost in each second"),
    ]
    table = ["| figure | value |", "| --- | --- |"]
    return "\n".join(table + [f"| {name} | {value} |" for name, value in lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 0 where the limits hold."""
    parser = argparse.ArgumentParser(description="CPU cost of the timing pass.")
    parser.add_argument("--pairs", type=int, default=200, help="bare and timed requests, by turns")
    parser.add_argument("--interface", choices=["wsgi", "asgi"], default="wsgi")
    options = parser.parse_args(arguments)
    quiet = noise.probe()
    blocks = measure(options.pairs, options.interface)
    overhead = price_probes(blocks)
    if overhead is None:
        parser.error("too few pairs")
    print(describe(overhead, blocks, quiet))
    holds = within_limits(overhead)
    print(f"\nat most {MOST}, known to ±{WIDEST}: {'holds' if holds else 'does not hold'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
