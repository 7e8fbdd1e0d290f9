"""The comparison with the past as report blocks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from djtune.model.metrics import Metric
from djtune.profiling.comparison.findings import (
    FORMATS,
    LABELS,
    TIER_LABELS,
    amount,
    limit,
    name_of,
    span,
)
from djtune.profiling.comparison.result import (
    TIERS,
    Comparison,
    CounterChange,
    CounterVerdict,
    OneSided,
    RouteChange,
    Side,
    TimeChange,
    TimeVerdict,
)
from djtune.reports import format as fmt
from djtune.reports.blocks import Block, Cell, Column, Heading, Note, Table, Tone

COUNTER_TONES: dict[CounterVerdict, Tone] = {
    "more": "warn",
    "fewer": "good",
    "same": "muted",
    "no difference shown": "muted",
    "can't tell": "muted",
}
TIME_TONES: dict[TimeVerdict, Tone] = {
    "slower": "warn",
    "faster": "good",
    "no difference shown": "muted",
    "can't tell": "muted",
    "not judged": "muted",
}
WEIGHT_CHANGE = 0.01
"""A route's weight is said to have changed from this part of it on."""
NAMED = 8
"""Routes that a sentence names."""


def blocks(comparison: Comparison) -> list[Block]:
    """Summary, counters, times, and what the two runs have not in common."""
    found: list[Block] = [Heading("Against the past", anchor="past"), _summary(comparison)]
    found += [Note(f"Beware: {warning}", tone="warn") for warning in comparison.warnings]
    if any(_is_told(change) for route in comparison.routes for change in route.counters):
        found.append(_counters(comparison.routes))
    elif comparison.routes:
        found.append(_unchanged(comparison.routes))
    if comparison.against == "baseline":
        found.append(_resolution(comparison))
    if comparison.routes:
        judged = comparison.against == "baseline"
        found.append(_judged_times(comparison) if judged else _stored_times(comparison))
    found += _weights(comparison.routes)
    if comparison.one_sided:
        found.append(_one_sided(comparison.one_sided, comparison))
    found += _machines(comparison)
    return found


def _summary(comparison: Comparison) -> Note:
    """How many routes got worse or better; the tone says whether any got worse."""
    verdicts = [route.verdict for route in comparison.routes]
    worse = sum(v in ("worse", "worse and better") for v in verdicts) + sum(
        entry.regression for entry in comparison.one_sided
    )
    better = verdicts.count("better")
    rest = len(verdicts) - sum(v in ("worse", "worse and better", "better") for v in verdicts)
    what = "counters" if comparison.against == "file" else "counters, CPU time, wall time"
    text = (
        f"{comparison.before.name} → {comparison.after.name}, by {what}: {worse} worse, "
        f"{better} better, {rest} without a difference, of {_counted(len(verdicts), 'route')} that "
        "both have."
    )
    return Note(text, tone="warn" if worse else "plain")


def _unchanged(routes: Sequence[RouteChange]) -> Note:
    verdicts = Counter(change.verdict for route in routes for change in route.counters)
    said = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
    return Note(f"No counter is shown to have changed: of {verdicts.total()}, {said}.")


def _resolution(comparison: Comparison) -> Note:
    """What the baseline against itself says about the size of differences that would show."""
    told = []
    for tier in TIERS:
        sizes = [
            time.smallest
            for route in comparison.routes
            for time in route.times
            if time.tier == tier and time.smallest is not None
        ]
        if sizes:
            told.append(
                f"{TIER_LABELS[tier]} {_effect(median(sizes))} "
                f"({_effect(min(sizes))} to {_effect(max(sizes))})"
            )
    blocks = _counted(comparison.blocks, "complete block")
    if not told:
        return Note(f"{blocks}: too few for a verdict on time.", tone="warn")
    return Note(
        f"The smallest differences that would show, from the baseline against itself in {blocks}: "
        f"{', '.join(told)}; the median route, and all of them. More --trials and a longer "
        "--duration show smaller ones."
    )


def _effect(size: float) -> str:
    return fmt.share(size) if size < 1 else "more than 100 %"


def _is_told(change: CounterChange) -> bool:
    return change.verdict in ("more", "fewer")


def _counters(routes: Sequence[RouteChange]) -> Table:
    rows = [
        [
            Cell(name_of(route), note=route.where),
            Cell(LABELS[change.counter]),
            _figure(change.before, FORMATS[change.counter]),
            _figure(change.after, FORMATS[change.counter]),
            Cell(change.verdict, tone=COUNTER_TONES[change.verdict]),
        ]
        for route in routes
        for change in route.counters
        if _is_told(change)
    ]
    unclear = [c for route in routes for c in route.counters if c.verdict == "can't tell"]
    doubt = (
        f" {_counted(len(unclear), 'counter')} cannot be told: {unclear[0].reason}."
        if unclear
        else ""
    )
    return Table(
        [
            Column("route"),
            Column("counter"),
            Column("before", "right"),
            Column("now", "right"),
            Column("verdict"),
        ],
        rows,
        title="Counters that changed",
        caption="Per request. Counts that all requests agree on are exact; others have 95 % "
        f"intervals, and a change is called only where it is beyond them.{doubt}",
    )


