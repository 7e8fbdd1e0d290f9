"""From counted traffic to a workload and the result: pure functions on plain data."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath

import msgspec

from djtune.model.routes import Route
from djtune.model.workload import Workload
from djtune.workloads.urlconf import Skipped

from .asked import Asked, by_method, whole
from .columns import status as status_of
from .reading import FileRead
from .result import FromLogResult, MissingColumn, Others, Peak, Unresolved
from .traffic import Target, Traffic

SHOWN_PATTERNS = 20
HOUR = 60


class Made(msgspec.Struct):
    """A workload and what is to be said of it."""

    workload: Workload
    skipped: list[Skipped]
    result: FromLogResult


def build(
    traffic: Traffic,
    files: Sequence[FileRead],
    routes: Sequence[Route],
    target_file: str,
) -> Made:
    """Make one journey per method and route that was answered, as heavy as it was asked for."""
    known = {route.route: route for route in routes}
    targets = traffic.targets()
    asked = [
        Asked(target, method, tallies, known.get(target.name))
        for target in targets
        if target.kind == "route"
        for method, tallies in by_method(target).items()
    ]
    asked.sort(key=lambda one: (-one.weight, -one.requests, one.route, one.method))
    in_routes = sum(one.requests for one in asked)
    journeys = [one.journey for one in asked if one.journey]
    missing = _missing(files)
    timeless = any(one.column == "time" for one in missing)
    peak = None if timeless else _peak(traffic.minutes)
    per_hour = _per_hour(peak, traffic.minutes, sum(one.weight for one in asked if one.journey))
    total = sum(tally.requests for target in targets for tally in target.values())
    weights_from = _weights_from(files, total, traffic)
    observed = {
        f"{one.method} {one.route}": one.observed for one in asked if one.journey or one.skipped
    }
    return Made(
        workload=Workload(
            journeys,
            weights_from=weights_from,
            journeys_per_hour=per_hour,
            observed=observed,
        ),
        skipped=[one.skipped for one in asked if one.skipped],
        result=FromLogResult(
            workload=target_file,
            weights_from=weights_from,
            files=list(files),
            requests=whole(total),
            begins=_iso(traffic.first),
            ends=_iso(traffic.last),
            peak=peak,
            journeys_per_hour=per_hour,
            routes=[one.in_log(in_routes) for one in asked],
            users=len(traffic.users) if any(file.recording for file in files) else None,
            others=_others(targets),
            unresolved=_unresolved(targets),
            slashless=_slashless(targets),
            missing=missing,
        ),
    )


def _peak(minutes: Counter[int]) -> Peak | None:
    """The busiest 60 minutes in a row; of a shorter log, all of it, as a rate."""
    if not minutes:
        return None
    first, last = min(minutes), max(minutes)
    length = min(last - first + 1, HOUR)
    if length < 2:
        return None  # less than a minute tells no rate
    best, begins, inside = 0.0, first, 0.0
    ordered = sorted(minutes)
    start = 0
    for minute in ordered:
        inside += minutes[minute]
        while ordered[start] <= minute - length:
            inside -= minutes[ordered[start]]
            start += 1
        if inside > best:
            best, begins = inside, ordered[start]
    return Peak(_iso(begins), length, whole(best), whole(best * HOUR / length))


def _per_hour(peak: Peak | None, minutes: Counter[int], written: float) -> float | None:
    """Journeys per hour at peak: the peak's requests, as far as their routes are journeys."""
    if peak is None or not written:
        return None
    return float(f"{peak.per_hour * written / sum(minutes.values()):.6g}")


def _missing(files: Sequence[FileRead]) -> list[MissingColumn]:
    """Columns that a file with requests does not have, or not clearly."""
    found = []
    for column in ("duration", "bytes", "time"):
        lacking = [file for file in files if file.requests and column not in file.columns]
        if lacking:
            details = {file.unclear for file in lacking if column == "duration" and file.unclear}
            names = [file.name for file in lacking]
            found.append(MissingColumn(column, names, "; ".join(sorted(details))))
    return found


def _others(targets: Iterable[Target]) -> Others:
    counts: dict[str, float] = {}
    for target in targets:
        kind = target.kind.replace(" ", "_")
        counts[kind] = counts.get(kind, 0) + sum(t.requests for t in target.values())
    return Others(**{name: whole(counts.get(name, 0)) for name in Others.__struct_fields__})


def _unresolved(targets: Iterable[Target]) -> list[Unresolved]:
    found = []
    for target in targets:
        if target.kind in ("unknown", "outside"):
            statuses: dict[str, float] = {}
            for (_, status), tally in target.items():
                name = str(status_of(status))
                statuses[name] = whole(statuses.get(name, 0) + tally.requests)
            total = whole(sum(statuses.values()))
            found.append(Unresolved(target.name, total, dict(sorted(statuses.items()))))
    found.sort(key=lambda one: (-one.requests, one.pattern))
    return found[:SHOWN_PATTERNS]


def _slashless(targets: Iterable[Target]) -> dict[str, float]:
    found = {
        target.name: whole(sum(tally.requests for tally in target.values()))
        for target in targets
        if target.kind == "slash"
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _weights_from(files: Sequence[FileRead], total: float, traffic: Traffic) -> str:
    kinds = {"recording" if file.recording else "access log" for file in files if file.format}
    names = [PurePath(file.name).name if file.name != "-" else "stdin" for file in files]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    text = f"{' and '.join(sorted(kinds))} {names[0]}{more}, {_counted(total)}"
    if traffic.first is not None and traffic.last is not None:
        first, last = (datetime.fromtimestamp(60 * m, UTC) for m in (traffic.first, traffic.last))
        until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
        text += f", {first:%Y-%m-%d %H:%M}–{until} UTC"
    return text


def _counted(requests: float) -> str:
    return f"{requests:,.0f} request{'' if round(requests) == 1 else 's'}"


def _iso(minute: int | None) -> str:
    if minute is None:
        return ""
    return datetime.fromtimestamp(60 * minute, UTC).isoformat(timespec="minutes")
