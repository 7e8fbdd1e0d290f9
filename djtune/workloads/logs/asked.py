"""What becomes of one method of one route: its weight, its figures and its journey, or why none."""

from collections.abc import Iterable, Mapping

import msgspec

from djtune.model.routes import Route
from djtune.model.workload import Journey, Observed
from djtune.workloads.checks import METHODS
from djtune.workloads.file import SAFE
from djtune.workloads.urlconf import Skipped, journey_of, single_step

from .columns import status as status_of
from .result import RouteInLog
from .sketch import quantile
from .traffic import Tally, Target

ENOUGH_FOR_P95 = 72
ENOUGH_FOR_P99 = 368
NOT_MODIFIED = 304
PERMANENT = (301, 308)
AFTER_WRITING = (302, 303)


class Asked:
    """One method of one route, and what becomes of it.

    ``journey`` or ``skipped`` is set where it can be asked for, by itself or with the user's help;
    ``why`` says what is in the way.
    """

    def __init__(
        self, target: Target, method: str, tallies: Mapping[int, Tally], known: Route | None
    ) -> None:
        self.method = method
        self.route = target.name
        self.requests = whole(sum(tally.requests for tally in tallies.values()))
        self._paths = target.paths
        self._known = known
        self._tallies = tallies
        self.expect = _expected(method, tallies)
        counted = {*self.expect, NOT_MODIFIED} if self.expect else set()
        self.weight = whole(
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
            return f"was answered with {seen} alone"
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
        """The line of the result, of so many requests to routes in all."""
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


def by_method(target: Target) -> dict[str, dict[int, Tally]]:
    """Method → status → tally, the texts of several files' formats put together."""
    found: dict[str, dict[int, Tally]] = {}
    for (method, status), tally in target.items():
        by_status = found.setdefault(str(method)[:20], {})
        by_status.setdefault(status_of(status), Tally()).add(tally)
    return found


def _expected(method: str, tallies: Mapping[int, Tally]) -> list[int]:
    """The statuses that answer: 2xx; where there are none, those of a permanent redirect.

    A method that writes answers with a redirect to what it wrote too (302, 303). 304 is an answer
    for which the app did its work, but one that djtune, which keeps no copy of earlier answers,
    never gets.
    """
    also = () if method in SAFE else AFTER_WRITING
    good = sorted(status for status in tallies if 200 <= status < 300 or status in also)
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
    statuses = {str(status): whole(tallies[status].requests) for status in sorted(tallies)}
    return Observed(
        requests=whole(sum(tally.requests for tally in tallies.values())),
        statuses=statuses,
        bytes=_rounded(answered.bytes / answered.sized) if answered.sized else None,
        timed=timed,
        mean=_rounded(answered.seconds / timed) if timed else None,
        **quantiles,
    )


def whole(number: float) -> float:
    """A count: without a fraction, but where requests were sampled it is rounded."""
    return round(number)


def _rounded(number: float | None) -> float | None:
    """Six significant digits: no figure of a log is known better."""
    return None if number is None else float(f"{number:.6g}")
