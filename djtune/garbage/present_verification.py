"""The settings that were run for real, as blocks of the report."""

from djtune.experiments.evidence import Comparison
from djtune.garbage.present_ceiling import metric_cell
from djtune.garbage.result import Tried, Verification
from djtune.model.metrics import Metric
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table, Tone
from djtune.reports.format import Formatter


def verification_blocks(verification: Verification) -> list[Block]:
    """Counters, memory, CPU time and wall time, in this order; then verdicts; then predictions."""
    tried = verification.tried
    differing = {each.variant for each in verification.comparisons if each.improves is not None}
    blocks: list[Block] = [
        Heading("Run for real, side by side", anchor="verification"),
        Note(
            f"{fmt.plural(verification.blocks, 'block', 'blocks')} of one fresh process a setting, "
            "and the current setting twice: the difference between its two shows what chance can "
            "do. Ratios are to the current setting. The intervals of peak RSS and GC CPU hold "
            "together with 95 %, and so do those of the other means; percentiles' each by itself.",
            tone="plain",
        ),
        _counters(verification),
        _costs(verification),
        _times(verification),
    ]
    blocks += [
        Note(f"{name}: {sentence}.", tone="plain")
        for name, sentence in verification.verdicts.items()
        if name in differing
    ]
    if silent := [name for name in verification.verdicts if name not in differing]:
        blocks.append(Note(f"No difference from the current setting shown: {'; '.join(silent)}."))
    blocks += [
        Note(f"{each.name}: the app changed the setting while it ran.", tone="warn")
        for each in tried
        if not each.kept
    ]
    short = [each.name for each in tried if not each.reached_full]
    if short:
        blocks.append(
            Note(
                f"Too short for a full collection in every trial: {'; '.join(short)}. What that "
                "does to pauses and memory stands in the simulation alone.",
                tone="warn",
            )
        )
    if any(each.predicted for each in tried):
        blocks.append(_predictions(tried))
    return blocks


def _counters(verification: Verification) -> Table:
    return Table(
        [
            Column("setting"),
            Column("gen 0", "right", help="collections in 1,000 requests"),
            Column("gen 1", "right"),
            Column("gen 2", "right"),
            Column("longest gen 0", "right", 2),
            Column("longest gen 1", "right", 1),
            Column("longest gen 2", "right"),
            Column("uncollectable", "right", 3, help="objects"),
            Column("n", "right", 3, help="requests"),
        ],
        [
            [
                Cell(each.name),
                *(Cell(_rate(rate)) for rate in each.collections),
                *(
                    Cell(fmt.duration(pauses.longest) if pauses.n else "none")
                    for pauses in each.pauses
                ),
                Cell(f"{each.uncollectable}"),
                Cell(f"{each.requests:,}"),
            ]
            for each in verification.tried
        ],
        title="Collections",
    )


def _rate(rate: float) -> str:
    return fmt.count(float(f"{rate:.3g}"))


def _costs(verification: Verification) -> Table:
    return Table(
        [
            Column("setting"),
            Column("peak RSS", "right"),
            Column("ratio", "right"),
            Column("growth a request", "right", 2, help="slope of the resident memory"),
            Column("GC CPU a request", "right"),
            Column("ratio", "right"),
            Column("GC share", "right", 1, help="of the CPU time"),
            Column("requests a CPU second", "right", 3),
        ],
        [
            [
                Cell(each.name),
                metric_cell(each.peak_rss, fmt.size),
                _ratio(verification, each, "peak RSS"),
                metric_cell(each.slope, fmt.size),
                metric_cell(each.gc, fmt.duration),
                _ratio(verification, each, "GC CPU per request"),
                metric_cell(each.share, fmt.share),
                metric_cell(each.per_cpu_second, fmt.count),
            ]
            for each in verification.tried
        ],
        title="Memory and GC time",
    )


def _times(verification: Verification) -> Table:
    quantiles = [f"p{tail.q * 100:.0f}" for tail in verification.tried[0].tails]
    return Table(
        [
            Column("setting"),
            Column("CPU a request", "right"),
            Column("ratio", "right"),
            *(Column(f"{q} of CPU", "right", 2) for q in quantiles[1:]),
            Column("mean", "right", help="service time"),
            Column("ratio", "right"),
            *(Column(q, "right", 1, help="service time, ratio below") for q in quantiles),
        ],
        [
            [
                Cell(each.name),
                metric_cell(each.cpu, fmt.duration),
                _ratio(verification, each, "CPU per request"),
                *(_tail(tail.cpu_value, tail.cpu_ratio) for tail in each.tails[1:]),
                metric_cell(each.mean, fmt.duration),
                _ratio(verification, each, "mean service time"),
                *(_tail(tail.value, tail.ratio) for tail in each.tails),
            ]
            for each in verification.tried
        ],
        title="CPU and wall time",
    )


def _ratio(verification: Verification, tried: Tried, metric: str) -> Cell:
    found = next(
        (c for c in verification.comparisons if c.variant == tried.name and c.metric == metric),
        None,
    )
    if found is None:
        return Cell("")
    if found.size is None or found.how != "ratio":
        return Cell(found.outcome, tone=_tone(found))
    size = found.size
    return Cell(
        fmt.ratio(size.value), note=fmt.interval(size.low, size.high, fmt.ratio), tone=_tone(found)
    )


def _tone(comparison: Comparison) -> Tone:
    if comparison.improves is None:
        return "plain"
    return "good" if comparison.improves else "warn"


def _tail(value: Metric | None, ratio: Metric | None) -> Cell:
    if value is None or value.value is None:
        return Cell("n/a", note=value.reason if value else "", tone="muted")
    if ratio is None or ratio.value is None:
        return metric_cell(value, fmt.duration)
    told = fmt.with_interval(ratio.value, ratio.low, ratio.high, fmt.ratio)
    return Cell(fmt.duration(value.value), note=told)


def _predictions(tried: list[Tried]) -> Table:
    rows = [each for each in tried if each.predicted is not None]
    return Table(
        [
            Column("setting"),
            Column("gens 0/1/2", "right", help="collections in 1,000 requests"),
            Column("GC a request", "right"),
            Column("memory above the start", "right"),
            Column("longest pause", "right", 1),
        ],
        [_predicted(each) for each in rows],
        title="Predicted → measured",
        caption="The prediction is for the same requests in the same order.",
    )


def _predicted(tried: Tried) -> list[Cell]:
    simulated = tried.predicted
    assert simulated is not None
    rates = [1000 * n / max(1, simulated.requests) for n in simulated.collections]
    pairs = zip(rates, tried.collections, strict=True)
    longest = max(pauses.longest for pauses in tried.pauses)
    return [
        Cell(tried.name),
        Cell(" / ".join(f"{_rate(before)} → {_rate(after)}" for before, after in pairs)),
        Cell(_arrow(simulated.gc_ns_per_request / 1e9, tried.gc.value, fmt.duration)),
        Cell(_arrow(float(simulated.peak_bytes), tried.growth.value, fmt.size)),
        Cell(_arrow(simulated.worst_pause_ns / 1e9, longest, fmt.duration)),
    ]


def _arrow(predicted: float, measured: float | None, formatter: Formatter) -> str:
    return f"{formatter(predicted)} → {formatter(measured)}"
