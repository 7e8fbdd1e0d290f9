"""Hit ratios over memory sizes, from idle times and from a trace."""

from collections.abc import Iterator

from djtune.redis_memory.advising.reading import at
from djtune.redis_memory.curves import Curve, Ideal
from djtune.redis_memory.result import ServerResult, TraceSummary
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Chart, Column, Heading, Note, Series, Table

FUTURE = "Belady"


def curve_blocks(server: ServerResult, level: int) -> Iterator[Block]:
    """The curves and what bends them; nothing where there is none."""
    curves = [curve for curve in (server.idle, *server.traced) if curve is not None]
    if not curves:
        return
    yield Heading("Hit ratio by memory", level)
    if server.trace is not None:
        yield Note(_traced(server.trace), tone="plain")
        yield from map(Note, server.trace.notes)
    drawn = _best_of_each([curve for curve in curves if curve.points])
    if drawn:
        yield _chart(drawn)
        yield _table(server, drawn)
    if len(drawn) < sum(bool(curve.points) for curve in curves):
        yield Note(
            "Of each policy the best settings are shown; --format json has all that were tried."
        )
    for caveat, told in _caveats(curves).items():
        yield Note(f"{told}{caveat}")


def _best_of_each(curves: list[Curve]) -> list[Curve]:
    """One curve for each policy: the one that misses least over all sizes."""
    best: dict[str, Curve] = {}
    for curve in curves:
        policy = curve.rules.policy if curve.rules else ""
        if policy not in best or _misses(curve) < _misses(best[policy]):
            best[policy] = curve
    return list(best.values())


def _misses(curve: Curve) -> float:
    return sum(point.miss_ratio for point in curve.points)


def _caveats(curves: list[Curve]) -> dict[str, str]:
    """What is said of the curves, once; with whose it is, where it is of idle times."""
    return {
        caveat: "" if curve.rules else f"{label(curve)}: "
        for curve in curves
        for caveat in curve.caveats
    }


def label(curve: Curve) -> str:
    """What a curve is called."""
    if curve.rules is None:
        return "by idle times"
    rules = curve.rules
    name: str = rules.policy
    if rules.samples != 5:
        name += f", samples {rules.samples}"
    if rules.policy.endswith("lfu") and (rules.log_factor, rules.decay_minutes) != (10, 1):
        name += f", decay {rules.decay_minutes} min"
    return name


def _traced(trace: TraceSummary) -> str:
    share = "" if trace.rate == 1 else f", {fmt.share(trace.rate)} of all keys"
    ratio = "" if trace.hit_ratio is None else f"; the hit ratio was {fmt.share(trace.hit_ratio)}"
    return (
        f"Replayed: {trace.operations:,} operations on {trace.keys:,} keys{share} in "
        f"{fmt.duration(trace.seconds)}{ratio}. The cost of a miss is known for "
        f"{fmt.share(trace.with_cost)} of the reads."
    )


def _chart(curves: list[Curve]) -> Chart:
    series = []
    for curve in curves:
        points = sorted(curve.points, key=lambda point: point.bytes)
        series.append(
            Series(
                label(curve),
                [(point.bytes, 1 - point.miss_ratio) for point in points],
                [(point.bytes, 1 - point.high, 1 - point.low) for point in points],
            )
        )
    return Chart(
        series, "memory for entries and tables", "hit ratio", log_x=True, x_unit="B", y_unit="share"
    )


def _table(server: ServerResult, curves: list[Curve]) -> Table:
    """Hit ratios at a few sizes, for each curve; the seconds that misses cost where known."""
    advice = server.advice
    choices = advice.size.choices if advice and advice.size else []
    sizes = sorted(choice.bytes for choice in choices)
    if not sizes:
        points = sorted(point.bytes for point in curves[0].points)
        sizes = points[:: max(1, len(points) // 6)]
    columns = [Column("under"), *(_column(sizes, place) for place in range(len(sizes)))]
    rows = [[Cell(label(curve)), *(_ratio(curve, size) for size in sizes)] for curve in curves]
    rows += _ideal_rows(server.ideal, sizes)
    seconds = any(p.lost_seconds_per_hour is not None for c in curves for p in c.points)
    caption = "below each hit ratio: recomputing that misses cost each hour" if seconds else ""
    return Table(columns, rows, caption=caption)


def _ideal_rows(ideal: Ideal | None, sizes: list[float]) -> list[list[Cell]]:
    """The best of the policies that Redis lacks, and the one that knows the future."""
    if ideal is None or not ideal.ratios:
        return []
    future = ideal.ratios[FUTURE]
    others = [ratios for name, ratios in ideal.ratios.items() if name not in (FUTURE, "LRU")]
    best = [min(each) for each in zip(*others, strict=True)]
    but = f" ({', '.join(ideal.caveats)})" if ideal.caveats else ""
    rows = (
        (f"the best of S3-FIFO, ARC, W-TinyLFU{but}", best),
        (f"if the future were known{but}", future),
    )
    return [
        [
            Cell(name, tone="muted"),
            *(Cell(fmt.share(1 - _nearest(size, ideal.sizes, ratios))) for size in sizes),
        ]
        for name, ratios in rows
    ]


def _nearest(size: float, sizes: list[int], ratios: list[float]) -> float:
    """The ratio at the size next to this one: they lie close."""
    return min(zip(sizes, ratios, strict=True), key=lambda each: abs(each[0] - size))[1]


def _column(sizes: list[float], place: int) -> Column:
    """A size; the largest and the middle one stay where there is little room."""
    last = len(sizes) - 1
    return Column(fmt.size(sizes[place]), "right", 0 if place in (last // 2, last) else 1 + place)


def _ratio(curve: Curve, size: float) -> Cell:
    point = at(curve, size)
    if point is None:
        return Cell(fmt.na())
    hits = 1 - point.miss_ratio
    if point.lost_seconds_per_hour is not None:
        return Cell(fmt.share(hits), note=f"{fmt.duration(point.lost_seconds_per_hour)}/h")
    return Cell(fmt.share(hits), note=fmt.interval(1 - point.high, 1 - point.low, fmt.share, hits))
