"""The settings that were run for real, side by side: figures, tiers of evidence, verdicts."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from msgspec import Struct

from djtune.experiments.blocks import Block, Blocks, matched
from djtune.experiments.evidence import (
    TIERS,
    Comparison,
    Measured,
    compare,
    from_matched,
    from_trials,
)
from djtune.experiments.intervals import Interval, mean_interval
from djtune.experiments.quantiles import quantile_interval
from djtune.experiments.tails import Rows, quantile_ratio
from djtune.experiments.verdicts import verdict
from djtune.garbage import usage
from djtune.garbage.recording import Simulated
from djtune.garbage.result import Role, Tail, Tried, Verification
from djtune.model.metrics import Metric
from djtune.model.policy import GcPolicy
from djtune.model.samples import Sample, Trial

CURRENT = "current"
AGAIN = "current again"
QUANTILES = (0.5, 0.95, 0.99)
TIME_METRICS = ("GC CPU per request", "CPU per request", "mean service time")
MEMORY_METRICS = ("peak RSS",)


class Candidate(Struct, frozen=True):
    """A setting to be run, and why."""

    name: str
    policy: GcPolicy
    role: Role


def compared(blocks: Sequence[Block], names: Sequence[str]) -> list[Comparison]:
    """Every setting against the current one, by tier.

    Those that decide hold together with 95 %, and so do the others: the more intervals are to
    hold together, the wider each has to be.
    """
    found = compare(deciding(blocks), names, CURRENT, AGAIN)
    found += compare(beside(blocks), names, CURRENT, AGAIN)
    return sorted(found, key=lambda each: (names.index(each.variant), TIERS.index(each.tier)))


def deciding(blocks: Sequence[Block]) -> list[Measured]:
    """What a setting is recommended by."""
    return [
        Measured("peak RSS", "memory", "B", from_trials(blocks, usage.peak_rss)),
        Measured("GC CPU per request", "CPU time", "s", from_trials(blocks, usage.gc_per_request)),
    ]


def beside(blocks: Sequence[Block]) -> list[Measured]:
    """What else is told of it."""
    return [
        *(
            Measured(
                f"generation {generation} collections per 1,000 requests",
                "counters",
                "",
                from_trials(blocks, _collections(generation)),
                "neither",
            )
            for generation in usage.GENERATIONS
        ),
        Measured(
            "objects freed per request",
            "counters",
            "",
            from_trials(blocks, usage.freed_per_request),
            "neither",
        ),
        Measured("queries per request", "counters", "", from_matched(blocks, _queries)),
        Measured("bytes per request", "counters", "B", from_matched(blocks, _bytes)),
        Measured("CPU per request", "CPU time", "s", from_matched(blocks, _mean_cpu)),
        Measured("mean service time", "wall time", "s", from_matched(blocks, _mean_wall)),
    ]


def _collections(generation: int) -> Callable[[Trial], float | None]:
    return lambda trial: usage.collections_per_1000(trial, generation)


def _queries(samples: Sequence[Sample]) -> float | None:
    return fmean(sum(sample.queries.values()) for sample in samples) if samples else None


def _bytes(samples: Sequence[Sample]) -> float | None:
    return fmean(sample.wire_bytes for sample in samples) if samples else None


def _mean_cpu(samples: Sequence[Sample]) -> float | None:
    return fmean(sample.cpu for sample in samples) / 1e9 if samples else None


def _mean_wall(samples: Sequence[Sample]) -> float | None:
    return fmean(sample.wall for sample in samples) / 1e9 if samples else None


def verification(
    blocks: Blocks,
    candidates: Sequence[Candidate],
    predicted: Mapping[str, Simulated],
    seconds: float,
) -> Verification:
    """Judge the blocks; ``candidates`` are the settings beside the current one."""
    complete = blocks.complete
    names = [candidate.name for candidate in candidates]
    comparisons = compared(complete, names)
    current = Candidate(CURRENT, GcPolicy(), "current")
    failures = {failure.variant: failure.why for failure in blocks.failures}
    tried = [
        _tried(complete, candidate, predicted.get(candidate.name), failures.get(candidate.name, ""))
        for candidate in (current, *candidates)
        if any(candidate.name in block.trials for block in complete)
    ]
    return Verification(
        tried=tried,
        comparisons=comparisons,
        verdicts={name: _verdict(comparisons, name) for name in names},
        blocks=len(complete),
        stopped=blocks.stopped or blocks.failure,
        failures=[f"{f.variant}, block {f.block + 1}: {f.why}" for f in blocks.failures],
        seconds=seconds,
    )


def _verdict(comparisons: Sequence[Comparison], name: str) -> str:
    """Time and memory are two questions; each is answered by its quietest evidence."""
    own = [each for each in comparisons if each.variant == name]
    time = verdict([each for each in own if each.metric in TIME_METRICS])
    memory = verdict([each for each in own if each.metric in MEMORY_METRICS])
    return f"time: {time.sentence}. Memory: {memory.sentence}"


def _tried(
    blocks: Sequence[Block], candidate: Candidate, predicted: Simulated | None, failure: str
) -> Tried:
    name = candidate.name
    trials = [block.trials[name] for block in blocks if name in block.trials]
    return Tried(
        policy=candidate.policy,
        name=name,
        role=candidate.role,
        requests=sum(len(usage.served(trial)) for trial in trials),
        gc=usage.mean_of(trials, usage.gc_per_request),
        share=usage.mean_of(trials, usage.gc_share),
        cpu=usage.mean_of(trials, usage.cpu_per_request),
        per_cpu_second=usage.mean_of(trials, _per_cpu_second),
        mean=_mean(from_matched(blocks, _mean_wall), name),
        tails=[_tail(blocks, name, q) for q in QUANTILES],
        collections=[
            usage.mean_of(trials, _collections(generation)).value or 0.0
            for generation in usage.GENERATIONS
        ],
        pauses=usage.pauses(trials),
        peak_rss=usage.mean_of(trials, usage.peak_rss),
        growth=usage.mean_of(trials, usage.growth),
        slope=usage.mean_of(trials, usage.slope, at_least=float("-inf")),
        uncollectable=max((t.collector.uncollectable for t in trials if t.collector), default=0),
        reached_full=usage.reached_full(trials),
        kept=all(_kept(trial, candidate.policy) for trial in trials),
        failure=failure,
        predicted=predicted,
    )


def _per_cpu_second(trial: Trial) -> float | None:
    cpu = usage.cpu_per_request(trial)
    return 1 / cpu if cpu else None


def _mean(rows: Sequence[Mapping[str, float]], name: str) -> Metric:
    figures = [row[name] for row in rows if name in row]
    if not figures:
        return Metric(None, reason="nothing was measured")
    return mean_interval(figures, at_least=0.0).metric()


def _kept(trial: Trial, policy: GcPolicy) -> bool:
    """Whether the collector was, at the trial's end, as the policy had set it.

    What the policy leaves to the app is the app's own affair.
    """
    state = trial.collector
    if state is None:
        return True
    if policy.freeze and not state.frozen:
        return False
    if not policy.enabled:
        return not state.enabled
    if policy.thresholds is None:
        return True
    first, second, third = policy.thresholds
    # Python 3.14.0 to 3.14.4 keep the third at 0.
    return state.enabled and state.thresholds in ((first, second, third), (first, second, 0))


def _tail(blocks: Sequence[Block], name: str, q: float) -> Tail:
    kept = [matched(block.trials) for block in blocks if name in block.trials]
    walls = _times(kept, lambda sample: sample.wall)
    cpus = _times(kept, lambda sample: sample.cpu)
    is_current = name == CURRENT
    return Tail(
        q=q,
        value=quantile_interval(walls(name), q),
        ratio=None if is_current else _ratio(walls(name), _both(walls), q),
        cpu_value=quantile_interval(cpus(name), q),
        cpu_ratio=None if is_current else _ratio(cpus(name), _both(cpus), q),
    )


def _times(
    kept: Sequence[Mapping[str, Sequence[Sample]]], of: Callable[[Sample], int]
) -> Callable[[str], list[list[float]]]:
    return lambda name: [[of(s) / 1e9 for s in block[name]] for block in kept if name in block]


def _both(times: Callable[[str], list[list[float]]]) -> list[list[float]]:
    """The current setting's two trials of each block as one."""
    return [a + b for a, b in zip(times(CURRENT), times(AGAIN), strict=True)]


def _ratio(variant: Rows, baseline: Rows, q: float) -> Metric:
    found: Interval | None = quantile_ratio(variant, baseline, q)
    if found is None:
        n = sum(map(len, variant))
        return Metric(None, n=n, reason=f"too few requests ({n}) or blocks ({len(variant)})")
    return found.metric()
