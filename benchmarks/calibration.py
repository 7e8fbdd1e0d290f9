"""How often an experiment finds a difference between identical variants, and whether it finds one.

    python -m benchmarks.calibration [--experiments 1000] [--seed 1]
    python -m benchmarks.calibration --record FOLDER [--seconds 1.2]

Every experiment goes through the whole rule: looked at after each block from the eighth on, stopped
when precise enough or when the time is up, two variants against a baseline that is measured twice,
all metrics corrected for together, and nothing called a difference that is smaller than what the
A/A comparison can resolve. Its trials are

- recorded: random roles for 200 trials of the sample site (``benchmarks/data/trials.json``), which
  ran four to a block; ``--record`` runs them anew, and goes on where it was interrupted;
- simulated: requests with a long tail, stalls, processes that differ, and blocks that drift.

Prints a table, and ends with 1 if more than 7 % of the experiments of any line find a difference
that is not there. "+20 %" is how many find one when a variant takes 20 % more CPU time.
"""

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

import msgspec
from msgspec import Struct

from benchmarks.coverage import ServiceTimes
from djtune.experiments.evidence import Comparison, Measured, Tier, compare
from djtune.experiments.stopping import LEAST_BLOCKS, StoppingRule
from djtune.reports.blocks import Unit

RECORDED = Path(__file__).parent / "data" / "trials.json"
ARMS = ("baseline", "baseline again", "variant", "other variant")
MOST_BLOCKS = 24
WANTED = "CPU per request"
"""The metric whose interval is to become narrow."""
ALLOWED = 0.07
CHANGE = 1.20


class Figures(Struct, frozen=True):
    """One metric of trials that are all alike: a row a block, a figure a trial."""

    name: str
    tier: Tier
    unit: Unit
    rows: list[list[float]]


class Record(Struct, frozen=True):
    """The recorded trials."""

    made_with: dict[str, str]
    requests: int
    """Of all trials together."""
    metrics: list[Figures]


class Case(NamedTuple):
    """How experiments are stopped."""

    label: str
    half_width: float | None


CASES = (
    Case("±5 % wanted", 0.05),
    Case("±10 % wanted", 0.10),
    Case("time for 4 to 24 blocks", None),
)
Source = Callable[[random.Random], list[Figures]]
"""Draws the trials of one experiment: the arms have random roles."""


class Outcome(NamedTuple):
    """What one experiment came to."""

    different: bool
    blocks: int
    reason: str


def from_record(record: Record, draw: random.Random) -> list[Figures]:
    """Some recorded blocks, in random order, their trials in random roles."""
    blocks = draw.sample(range(len(record.metrics[0].rows)), MOST_BLOCKS)
    roles = [draw.sample(range(len(ARMS)), len(ARMS)) for _ in blocks]
    return [
        msgspec.structs.replace(
            metric,
            rows=[
                [metric.rows[block][at] for at in order]
                for block, order in zip(blocks, roles, strict=True)
            ],
        )
        for metric in record.metrics
    ]


SERVICE = ServiceTimes(spread=0.3, drift=0.03, stalls="gathered")
REQUESTS = 40


def simulated(draw: random.Random) -> list[Figures]:
    """Trials of requests with a heavy tail; a block's drift multiplies all of its times."""
    metrics = [
        Figures("collections", "counters", "", []),
        Figures("peak RSS", "memory", "B", []),
        Figures("GC per request", "CPU time", "s", []),
        Figures(WANTED, "CPU time", "s", []),
        Figures("p95", "wall time", "s", []),
    ]
    for _ in range(MOST_BLOCKS):
        drift = math.exp(draw.gauss(0, 0.2))
        trials = [_simulated_trial(draw, drift) for _ in ARMS]
        for metric, row in zip(metrics, zip(*trials, strict=True), strict=True):
            metric.rows.append(list(row))
    return metrics


