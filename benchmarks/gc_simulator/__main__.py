"""The simulated collector against real runs: a table, and the goals that it is held to.

    djtune site seed --size large --data /tmp/site
    python -m benchmarks.gc_simulator --site /tmp/site --runs /tmp/runs [--trials 5]
    python -m benchmarks.gc_simulator --site /tmp/site --runs /tmp/runs --short

Three workloads of the sample site (preset ``before``), eight settings, every Python found with
Django 5.2. One traced pass and two runs under settings of their own fit the simulator; what it is
then held against are other runs, with other requests, whose trials are interleaved. Every run is
kept in ``--runs``; what is there already is not made again.

Exits with 1 when a goal is missed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from djtune.garbage.costs import Observed
from djtune.garbage.fitting import fitted
from djtune.garbage.front import grid
from djtune.garbage.recording import Recording
from djtune.garbage.simulate import simulate
from djtune.model.samples import Trial

from .cases import CALIBRATED_WITH, CASES, SETTINGS, policy
from .judge import Row, goals, row, table
from .measure import PYTHONS, Lab, interpreters

FIT_SEED = 2
FIRST_SEED = 11
TIMED_SETTINGS = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not measured yet, print, and return 0 where all goals are met."""
    options = _parser().parse_args(arguments)
    if not (options.site / "site.sqlite3").exists():
        print(f"no data in {options.site}: djtune site seed --size large --data {options.site}")
        return 2
    options.runs.mkdir(parents=True, exist_ok=True)
    trials = 1 if options.short else options.trials
    names = ["small"] if options.short else options.workloads
    rows: list[Row] = []
    for version, path in interpreters(options.pythons):
        lab = Lab(path, options.runs, options.site, version)
        for name in names:
            rows += _compare(lab, version, name, range(FIRST_SEED, FIRST_SEED + trials))
    if not rows:
        print("none of these Pythons was found")
        return 2
    found = goals(rows)
    print(table(rows), "", *found, sep="\n")
    return int(any(goal.figure > goal.limit for goal in found))


def _compare(lab: Lab, version: str, name: str, seeds: range) -> list[Row]:
    recording = _fitted(lab, name)
    _time(recording, f"{version} {name}")
    measured: dict[str, list[Trial]] = {setting: [] for setting in SETTINGS}
    for seed in seeds:
        for setting in SETTINGS:
            measured[setting].append(lab.trial(name, CASES[name], setting, seed))
    return [
        row(
            f"{version} {name}",
            setting,
            measured[setting],
            simulate(recording, policy(setting), order=measured[setting][0].order),
        )
        for setting in SETTINGS
    ]


def _fitted(lab: Lab, name: str) -> Recording:
    """The traced workload with the prices of collections."""
    case = CASES[name]
    runs = []
    for setting in CALIBRATED_WITH:
        trial = lab.trial(name, case, setting, FIT_SEED)
        pauses = [(pause.generation, pause.cpu, pause.collected) for pause in trial.pauses]
        runs.append(Observed(policy(setting), trial.order, pauses))
    return fitted(lab.trace(name, case), runs)


def _time(recording: Recording, where: str) -> None:
    """Say how long it takes to simulate many settings past a whole cycle each."""
    begun = time.process_time()
    for each in grid(recording)[:TIMED_SETTINGS]:
        simulate(recording, each)
    seconds = time.process_time() - begun
    print(f"{where}: {TIMED_SETTINGS} settings simulated in {seconds:.1f} s", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Predicted against measured collections.")
    parser.add_argument("--site", type=Path, required=True, help="data folder of the sample site")
    parser.add_argument("--runs", type=Path, required=True, help="where runs are kept")
    parser.add_argument("--trials", type=int, default=5, help="of each setting")
    parser.add_argument("--pythons", nargs="+", default=list(PYTHONS), help="such as 3.13")
    parser.add_argument("--workloads", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--short", action="store_true", help="one workload, one trial")
    return parser


if __name__ == "__main__":
    sys.exit(main())
