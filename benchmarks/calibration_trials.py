"""Runs the 200 trials of the sample site that ``benchmarks.calibration`` rests on.

All are of one and the same variant, four to a block, as an experiment runs them. What is kept of
them are figures.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.calibration import ARMS, WANTED, Figures, Record
from djtune.experiments.allocation import RouteCost
from djtune.experiments.blocks import BlockPlan, Blocks
from djtune.experiments.evidence import Comparison, Row, from_matched, from_trials
from djtune.experiments.experiment import Experiment, run
from djtune.model.app import App
from djtune.model.samples import Sample, Trial
from djtune.model.variant import Variant
from djtune.servers.worker import Worker
from djtune.workloads.file import load
from sample_site import ROOT

BLOCKS = 50
STARTING = 1.5
Samples = Sequence[Sample]


def record(folder: Path, seconds: float) -> Record:
    """Run the trials, or those that ``folder`` does not have yet."""
    command = [sys.executable, "-m", "djtune.cli", "site", "seed", "--size", "small"]
    subprocess.run([*command, "--data", str(folder)], check=True, stdout=sys.stderr)
    app = App(str(ROOT), "streaming.settings", sys.executable, env={"SITE_DATA": str(folder)})
    with Worker(app) as worker:
        made_with = {"Python": worker.facts["python"], "Django": worker.facts["django"]}
    workload = load(Path(ROOT) / "workload.yaml")
    plan = BlockPlan(
        [Variant(name, app, "wsgi") for name in ARMS],
        workload,
        skip=[],
        blocks=BLOCKS,
        seconds=BLOCKS * len(ARMS) * (seconds + STARTING),
        start_seconds=STARTING,
        baseline=ARMS[:2],
    )

    def told(_: Sequence[Comparison]) -> None:
        print("another block", file=sys.stderr)

    experiment = Experiment(
        plan, lambda _: [], file=folder / "experiment.json", made_with=made_with
    )
    costs = [RouteCost(0.01, 0.005, journey.weight) for journey in workload.journeys]
    blocks = Blocks()
    while len(blocks.complete) < BLOCKS:
        # The time is up early where the machine is slow: go on from the file.
        blocks = Blocks()
        run(experiment, costs, blocks, lambda _: None, told)
    return Record(made_with, _requests(blocks), _metrics(blocks))


def _requests(blocks: Blocks) -> int:
    return sum(len(trial.samples) for block in blocks.complete for trial in block.trials.values())


def _metrics(blocks: Blocks) -> list[Figures]:
    def trials(of: Callable[[Trial], float]) -> list[list[float]]:
        return _rows(from_trials(blocks.complete, of))

    def requests(of: Callable[[Samples], float]) -> list[list[float]]:
        return _rows(from_matched(blocks.complete, of))

    return [
        Figures("queries per request", "counters", "", requests(_queries)),
        Figures("collections per request", "counters", "", requests(_collections)),
        Figures("peak RSS", "memory", "B", trials(_peak)),
        Figures("GC per request", "CPU time", "s", trials(_gc)),
        Figures(WANTED, "CPU time", "s", requests(_cpu)),
        Figures("mean", "wall time", "s", requests(_wall)),
        Figures("slowest tenth", "wall time", "s", requests(_slowest)),
    ]


def _rows(rows: Sequence[Row]) -> list[list[float]]:
    return [[float(f"{row[arm]:.5g}") for arm in ARMS] for row in rows]


def _queries(samples: Samples) -> float:
    return fmean(sum(sample.queries.values()) for sample in samples)


def _collections(samples: Samples) -> float:
    return fmean(sum(sample.collections) for sample in samples)


def _cpu(samples: Samples) -> float:
    return fmean(sample.cpu for sample in samples) / 1e9


def _wall(samples: Samples) -> float:
    return fmean(sample.wall for sample in samples) / 1e9


def _slowest(samples: Samples) -> float:
    return sorted(sample.wall for sample in samples)[int(0.9 * len(samples))] / 1e9


def _peak(trial: Trial) -> float:
    return trial.memory.peak if trial.memory else 0.0


def _gc(trial: Trial) -> float:
    return sum(pause.cpu for pause in trial.pauses) / max(1, len(trial.samples)) / 1e9
