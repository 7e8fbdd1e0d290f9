"""From counted traffic to a workload and the result: pure functions on plain data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath

import msgspec

from djtune.model.routes import Route
from djtune.model.workload import Journey, Observed, Workload
from djtune.workloads.checks import METHODS
from djtune.workloads.file import SAFE
from djtune.workloads.urlconf import Skipped, journey_of, single_step

from .columns import status as status_of
from .reading import FileRead
from .result import FromLogResult, MissingColumn, Others, Peak, RouteInLog, Unresolved
from .sketch import quantile
from .traffic import Tally, Target, Traffic

ENOUGH_FOR_P95 = 72
ENOUGH_FOR_P99 = 368
SHOWN_PATTERNS = 20
HOUR = 60
NOT_MODIFIED = 304
PERMANENT = (301, 308)


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
        _Asked(target, method, tallies, known.get(target.name))
        for target in targets
        if target.kind == "route"
        for method, tallies in _by_method(target).items()
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
            requests=_whole(total),
            begins=_iso(traffic.first),
            ends=_iso(traffic.last),
            peak=peak,
            journeys_per_hour=per_hour,
            routes=[one.in_log(in_routes) for one in asked],
            others=_others(targets),
            unresolved=_unresolved(targets),
            slashless=_slashless(targets),
            missing=missing,
        ),
    )


class _Asked:
    """One method of one route, and what becomes of it."""

    def __init__(
        self, target: Target, method: str, tallies: Mapping[int, Tally], known: Route | None
    ) -> None:
        self.method = method
        self.route = target.name
        self.requests = _whole(sum(tally.requests for tally in tallies.values()))
        self._paths = target.paths
        self._known = known
        self._tallies = tallies
        self.expect = _expected(tallies)
        counted = {*self.expect, NOT_MODIFIED} if self.expect else set()
        self.weight = _whole(
            sum(tally.requests for status, tally in tallies.items() if status in counted)
        )
        self.observed = _observe(tallies, self.expect)
        self.journey: Journey | None = None
        self.skipped: Skipped | None = None
        self.why = self._decide()

    def _decide(self) -> str:
        """Make the journey, or say why there is none."""
        if self.method not in METHODS:
            return f"{self.method} is a method that is not asked for"
        if not self.weight:
            seen = ", ".join(str(status) for status in sorted(self._tallies))
            return f"was never answered with 2xx (but {seen})"
        if self._known is None:
            return "is no longer in the URLconf"
        found = journey_of(self._known, self.method)
        if isinstance(found, Journey) and self.method in SAFE:
            self.journey = self._filled(found)
            return ""
        if isinstance(found, Journey):
            params = [param for param in self._known.params if not param.optional]
            reason = "may write"
            found = Skipped(self.route, self.method, reason, self._known.view, params)
        elif not found.params:
            return found.reason
        blank = single_step(self.method, self.route, {})
        self.skipped = msgspec.structs.replace(found, journey=self._filled(blank))
        return found.reason

    def _filled(self, journey: Journey) -> Journey:
        (step,) = journey.steps
        steps = [msgspec.structs.replace(step, expect=self.expect)]
        return msgspec.structs.replace(journey, steps=steps, weight=self.weight)

    def in_log(self, in_routes: float) -> RouteInLog:
        return RouteInLog(
            method=self.method,
            route=self.route,
            where=f"{self._known.file}:{self._known.line}" if self._known else "",
            share=self.requests / in_routes if in_routes else 0.0,
            weight=self.weight,
            expect=self.expect,
            observed=self.observed,
            paths=self._paths,
            in_workload="journey" if self.journey else "comment" if self.skipped else "no",
            why=self.why,
        )


def _by_method(target: Target) -> dict[str, dict[int, Tally]]:
    """Method → status → tally, the texts of several files' formats put together."""
    found: dict[str, dict[int, Tally]] = {}
    for (method, status), tally in target.items():
        by_status = found.setdefault(str(method)[:20], {})
        by_status.setdefault(status_of(status), Tally()).add(tally)
    return found


def _expected(tallies: Mapping[int, Tally]) -> list[int]:
    """The statuses that answer: 2xx; where there are none, those of a permanent redirect.

    304 is an answer too, for which the app did its work, but one that djtune, which keeps no copy
    of earlier answers, never gets.
    """
    good = sorted(status for status in tallies if 200 <= status < 300)
    if good or NOT_MODIFIED in tallies:
        return good or [200]
    return sorted(status for status in tallies if status in PERMANENT)


def _observe(tallies: Mapping[int, Tally], expect: Iterable[int]) -> Observed:
    """All requests by status; sizes and durations of those that were answered as expected."""
    answered = Tally()
    for status in expect:
        if status in tallies:
            answered.add(tallies[status])
    timed = sum(answered.buckets.values())
    quantiles = {
        name: _rounded(quantile(answered.buckets, q)) if timed >= needed else None
        for name, q, needed in (
            ("p50", 0.5, 1),
            ("p95", 0.95, ENOUGH_FOR_P95),
            ("p99", 0.99, ENOUGH_FOR_P99),
        )
    }
    statuses = {str(status): _whole(tallies[status].requests) for status in sorted(tallies)}
    return Observed(
        requests=_whole(sum(tally.requests for tally in tallies.values())),
        statuses=statuses,
        bytes=_rounded(answered.bytes / answered.sized) if answered.sized else None,
        timed=timed,
        mean=_rounded(answered.seconds / timed) if timed else None,
        **quantiles,
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
    return Peak(_iso(begins), length, _whole(best), _whole(best * HOUR / length))


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
    return Others(**{name: _whole(counts.get(name, 0)) for name in Others.__struct_fields__})


def _unresolved(targets: Iterable[Target]) -> list[Unresolved]:
    found = []
    for target in targets:
        if target.kind in ("unknown", "outside"):
            statuses: dict[str, float] = {}
            for (_, status), tally in target.items():
                name = str(status_of(status))
                statuses[name] = _whole(statuses.get(name, 0) + tally.requests)
            total = _whole(sum(statuses.values()))
            found.append(Unresolved(target.name, total, dict(sorted(statuses.items()))))
    found.sort(key=lambda one: (-one.requests, one.pattern))
    return found[:SHOWN_PATTERNS]


def _slashless(targets: Iterable[Target]) -> dict[str, float]:
    found = {
        target.name: _whole(sum(tally.requests for tally in target.values()))
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


def _whole(number: float) -> float:
    """A count: without a fraction, but where requests were sampled it is rounded."""
    return round(number)


def _rounded(number: float | None) -> float | None:
    """Six significant digits: no figure of a log is known better."""
    return None if number is None else float(f"{number:.6g}")
