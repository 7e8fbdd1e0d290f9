"""Does freezing pay in a preforking server: what its processes hold, with and without."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Literal

from msgspec import Struct, field

from djtune.experiments.effects import Effect, adjusted, difference, ratio
from djtune.experiments.intervals import mean_interval
from djtune.model.metrics import Metric
from djtune.servers.prefork import Footprint, FreezeIn, Served

Measure = Literal["PSS", "USS"]
Arm = Literal["none", "again", "worker", "parent"]
ARMS: dict[Arm, FreezeIn] = {"none": "", "again": "", "worker": "worker", "parent": "parent"}
"""What is run in each block: without freezing twice, so that chance can be told from an effect."""
FROZEN: tuple[Arm, Arm] = ("worker", "parent")

Block = Mapping[Arm, Served]
Figure = Callable[[Served], float]


class PreforkVariant(Struct, frozen=True):
    """What the processes hold where one of them, or none, has frozen what was loaded; bytes."""

    freeze_in: FreezeIn
    total: Metric
    """All processes together, after a full collection in each worker; see ``measure``."""
    total_served: Metric
    """The same before that collection, as the requests have left it."""
    worker: Metric
    """What one worker alone holds (USS), after the full collection: the price of one more."""
    parent: Metric
    """What the parent alone holds (USS)."""
    ratio: Effect | None = None
    """``total`` over that without freezing; ``None`` for that itself."""
    per_worker: Effect | None = None
    """How many bytes ``worker`` differs from that without freezing."""


class PreforkResult(Struct, frozen=True):
    """Freezing nowhere, in each worker and in the parent, compared over blocks."""

    workers: int
    thresholds: list[int]
    """The same for every variant."""
    measure: Measure
    """PSS counts shared pages once; where the system has none, USS leaves them out."""
    requests: float
    """Requests that each worker has served, on average."""
    ok: float
    """The share of them that had the answer that was expected."""
    variants: list[PreforkVariant] = field(default_factory=list)
    failure: str = ""
    """Why the blocks ended early."""

    @property
    def parent(self) -> PreforkVariant:
        """What freezing in the parent does."""
        return next(variant for variant in self.variants if variant.freeze_in == "parent")

    @property
    def pays(self) -> bool:
        """Whether freezing in the parent is shown to take less memory."""
        return self.parent.ratio is not None and self.parent.ratio.outcome == "lower"


def compare(blocks: Sequence[Block], failure: str = "") -> PreforkResult:
    """Compare the variants over whole blocks. Raises ValueError without any."""
    if not blocks:
        raise ValueError("a comparison needs at least one block")
    everything = [served for block in blocks for served in block.values()]
    measure: Measure = "USS" if any(one.collected.pss is None for one in everything) else "PSS"
    requests = fmean(served.requests for served in everything)
    workers = len(everything[0].collected.workers)
    return PreforkResult(
        workers,
        everything[0].thresholds,
        measure,
        requests / workers,
        fmean(served.ok for served in everything) / requests if requests else 0.0,
        [_without(blocks, measure), *(_variant(blocks, arm, measure) for arm in FROZEN)],
        failure,
    )


def _without(blocks: Sequence[Block], measure: Measure) -> PreforkVariant:
    """Without freezing: both runs of a block make one figure."""
    total, total_served, worker, parent = (
        _mean([fmean((figure(block["none"]), figure(block["again"]))) for block in blocks])
        for figure in _figures(measure)
    )
    return PreforkVariant("", total, total_served, worker, parent)


def _variant(blocks: Sequence[Block], arm: Arm, measure: Measure) -> PreforkVariant:
    figures = _figures(measure)
    total, total_served, worker, parent = (_mean(_of(blocks, arm, each)) for each in figures)
    confidence = adjusted(len(FROZEN))
    return PreforkVariant(
        ARMS[arm],
        total,
        total_served,
        worker,
        parent,
        ratio=ratio(*_beside_none(blocks, arm, figures[0]), confidence),
        per_worker=difference(*_beside_none(blocks, arm, figures[2]), confidence),
    )


def _beside_none(
    blocks: Sequence[Block], arm: Arm, figure: Figure
) -> tuple[list[float], list[float], list[float]]:
    return _of(blocks, arm, figure), _of(blocks, "none", figure), _of(blocks, "again", figure)


def _of(blocks: Sequence[Block], arm: Arm, figure: Figure) -> list[float]:
    return [figure(block[arm]) for block in blocks]


def _figures(measure: Measure) -> tuple[Figure, Figure, Figure, Figure]:
    """The figures of a :class:`PreforkVariant`, in its order."""

    def total(footprint: Footprint) -> float:
        return float((footprint.pss if measure == "PSS" else footprint.uss) or 0)

    return (
        lambda served: total(served.collected),
        lambda served: total(served.served),
        lambda served: fmean(process.uss for process in served.collected.workers),
        lambda served: float(served.collected.parent.uss),
    )


def _mean(figures: Sequence[float]) -> Metric:
    return mean_interval(figures, at_least=0.0).metric()