def _figure(metric: Metric, formatter: fmt.Formatter) -> Cell:
    if metric.value is None:
        return Cell(fmt.NA, note=metric.reason, tone="muted")
    varies = metric.low != metric.high
    note = fmt.interval(metric.low, metric.high, formatter, metric.value) if varies else ""
    return Cell(formatter(metric.value), note=note)


def _stored_times(comparison: Comparison) -> Table:
    return Table(
        [
            Column("route"),
            Column("CPU before", "right", 1),
            Column("CPU now", "right", 1),
            Column("mean before", "right"),
            Column("mean now", "right"),
        ],
        [[Cell(name_of(route)), *_times(route.times)] for route in comparison.routes],
        title="Times, not judged",
        caption="Another run, maybe another machine: not a verdict; --baseline-dir reruns both.",
    )


def _times(times: Sequence[TimeChange]) -> Iterator[Cell]:
    for time in times:
        yield Cell(fmt.duration(time.before))
        yield Cell(fmt.duration(time.after))


def _judged_times(comparison: Comparison) -> Table:
    columns = [Column("route")]
    for priority, tier in ((0, "CPU"), (1, "wall")):
        columns += [
            Column(f"{tier} before", "right", 2 + priority),
            Column(f"{tier} now", "right", 2 + priority),
            Column(f"{tier} verdict", "left", priority),
        ]
    return Table(
        columns,
        [
            [
                Cell(name_of(route), note=route.where),
                *(cell for time in route.times for cell in _judged(time)),
            ]
            for route in comparison.routes
        ],
        title="Times",
        caption=f"{_counted(comparison.blocks, 'block')} of the baseline twice and this checkout "
        "once, in random order, each asked for the same. Ratios are paired within blocks; the "
        f"intervals of all {comparison.comparisons} comparisons hold together with 95 % "
        "(Bonferroni). “smaller than ±x %”: what the baseline against itself, and the interval, "
        "leave room for.",
    )


def _judged(time: TimeChange) -> Iterator[Cell]:
    yield Cell(fmt.duration(time.before))
    yield Cell(fmt.duration(time.after))
    tone = TIME_TONES[time.verdict]
    if time.verdict in ("faster", "slower"):
        yield Cell(f"{time.verdict} by {amount(time)}", note=span(time), tone=tone)
    elif time.verdict == "no difference shown":
        yield Cell(time.verdict, note=limit(time), tone=tone)
    else:
        yield Cell(time.verdict, note=time.reason, tone=tone)


def _weights(routes: Sequence[RouteChange]) -> list[Block]:
    """Routes that are asked for more or less often than then, among those that both have."""
    moved = [
        f"{name_of(route)} {route.weight_before:.3g} → {route.weight_after:.3g}"
        for route in routes
        if abs(route.weight_after - route.weight_before)
        > WEIGHT_CHANGE * max(route.weight_before, route.weight_after)
    ]
    if not moved:
        return []
    return [
        Note(
            f"Weights changed, requests in 1,000 of the routes that both have: {_named(moved)}.",
            tone="warn",
        )
    ]


def _one_sided(entries: Sequence[OneSided], comparison: Comparison) -> Table:
    said = {"before": comparison.before.name, "after": comparison.after.name}
    other = {"before": comparison.after.name, "after": comparison.before.name}
    return Table(
        [Column("route"), Column("measured in"), Column("not in")],
        [
            [
                Cell(name_of(entry), note=entry.where),
                Cell(f"{said[entry.side]} only"),
                Cell(
                    f"{other[entry.side]}: {entry.detail or 'has no such route'}",
                    tone="warn" if entry.regression else "plain",
                ),
            ]
            for entry in entries
        ],
        title="Routes that came or went",
    )


def _machines(comparison: Comparison) -> list[Block]:
    sides = [comparison.before, comparison.after]
    if comparison.against == "baseline":
        return [Note(f"{side.name}: {_app(side)}.") for side in sides if _app_differs(sides)]
    same = comparison.before.machine.cpu == comparison.after.machine.cpu
    notes: list[Block] = [Note(f"{side.name}: {_machine(side)}.") for side in sides]
    if not same:
        notes.append(Note("The processors differ: times cannot be compared.", tone="warn"))
    return notes


def _app_differs(sides: Sequence[Side]) -> bool:
    return len({_app(side) for side in sides}) > 1


def _app(side: Side) -> str:
    return f"Django {side.django} on Python {side.python}, {side.interface.upper()}"


def _machine(side: Side) -> str:
    machine, noise = side.machine, side.noise
    return (
        f"{_app(side)}; {machine.cpu or 'processor unknown'}, {machine.usable_cpus} of "
        f"{machine.cpus} CPUs, load {machine.load[0]:.1f}; noise {noise.lost_ms_per_s:.1f} ms lost "
        f"in each second, worst gap {fmt.duration(noise.worst_gap_s)}; "
        f"{side.requests:,} requests in {fmt.plural(side.trials, 'process', 'processes')}; "
        f"weights: {side.weights_from}"
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
