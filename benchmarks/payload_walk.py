"""What it costs to know where the bytes of a response are, and which fields repeat which.

A made-up programme guide of 5 MB, 64 fields a programme (``benchmarks/payload_epg.py``). All is
measured in CPU time, in turn in this one process:

- parsing and walking it, next to ``orjson.loads`` alone and to the naive way, which encodes every
  subtree again; both must charge the same bytes to every path, and add up to the document;
- leaving each of the 64 fields out and compressing the rest with gzip, from runs of sampled rows
  and from the whole document: what it costs, and how far off it is;
- the evidence of values, and which fields hide each other from gzip.

Needs the ``site`` extra. Run it from the repository::

    python -m benchmarks.payload_walk [--channels 44] [--programmes 48] [--runs 15]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from benchmarks.payload_epg import guide
from djtune.payloads.losses import ROWS, hiding, leave_one_out
from djtune.payloads.observed import Observed
from djtune.payloads.paths import EACH, Path
from djtune.payloads.values import facts, related
from djtune.payloads.walk import encode, parse, walk

PROGRAMME = ("channels", EACH, "programmes", EACH)


def main() -> None:
    """Print the costs as ratios, and whether the results agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=44)
    parser.add_argument("--programmes", type=int, default=48, help="in each channel")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    document = guide(options.channels, options.programmes)
    body = encode(document)
    rows = options.channels * options.programmes
    print(f"{len(body):,} bytes, {rows:,} programmes\n")
    compare_walks(body, document, options.runs)
    compare_losses(document, rows)
    time_values(document)


def compare_walks(body: bytes, document: Any, runs: int) -> None:
    """Print what the walk costs, and that it is exact."""
    actions: dict[str, Callable[[], object]] = {
        "orjson.loads": lambda: orjson.loads(body),
        "parse": lambda: parse(body),
        "parse and walk": lambda: walk(parse(body)),
    }
    took: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            took[name].append(cpu(action))
    took["json.loads, json.dumps of every subtree"] = [cpu(lambda: naive(json.loads(body)))]
    print(f"{'':40} {'CPU ms':>8} {'MB/s':>6} {'to orjson.loads':>16}")
    alone = statistics.median(took["orjson.loads"])
    for name, times in took.items():
        each = statistics.median(times)
        print(f"{name:40} {each * 1e3:8.1f} {len(body) / each / 1e6:6.0f} {each / alone:15.2f}x")
    seen = walk(document)
    charged = {path: node.bytes for path, node in seen.nodes.items()}
    print(f"\nbytes charged: {seen.compact:,} of {len(body):,}, {len(charged)} paths;", end=" ")
    print("the naive way agrees" if naive(document) == charged else "THE NAIVE WAY DIFFERS")


def naive(document: Any) -> dict[Path, int]:
    """The bytes of each path: every subtree is encoded, with what is below it again and again."""
    charged: dict[Path, int] = {}

    def charge(value: Any, path: Path, around: int) -> None:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        charged[path] = charged.get(path, 0) + len(text.encode()) + around
        if isinstance(value, dict):
            for key, child in value.items():
                charge(child, (*path, key), len(json.dumps(key)) + len(":,"))
        elif isinstance(value, list):
            for child in value:
                charge(child, (*path, EACH), len(","))

    charge(document, (), 0)
    return charged


def compare_losses(document: Any, rows: int) -> None:
    """Print what sampling rows saves, and what it gets wrong."""
    fields = [(*PROGRAMME, name) for name in document["channels"][0]["programmes"][0]]
    whole = cpu(lambda: leave_one_out(document, fields, rows=rows))
    sampled = min(cpu(lambda: leave_one_out(document, fields)) for _ in range(3))
    full, losses = leave_one_out(document, fields, rows=rows), leave_one_out(document, fields)
    truth = {path: loss.compressed["gzip"] for path, loss in full.items()}
    off = {path: loss.compressed["gzip"] - truth[path] for path, loss in losses.items()}
    error = sum(map(abs, off.values())) / sum(truth.values())
    worst = max(off, key=lambda path: abs(off[path]))
    print(f"\ngzip without each of {len(fields)} fields: whole {whole:.2f} s of CPU,", end=" ")
    print(f"{ROWS} rows {sampled:.2f} s: {sampled / whole:.3f} of it")
    print(f"error of the sample: {error:.1%} of the sum of all losses;", end=" ")
    print(f"at most {abs(off[worst]):,.0f} B ({worst[-1]}, {truth[worst]:,.0f} B);", end=" ")
    estimated = [loss.compressed["gzip"] for loss in losses.values()]
    print(f"rank correlation {agreement(estimated, list(truth.values())):.3f}")
    raw = [float(loss.raw) for loss in full.values()]
    print(f"rank correlation of raw bytes: {agreement(raw, list(truth.values())):.3f}")


def agreement(one: list[float], other: list[float]) -> float:
    """Spearman's rank correlation; ties in order of appearance."""
    ranks = [sorted(range(len(each)), key=each.__getitem__) for each in (one, other)]
    places = [sorted(range(len(rank)), key=rank.__getitem__) for rank in ranks]
    return statistics.correlation(*places)


def time_values(document: Any) -> None:
    """Print what the evidence of values costs, and how much there is."""
    seen = walk(document)

    def add() -> Observed:
        observed = Observed()
        observed.add(seen)
        return observed

    took = min(cpu(add) for _ in range(3))
    found = facts(add())
    print(f"\nvalues: {took:.2f} s of CPU for the first response; {len(found)} facts")
    for each in hiding(document, related(found)):
        names = ", ".join(path[-1] for path in each.paths)
        print(f"  {names}: {each.alone:,.0f} B one by one, {each.together:,.0f} B together")


def cpu(action: Callable[[], object]) -> float:
    """The CPU seconds that ``action`` takes."""
    started = time.process_time()
    action()
    return time.process_time() - started


if __name__ == "__main__":
    main()
