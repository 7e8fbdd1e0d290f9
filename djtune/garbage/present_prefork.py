"""What freezing does for a preforking server, as blocks of the report."""

from djtune.experiments.effects import Effect
from djtune.garbage.prefork import PreforkResult, PreforkVariant
from djtune.model.metrics import Metric
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table, Tone

TONES: dict[str, Tone] = {"lower": "good", "higher": "warn"}
LABELS = {
    "": "no freeze",
    "worker": "freeze in each worker (post_fork)",
    "parent": "freeze in the parent, before fork",
}


def prefork_blocks(result: PreforkResult) -> list[Block]:
    """A table of the variants, what it shows, and how it was measured."""
    blocks: list[Block] = [
        Heading(f"Preforked: gunicorn with {result.workers} workers", level=2),
        _table(result),
        Note(_verdict(result), tone="good" if result.pays else "plain"),
    ]
    if result.failure:
        blocks.append(Note(f"Cut short: {result.failure}.", tone="warn"))
    blocks.append(Note(_method(result)))
    return blocks


def _table(result: PreforkResult) -> Table:
    return Table(
        [
            Column("variant"),
            Column(f"all processes, {result.measure}", "right"),
            Column("of no freeze", "right"),
            Column("one worker alone, USS", "right"),
            Column("more or less a worker", "right", priority=1),
            Column("parent alone, USS", "right", priority=2),
            Column("before a full collection", "right", priority=3),
            Column("n", "right", priority=1, help="blocks"),
        ],
        [_row(variant) for variant in result.variants],
    )


def _row(variant: PreforkVariant) -> list[Cell]:
    return [
        Cell(LABELS[variant.freeze_in]),
        _size(variant.total),
        _effect(variant.ratio, fmt.ratio),
        _size(variant.worker),
        _effect(variant.per_worker, fmt.size),
        _size(variant.parent),
        _size(variant.total_served),
        Cell(f"{variant.total.n}"),
    ]


def _size(metric: Metric) -> Cell:
    return Cell(
        fmt.size(metric.value),
        note=metric.reason or fmt.interval(metric.low, metric.high, fmt.size, metric.value),
    )


def _effect(effect: Effect | None, formatter: fmt.Formatter) -> Cell:
    if effect is None:
        return Cell("")
    value = effect.value
    return Cell(
        formatter(value.value),
        note=fmt.interval(value.low, value.high, formatter, value.value),
        tone=TONES.get(effect.outcome, "muted"),
    )


def _verdict(result: PreforkResult) -> str:
    ratio, per_worker = result.parent.ratio, result.parent.per_worker
    assert ratio is not None
    assert per_worker is not None
    times = _text(ratio, fmt.ratio)
    if result.pays:
        return (
            "Collecting and freezing in the parent before it forks pays: all processes take "
            f"{times} the memory, each worker {_text(per_worker, fmt.size)}."
        )
    if ratio.outcome == "higher":
        return f"Freezing in the parent takes more memory here ({times}): leave it out."
    return f"No difference shown by freezing in the parent before it forks: {times} the memory."


def _text(effect: Effect, formatter: fmt.Formatter) -> str:
    value = effect.value
    return fmt.with_interval(value.value, value.low, value.high, formatter)


def _method(result: PreforkResult) -> str:
    thresholds = ",".join(map(str, result.thresholds))
    counted = "pages that processes share count once (PSS)"
    if result.measure == "USS":
        counted = "this system tells no PSS, so pages that processes share are left out (USS)"
    return (
        f"Real gunicorn, preload_app, sync workers; thresholds: {thresholds}. Each worker served "
        f"{result.requests:.0f} requests, {fmt.share(result.ok)} of them answered as expected, and "
        f"then made one full collection; {counted}. The parent holds djtune's agent too, in every "
        "variant alike. The intervals of the comparisons hold together with 95 %."
    )
