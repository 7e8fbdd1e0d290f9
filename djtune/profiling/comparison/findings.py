"""What a comparison means: each change in words, and the regressions as findings."""

from collections.abc import Iterator, Sequence

from djtune.model.findings import FindingData, Saving
from djtune.profiling.comparison.result import (
    Comparison,
    Counter,
    CounterChange,
    OneSided,
    RouteChange,
    Tier,
    TimeChange,
)
from djtune.profiling.repeats import severity
from djtune.reports import format as fmt

FORMATS: dict[Counter, fmt.Formatter] = {
    "queries": fmt.count,
    "bytes": fmt.size,
    "gzip": fmt.size,
    "collections": fmt.count,
    "hops": fmt.count,
}
LABELS: dict[Counter, str] = {
    "queries": "queries",
    "bytes": "bytes",
    "gzip": "bytes after gzip",
    "collections": "garbage collections",
    "hops": "thread hops",
}
TIER_LABELS: dict[Tier, str] = {"cpu": "CPU time", "wall": "wall time"}


def name_of(route: RouteChange | OneSided) -> str:
    """``METHOD /route``, as reports have it."""
    return f"{route.method} /{route.route.removeprefix('^').removesuffix('$').lstrip('/')}"


def regressions(comparison: Comparison) -> list[str]:
    """A line for each route that got worse: what ``--fail-on regression`` is about."""
    lines = [
        f"{name_of(route)}: {', '.join(worsened(route))}"
        for route in comparison.routes
        if worsened(route)
    ]
    lines += [
        f"{name_of(entry)}: was answered before, {entry.detail}"
        for entry in comparison.one_sided
        if entry.regression
    ]
    return lines


def findings(comparison: Comparison) -> list[FindingData]:
    """A finding for each route that got worse, the worst first."""
    worse = [route for route in comparison.routes if worsened(route)]
    found = [(_largest_part(route), _finding(route, comparison)) for route in worse]
    return [finding for _, finding in sorted(found, key=lambda each: -each[0])]


def worsened(route: RouteChange) -> list[str]:
    """Each of a route's regressions in words: counters, CPU time, wall time."""
    said = [counter_text(change) for change in route.counters if change.verdict == "more"]
    said += [time_text(change) for change in route.times if change.verdict == "slower"]
    return said


def counter_text(change: CounterChange) -> str:
    """``queries 1 → 41``."""
    formatter = FORMATS[change.counter]
    return (
        f"{LABELS[change.counter]} {formatter(change.before.value)} → "
        f"{formatter(change.after.value)}"
    )


def time_text(change: TimeChange) -> str:
    """``slower by 23.0 % [19.2–26.9] in CPU time``."""
    return f"{change.verdict} by {amount(change)} {span(change)} in {TIER_LABELS[change.tier]}"


def amount(change: TimeChange) -> str:
    """How much faster or slower: ``23.0 %``, or ``a factor of 10.3`` from a doubling on."""
    value = _ratio(change)
    return f"a factor of {fmt.count(value)}" if value >= 2 else fmt.share(abs(value - 1))


def span(change: TimeChange) -> str:
    """The interval of the amount."""
    ratio, value = change.ratio, _ratio(change)
    if value >= 2 and ratio is not None:
        return fmt.interval(ratio.low, ratio.high, fmt.count)
    low, high = _distances(change)
    return fmt.interval(low, high, fmt.share, abs(value - 1))


def _ratio(change: TimeChange) -> float:
    return 1.0 if change.ratio is None or change.ratio.value is None else change.ratio.value


def limit(change: TimeChange) -> str:
    """Above which size a change would have been shown: ``smaller than ±4.1 %``."""
    reach = max((abs(bound) for bound in _distances(change)), default=0.0)
    bound = max(reach, change.smallest or 0.0)
    if bound >= 1:
        return "not even a doubling would show"
    return f"smaller than ±{fmt.share(bound)}" if bound else "not the least"


def _distances(change: TimeChange) -> tuple[float, float]:
    """The interval's bounds as relative changes in the direction of the verdict."""
    ratio = change.ratio
    if ratio is None or ratio.low is None or ratio.high is None:
        return 0.0, 0.0
    if change.verdict == "faster":
        return 1 - ratio.high, 1 - ratio.low
    return ratio.low - 1, ratio.high - 1


def _finding(route: RouteChange, comparison: Comparison) -> FindingData:
    baseline = comparison.against == "baseline"
    return FindingData(
        kind="regression",
        title=f"{name_of(route)} got worse: {', '.join(_title(route))}",
        where=route.where,
        evidence=list(_evidence(route)),
        saving=_saving(route.times),
        remedy=(
            "Look at what the view and the code that it calls do here and did not do there; if it "
            "is meant, make "
            + ("this checkout the baseline." if baseline else "this run the file to compare with.")
        ),
        confidence=_confidence(route, comparison),
        severity=severity(_largest_part(route)),
    )


def _title(route: RouteChange) -> Iterator[str]:
    """The counters, and the quietest time that shows it."""
    for counter in route.counters:
        if counter.verdict == "more":
            yield counter_text(counter)
    for time in route.times:
        if time.verdict == "slower":
            yield f"slower by {amount(time)} in {TIER_LABELS[time.tier]}"
            return


def _evidence(route: RouteChange) -> Iterator[str]:
    for change in route.counters:
        if change.verdict == "more":
            formatter = FORMATS[change.counter]
            before, after = (
                fmt.with_interval(metric.value, metric.low, metric.high, formatter)
                for metric in (change.before, change.after)
            )
            yield f"{LABELS[change.counter]} in a request: {before} before, {after} now"
    for time in route.times:
        if time.verdict == "slower":
            yield (
                f"{TIER_LABELS[time.tier]}: {fmt.duration(time.before)} before, "
                f"{fmt.duration(time.after)} now: {time.verdict} by {amount(time)} {span(time)}"
            )


def _confidence(route: RouteChange, comparison: Comparison) -> str:
    if any(change.verdict == "slower" for change in route.times):
        return f"intervals that hold together with 95 % over {comparison.comparisons} comparisons"
    rigid = all(
        change.before.low == change.before.high and change.after.low == change.after.high
        for change in route.counters
        if change.verdict == "more"
    )
    return "exact counts" if rigid else "95 % intervals that do not overlap"


def _saving(times: Sequence[TimeChange]) -> Saving | None:
    """What it costs a request now, by wall time: the interval is the ratio's."""
    for time in times:
        ratio = time.ratio
        if time.tier == "wall" and time.verdict == "slower" and ratio is not None:
            low, high = (
                None if b is None else time.before * (b - 1) for b in (ratio.low, ratio.high)
            )
            return Saving(time.after - time.before, "s per request", low, high, estimate=False)
    return None


def _largest_part(route: RouteChange) -> float:
    """The largest part of a figure now that was not there before."""
    parts = [
        _part(change.before.value or 0.0, change.after.value or 0.0)
        for change in route.counters
        if change.verdict == "more"
    ]
    parts += [
        _part(change.before, change.after) for change in route.times if change.verdict == "slower"
    ]
    return max(parts, default=0.0)


def _part(before: float, after: float) -> float:
    return (after - before) / after if after > 0 else 0.0
