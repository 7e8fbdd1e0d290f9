"""Does djtune's ranking agree with a timing loop that has no djtune in it?

    python -m benchmarks.agreement [--data DIR] [--duration 40] [--trials 5] [--rounds 12]

Profiles the sample site as it is shipped (the ``before`` preset) and runs ``benchmarks/loop.py``
in as many fresh processes, then compares the order of every two routes. Pairs whose intervals
overlap in djtune's ranking are ties and are not compared; nor are those whose intervals overlap in
the loop's, whose processes do not tell them apart either. Exits with 1 when any other pair is the
other way round.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from djtune.experiments.intervals import mean_interval

REPOSITORY = Path(__file__).resolve().parents[1]
SITE = REPOSITORY / "sample_site"


class Range(Struct, frozen=True):
    """A route's share of all server time, and where it may lie."""

    value: float
    low: float
    high: float

    def below(self, other: "Range") -> bool:
        """Whether it lies below with no overlap."""
        return self.high < other.low


class Agreement(Struct):
    """What the comparison of all pairs came to."""

    same: list[tuple[str, str]]
    reversed: list[tuple[str, str]]
    ties: int


def compare(profiled: Mapping[str, Range], looped: Mapping[str, Range]) -> Agreement:
    """Hold the order of every two routes in one ranking against the other."""
    agreement = Agreement([], [], 0)
    for one, two in combinations(profiled, 2):
        small, large = (one, two) if profiled[one].value < profiled[two].value else (two, one)
        if not profiled[small].below(profiled[large]):
            agreement.ties += 1
        elif looped[small].below(looped[large]):
            agreement.same.append((small, large))
        elif looped[large].below(looped[small]):
            agreement.reversed.append((small, large))
        else:
            agreement.ties += 1
    return agreement


def profile(data: Path, duration: float, trials: int) -> dict[str, Range]:
    """Route → its share by djtune, with the 95 % interval."""
    arguments = ["--workload", "workload.yaml", "--format", "json", "--quiet"]
    arguments += ["--duration", str(duration), "--trials", str(trials)]
    result = json.loads(_run(["-m", "djtune.cli", "profile", *arguments], data))
    return {
        f"{route['method']} {route['route']}": Range(
            *(route["share"][bound] for bound in ("value", "low", "high"))
        )
        for route in result["routes"]
    }


def loop(data: Path, rounds: int, processes: int) -> dict[str, Range]:
    """Route → its share by the loop, with the 95 % interval from its processes."""
    script = str(REPOSITORY / "benchmarks" / "loop.py")
    shares: dict[str, list[float]] = {}
    for seed in range(1, processes + 1):
        output = _run([script, "--rounds", str(rounds), "--seed", str(seed)], data)
        costs = {route: each["calls"] * each["mean"] for route, each in json.loads(output).items()}
        for route, cost in costs.items():
            shares.setdefault(route, []).append(cost / sum(costs.values()))
    intervals = {route: mean_interval(each) for route, each in shares.items()}
    return {route: Range(each.value, each.low, each.high) for route, each in intervals.items()}


def _run(arguments: Sequence[str], data: Path) -> str:
    """Run Python in the site's folder, under the ``before`` preset."""
    foreign = ("SITE_", "DJANGO_", "REDIS_URL", "DATABASE_URL")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    env |= {"SITE_DATA": str(data), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=SITE, env=env, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def describe(profiled: Mapping[str, Range], looped: Mapping[str, Range]) -> str:
    """Both rankings as a Markdown table."""
    lines = ["| route | share by djtune | share by the loop |", "| --- | --- | --- |"]
    for route, share in sorted(profiled.items(), key=lambda item: -item[1].value):
        lines.append(f"| {route} | {_written(share)} | {_written(looped[route])} |")
    return "\n".join(lines)


def _written(share: Range) -> str:
    return f"{share.value:.2%} [{share.low:.2%}–{share.high:.2%}]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print both rankings, and return 0 where they agree."""
    parser = argparse.ArgumentParser(description="Agreement with an independent timing loop.")
    parser.add_argument("--data", type=Path, help="a seeded site; by default one of its own")
    parser.add_argument("--duration", type=float, default=40.0, help="seconds for djtune")
    parser.add_argument("--trials", type=int, default=5, help="fresh processes, for each of both")
    parser.add_argument("--rounds", type=int, default=12, help="journeys of a kind in a process")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        data = options.data.resolve() if options.data else Path(folder)
        if not options.data:
            seed = ["-m", "djtune.cli", "site", "seed", "--size", "small", "--data", folder]
            _run(seed, data)
        profiled = profile(data, options.duration, options.trials)
        looped = loop(data, options.rounds, options.trials)
    print(describe(profiled, looped))
    agreement = compare(profiled, looped)
    print(
        f"\n{len(agreement.same)} pairs in the same order, {len(agreement.reversed)} reversed, "
        f"{agreement.ties} ties; {options.trials} fresh processes each."
    )
    for small, large in agreement.reversed:
        print(f"reversed: {small} and {large}")
    return 1 if agreement.reversed else 0


if __name__ == "__main__":
    sys.exit(main())
