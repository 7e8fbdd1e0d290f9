"""What one trial's collections and requests come to: figures, pure and simple."""

from collections.abc import Callable, Sequence

from djtune.experiments.intervals import mean_interval
from djtune.garbage.result import Pauses
from djtune.model.metrics import Metric
from djtune.model.samples import Sample, Trial

GENERATIONS = (0, 1, 2)
FULL = 2
FEWEST_POINTS = 3


def served(trial: Trial) -> list[Sample]:
    """The requests that were served while collections were told."""
    return trial.samples[trial.settled :]


def cpu_seconds(trial: Trial) -> float:
    """CPU time of these requests and of the collections between them."""
    requests = sum(sample.cpu for sample in served(trial))
    return (requests + sum(pause.cpu for pause in trial.pauses if pause.request < 0)) / 1e9


def gc_seconds(trial: Trial) -> float:
    """CPU time of all collections."""
    return sum(pause.cpu for pause in trial.pauses) / 1e9


def gc_per_request(trial: Trial) -> float | None:
    """Seconds of CPU in collections, those between requests included; ``None`` without requests."""
    n = len(served(trial))
    return gc_seconds(trial) / n if n else None


def cpu_per_request(trial: Trial) -> float | None:
    """Seconds of CPU; ``None`` without requests."""
    n = len(served(trial))
    return cpu_seconds(trial) / n if n else None


def gc_share(trial: Trial) -> float | None:
    """The part of the CPU time that collections take; ``None`` without any."""
    total = cpu_seconds(trial)
    return min(1.0, gc_seconds(trial) / total) if total else None


def collections_per_1000(trial: Trial, generation: int) -> float | None:
    """How many collections of a generation 1,000 requests bring."""
    n = len(served(trial))
    ran = sum(pause.generation == generation for pause in trial.pauses)
    return 1000 * ran / n if n else None


def freed_per_request(trial: Trial) -> float | None:
    """Objects that the collector freed."""
    n = len(served(trial))
    return sum(pause.collected for pause in trial.pauses) / n if n else None


def peak_rss(trial: Trial) -> float | None:
    """Bytes."""
    return None if trial.memory is None else float(trial.memory.peak)


def growth(trial: Trial) -> float | None:
    """Bytes that the peak is above what was resident at the start."""
    return None if trial.memory is None else float(max(0, trial.memory.peak - trial.memory.start))


def slope(trial: Trial) -> float | None:
    """Bytes that each request adds to what is resident: least squares over the trial's points."""
    points = trial.memory.points if trial.memory else []
    if len(points) < FEWEST_POINTS:
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def reached_full(trials: Sequence[Trial]) -> bool:
    """Whether a full collection ran by itself in every trial."""
    return bool(trials) and all(
        any(pause.generation == FULL for pause in trial.pauses) for trial in trials
    )


def pauses(trials: Sequence[Trial]) -> list[Pauses]:
    """All collections of the trials, by generation."""
    found = []
    for generation in GENERATIONS:
        times = [p.cpu for trial in trials for p in trial.pauses if p.generation == generation]
        found.append(Pauses(generation, len(times), sum(times) / 1e9, max(times, default=0) / 1e9))
    return found


def mean_of(
    trials: Sequence[Trial],
    figure: Callable[[Trial], float | None],
    at_least: float = 0.0,
) -> Metric:
    """A figure's mean over trials with its interval; empty where no trial has it."""
    figures = [value for trial in trials if (value := figure(trial)) is not None]
    if not figures:
        return Metric(None, reason="nothing was measured")
    return mean_interval(figures, at_least).metric()
