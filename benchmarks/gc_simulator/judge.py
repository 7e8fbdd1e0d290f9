"""Predicted beside measured, and the goals that the simulator is held to."""

import math
from collections.abc import Sequence
from statistics import fmean, median

from msgspec import Struct

from djtune.experiments.intervals import ratio_interval
from djtune.garbage.recording import Simulated
from djtune.model.samples import Trial

ENOUGH = 5
"""Collections from which on a count is compared."""
GENERATIONS = 3


class Row(Struct):
    """One setting of one workload on one Python."""

    where: str
    setting: str
    measured: tuple[int, int, int]
    simulated: Simulated
    """Of the very journeys that the first trial made."""
    gc_ms: list[float]
    """Measured thread CPU time of all collections, for each trial."""
    requests: int
    start: int
    peak: int
    """Resident bytes of the first trial."""
    worst_ms: float

    def count_errors(self) -> list[float]:
        """Relative errors of the counts that are large enough."""
        pairs = zip(self.simulated.collections, self.measured, strict=True)
        return [abs(ours / theirs - 1) for ours, theirs in pairs if theirs >= ENOUGH]

    def time_error(self) -> float:
        """Of GC time, against the trials' mean."""
        measured = fmean(self.gc_ms)
        return self.simulated.gc_ns / 1e6 / measured - 1 if measured else 0.0

    def memory_error(self) -> float:
        """Of the peak of resident memory."""
        return (self.start + self.simulated.peak_bytes) / self.peak - 1

    def growth_error(self) -> float:
        """Of its growth over the start alone."""
        return self.simulated.peak_bytes / (self.peak - self.start) - 1


def row(where: str, setting: str, trials: Sequence[Trial], simulated: Simulated) -> Row:
    """Lay trials beside what was simulated of the first."""
    first = trials[0]
    assert first.memory is not None
    numbers = [sum(p.generation == each for p in first.pauses) for each in range(GENERATIONS)]
    return Row(
        where=where,
        setting=setting,
        measured=(numbers[0], numbers[1], numbers[2]),
        simulated=simulated,
        gc_ms=[sum(pause.cpu for pause in trial.pauses) / 1e6 for trial in trials],
        requests=simulated.requests,
        start=first.memory.start,
        peak=first.memory.peak,
        worst_ms=max((pause.cpu for pause in first.pauses), default=0) / 1e6,
    )


class Goal(Struct):
    """What is asked for, what came out, and whether that is enough."""

    name: str
    limit: float
    figure: float
    n: int

    def __str__(self) -> str:
        verdict = "pass" if self.figure <= self.limit else "FAIL"
        figure, limit = f"{100 * self.figure:.1f} %", f"{100 * self.limit:.0f} %"
        return f"{verdict}  {self.name}: {figure} (at most {limit}, n = {self.n})"


def goals(rows: Sequence[Row]) -> list[Goal]:
    """The goals over all rows."""
    counts = [error for each in rows for error in each.count_errors()]
    times = [abs(each.time_error()) for each in rows]
    memory = [abs(each.memory_error()) for each in rows]
    growth = [abs(each.growth_error()) for each in rows if each.peak - each.start > 10 << 20]
    return [
        Goal("collections per generation, median error", 0.05, median(counts), len(counts)),
        Goal("GC time, median error", 0.20, median(times), len(times)),
        Goal("peak RSS, largest error", 0.20, max(memory), len(memory)),
        *(
            [Goal("growth of RSS above 10 MB, median error", 0.20, median(growth), len(growth))]
            if growth
            else []
        ),
        *choices(rows),
    ]


def choices(rows: Sequence[Row]) -> list[Goal]:
    """How far the simulator's choice is shown to be from the best, as measured.

    Trials of one seed make the same requests; what is shown is the lower bound of the 95 %
    interval of the ratio, paired by seed. One trial has no interval, and shows its ratio.
    """
    found = []
    for where in dict.fromkeys(each.where for each in rows):
        here = [each for each in rows if each.where == where]
        chosen = min(here, key=lambda each: each.simulated.gc_ns_per_request)
        best = min(here, key=lambda each: fmean(each.gc_ms))
        ratio = fmean(chosen.gc_ms) / fmean(best.gc_ms)
        shown = min(ratio, _least(chosen.gc_ms, best.gc_ms))
        settings = f"{chosen.setting} chosen, {best.setting} best"
        name = f"{where}: {settings}, {ratio:.2f}×; shown to be above by"
        found.append(Goal(name, 0.15, max(0.0, shown - 1), len(chosen.gc_ms)))
    return found


def _least(chosen: Sequence[float], best: Sequence[float]) -> float:
    """The lower bound of the ratio of the one to the other."""
    pairs = list(zip(chosen, best, strict=True))
    if len(pairs) < 2 or not min(map(min, pairs)) > 0:
        return math.inf
    return ratio_interval([math.log(a / b) for a, b in pairs]).low


def table(rows: Sequence[Row]) -> str:
    """Predicted and measured, setting by setting, as Markdown."""
    lines = [
        "| where | setting | requests | collections | predicted | GC ms (n) | predicted "
        "| worst pause ms | predicted | RSS + MB | predicted |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    lines += [_line(each) for each in rows]
    return "\n".join(lines)


def _line(each: Row) -> str:
    simulated = each.simulated
    cells = [
        each.where,
        each.setting,
        f"{each.requests}",
        "/".join(map(str, each.measured)),
        "/".join(map(str, simulated.collections)),
        f"{fmean(each.gc_ms):.0f} ({len(each.gc_ms)})",
        f"{simulated.gc_ns / 1e6:.0f}",
        f"{each.worst_ms:.0f}",
        f"{simulated.worst_pause_ns / 1e6:.0f}",
        f"{(each.peak - each.start) / 1e6:.0f}",
        f"{simulated.peak_bytes / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"
