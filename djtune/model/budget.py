"""Budgets: limits that the user sets on the figures of a run, and what the figures say to them.

The grammar is ``[METHOD ROUTE-GLOB:] METRIC<VALUE[unit]``: ``queries<20``,
``GET /api/epg*: p95<200ms``. Without a method and a route the limit holds for every route.
"""

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.model.metrics import Metric

Kind = Literal["time", "bytes", "share", "count"]
"""What a metric measures: seconds, bytes, a share of one, or a number of things."""

Outcome = Literal["ok", "breached", "can't tell"]

UNITS: dict[Kind, dict[str, float]] = {
    "time": {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0},
    "bytes": {"B": 1.0, "kB": 1e3, "MB": 1e6},
    "share": {"%": 0.01},
    "count": {"": 1.0},
}
"""The units of each kind, and their size in its base unit."""

GRAMMAR = re.compile(
    r"""
    (?: (?P<method>[A-Za-z]+|\*) \s+ (?P<route>\S.*?) \s*:\s* )?
    (?P<metric>[A-Za-z][\w.-]*) \s* < \s*
    (?P<value>\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+) \s* (?P<unit>[^\W\d]+|%)?
    """,
    re.VERBOSE,
)


class Budget(Struct, frozen=True):
    """One limit, as it was written."""

    metric: str
    value: float
    unit: str = ""
    kind: Kind = "count"
    method: str = "*"
    route: str = "*"
    """A glob over routes."""

    @property
    def limit(self) -> float:
        """The value in the metric's base unit."""
        return self.value * UNITS[self.kind][self.unit]

    def __str__(self) -> str:
        """Write the budget so that :func:`parse` reads it back."""
        scope = "" if (self.method, self.route) == ("*", "*") else f"{self.method} {self.route}: "
        return f"{scope}{self.metric}<{repr(self.value).removesuffix('.0')}{self.unit}"

    def covers(self, method: str, route: str) -> bool:
        """Tell whether the limit holds for a route, given as the URLconf has it."""
        pattern, path = self.route.lstrip("/"), route.lstrip("/")
        return self.method in ("*", method) and (pattern == path or fnmatchcase(path, pattern))


class Verdict(Struct, frozen=True):
    """What the figures of one route say to one budget."""

    budget: str
    route: str
    """``METHOD ROUTE``; empty where the budget covers no route that was measured."""
    outcome: Outcome
    value: float | None = None
    low: float | None = None
    high: float | None = None
    kind: Kind = "count"
    reason: str = ""


def parse(text: str, known: Mapping[str, Kind]) -> Budget:
    """Read a budget on one of the ``known`` metrics.

    Raises:
        DjtuneError: it does not follow the grammar, or names an unknown metric or unit.

    """
    match = GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise DjtuneError(
            f"budget {text!r} cannot be read",
            hint="write METRIC<VALUE or 'METHOD ROUTE: METRIC<VALUE',"
            " for example 'GET /api/epg*: p95<200ms'",
        )
    metric = match["metric"]
    if metric not in known:
        raise DjtuneError(
            f"budget {text!r}: there is no metric {metric!r}{_did_you_mean(metric, known)}",
            hint="metrics: " + ", ".join(known),
        )
    kind, unit = known[metric], match["unit"] or ""
    if unit not in UNITS[kind]:
        raise DjtuneError(f"budget {text!r}: {_wrong_unit(metric, unit, kind)}")
    value = float(match["value"])
    if not math.isfinite(value):
        raise DjtuneError(f"budget {text!r}: the limit is too large")
    return Budget(
        metric=metric,
        value=value,
        unit=unit,
        kind=kind,
        method=(match["method"] or "*").upper(),
        route=match["route"] or "*",
    )


def judge(budget: Budget, metrics: Mapping[str, Mapping[str, Metric]]) -> list[Verdict]:
    """Hold a budget against the figures of every route that it covers.

    ``metrics`` maps ``METHOD ROUTE`` to the route's figures by name. A budget that covers no
    measured route cannot be told to hold: a mistyped route must not pass silently.
    """
    verdicts = list(_verdicts(budget, metrics))
    if verdicts:
        return verdicts
    reason = "no route that it covers was measured"
    return [Verdict(str(budget), "", "can't tell", kind=budget.kind, reason=reason)]


def _verdicts(budget: Budget, metrics: Mapping[str, Mapping[str, Metric]]) -> Iterator[Verdict]:
    for key, figures in metrics.items():
        method, _, route = key.partition(" ")
        if not budget.covers(method, route):
            continue
        metric = figures.get(budget.metric, Metric(None, reason="not measured"))
        outcome, reason = _outcome(budget, metric)
        yield Verdict(
            budget=str(budget),
            route=key,
            outcome=outcome,
            value=metric.value,
            low=metric.low,
            high=metric.high,
            kind=budget.kind,
            reason=reason,
        )


def _outcome(budget: Budget, metric: Metric) -> tuple[Outcome, str]:
    """Judge an exact figure by its value, and an estimate by where its interval lies."""
    limit = budget.limit
    if metric.value is None:
        return "can't tell", metric.reason or "too few requests"
    if metric.low is None or metric.high is None:
        if budget.kind == "time" or metric.reason:
            return "can't tell", metric.reason or "the figure has no interval"
        return ("ok", "") if metric.value < limit else ("breached", "")
    if metric.low > limit:
        return "breached", ""
    if metric.high < limit:
        return "ok", ""
    return "can't tell", "the limit is within the figure's interval"


def _did_you_mean(name: str, known: Mapping[str, Kind]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def _wrong_unit(metric: str, unit: str, kind: Kind) -> str:
    """Say which units the metric takes."""
    if kind == "count":
        return f"{metric} is a plain number, without {unit!r}"
    allowed = ", ".join(UNITS[kind])
    folded = {name.lower(): name for name in UNITS[kind]}
    near = f"; did you mean {folded[unit.lower()]!r}?" if unit.lower() in folded else ""
    return f"{metric} needs one of the units {allowed}{near}"
