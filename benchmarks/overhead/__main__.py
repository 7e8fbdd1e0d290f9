"""What it costs to be watched: one table.

    python -m benchmarks.overhead [--blocks 16] [--rounds 5] [--only djtune silk …]

In each block every tool watches the same four pages of the project in ``benchmarks/page``, in a
fresh process of its own, in random order. Each is set up as its README says, and a process where
the tool has seen nothing is refused. CPU time, so that what others do on the machine matters less.

Exits with 1 when djtune's timing pass costs more than 5 % or its detail pass more than 15 % on the
page of 101 queries, or when either is not known to ±2 points.
"""

import argparse
import sys
from collections.abc import Sequence

from djtune.experiments import noise
from djtune.experiments.host import read_machine

from . import blocks, table
from .tools import SETUPS, missing

ALWAYS = ("nothing", "djtune")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 0 where the limits hold."""
    options = _parser().parse_args(arguments)
    tools = [tool for tool in SETUPS if tool in ALWAYS or not options.only or tool in options.only]
    if absent := missing(tools):
        print(f"not installed: {', '.join(absent)}; pip install {' '.join(absent)}")
        return 2
    before = noise.probe()
    measured = blocks.run(tools, options.blocks, options.rounds, options.seed, _say)
    heard = noise.total([before, noise.probe()])
    print(table.markdown(measured))
    machine = read_machine()
    print(
        f"\n{options.blocks} blocks, CPU time, medians of {blocks.REQUESTS * options.rounds} "
        f"requests, 95 % intervals. {machine.cpu}, {machine.python}; "
        f"{heard.lost_ms_per_s:.0f} ms lost in each second."
    )
    found = table.breaches(measured)
    print("\nThe limits hold." if not found else "\n" + "\n".join(found))
    return 1 if found else 0


def _say(done: int) -> None:
    print(f"block {done}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="CPU cost of being watched.")
    parser.add_argument("--blocks", type=int, default=16, help="fresh processes of each tool")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each page in a process")
    parser.add_argument("--only", nargs="+", choices=list(SETUPS), help="these tools alone")
    parser.add_argument("--seed", type=int, default=1, help="in what order")
    return parser


if __name__ == "__main__":
    sys.exit(main())