def _simulated_trial(draw: random.Random, drift: float) -> tuple[float, ...]:
    times = sorted(drift * time for time in SERVICE.trial(draw, REQUESTS))
    cpu = fmean(times)
    runs = 4 + (draw.random() < 0.3)
    jump = 1.1 if draw.random() < 0.1 else 1.0
    rss = 8e7 * jump * math.exp(draw.gauss(0, 0.01))
    gc = runs * drift * draw.lognormvariate(-4, 0.3)
    waits = draw.expovariate(2)
    return runs, rss, gc, cpu, times[int(0.95 * REQUESTS)] + waits


def run(figures: Sequence[Figures], case: Case, draw: random.Random) -> Outcome:
    """One experiment through the whole rule."""
    most = MOST_BLOCKS if case.half_width else draw.randint(4, MOST_BLOCKS)
    rule = StoppingRule(most, math.inf, case.half_width)
    looks = range(LEAST_BLOCKS, most + 1) if case.half_width else (most,)
    for blocks in looks:
        comparisons = _compared(figures, blocks)
        widths = [each.half_width for each in comparisons if each.metric == WANTED]
        reason = rule.decide(blocks, widths, spent=0, another=0)
        if reason:
            break
    different = any(each.outcome in ("higher", "lower") for each in comparisons)
    return Outcome(different, blocks, str(reason))


def _compared(figures: Sequence[Figures], blocks: int) -> list[Comparison]:
    measured = [
        Measured(
            each.name,
            each.tier,
            each.unit,
            [dict(zip(ARMS, row, strict=True)) for row in each.rows[:blocks]],
        )
        for each in figures
    ]
    return compare(measured, ARMS[2:], *ARMS[:2])


def changed(figures: Sequence[Figures]) -> list[Figures]:
    """The same trials, had the first variant taken more CPU time."""
    return [
        each
        if each.name != WANTED
        else msgspec.structs.replace(
            each, rows=[[a, b, CHANGE * variant, other] for a, b, variant, other in each.rows]
        )
        for each in figures
    ]


def calibrate(source: Source, case: Case, experiments: int, seed: int) -> list[Outcome]:
    """The outcomes of many experiments on identical variants."""
    draw = random.Random(seed)
    return [run(source(draw), case, draw) for _ in range(experiments)]


def found(source: Source, case: Case, experiments: int, seed: int) -> float:
    """How often a variant that takes more CPU time is found."""
    draw = random.Random(seed)
    return fmean(run(changed(source(draw)), case, draw).different for _ in range(experiments))


Line = tuple[str, bool]


def table(sources: Mapping[str, Source], experiments: int, seed: int) -> Iterator[Line]:
    """The table's lines, and whether each keeps to what is allowed."""
    yield (
        "| trials | stopped | false differences | blocks (median) | precise enough | +20 % |",
        True,
    )
    yield "| --- | --- | --- | --- | --- | --- |", True
    for name, source in sources.items():
        for case in CASES:
            outcomes = calibrate(source, case, experiments, seed)
            false = fmean(outcome.different for outcome in outcomes)
            precise = fmean(outcome.reason == "precise enough" for outcome in outcomes)
            cells = [
                name,
                case.label,
                f"{false:.1%}",
                f"{median(outcome.blocks for outcome in outcomes):.0f}",
                f"{precise:.0%}",
                f"{found(source, case, max(1, experiments // 5), seed):.0%}",
            ]
            yield f"| {' | '.join(cells)} |", false <= ALLOWED


def read_record() -> Record:
    """The recorded trials of the repository."""
    return msgspec.json.decode(RECORDED.read_bytes(), type=Record)


def sources() -> dict[str, Source]:
    """Where trials come from."""
    record = read_record()
    return {"recorded": lambda draw: from_record(record, draw), "simulated": simulated}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or record trials."""
    parser = argparse.ArgumentParser(description="False differences between identical variants.")
    parser.add_argument("--experiments", type=int, default=1000, help="of each line")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="run the trials anew")
    parser.add_argument("--seconds", type=float, default=1.2, help="of each recorded trial")
    options = parser.parse_args(arguments)
    if options.record:
        from benchmarks.calibration_trials import record

        RECORDED.write_bytes(msgspec.json.encode(record(options.record, options.seconds)) + b"\n")
        return 0
    kept = True
    for line, held in table(sources(), options.experiments, options.seed):
        print(line, flush=True)
        kept = kept and held
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
