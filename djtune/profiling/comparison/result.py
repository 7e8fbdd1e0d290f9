"""What a comparison with the past found, as the JSON output has it."""

from typing import Literal

from msgspec import Struct, field

from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.noise import Noise

Counter = Literal["queries", "bytes", "gzip", "collections", "hops"]
COUNTERS: tuple[Counter, ...] = ("queries", "bytes", "gzip", "collections", "hops")

Tier = Literal["cpu", "wall"]
TIERS: tuple[Tier, ...] = ("cpu", "wall")
"""The quieter first: a verdict rests on the first that can carry it."""

CounterVerdict = Literal["same", "more", "fewer", "no difference shown", "can't tell"]
TimeVerdict = Literal["faster", "slower", "no difference shown", "can't tell", "not judged"]
RouteVerdict = Literal["worse", "better", "worse and better", "same", "no difference shown"]


class Side(Struct):
    """One of the two runs."""

    name: str
    """The file's name, the checkout's, or ``this run``."""
    python: str
    django: str
    interface: str
    machine: Machine
    noise: Noise
    weights_from: str
    trials: int
    requests: int
    complete: bool = True


class CounterChange(Struct):
    """One counter of a route: per request, on average."""

    counter: Counter
    before: Metric
    after: Metric
    verdict: CounterVerdict
    reason: str = ""


class TimeChange(Struct):
    """One time of a route: seconds per request, on average."""

    tier: Tier
    before: float
    after: float
    verdict: TimeVerdict
    ratio: Metric | None = None
    """After over before, paired within blocks, its interval simultaneous over all comparisons of
    the run; ``None`` where it was not judged."""
    smallest: float | None = None
    """The smallest change that could have been shown, as a part of ``before``."""
    reason: str = ""


class RouteChange(Struct):
    """One route in both runs: counters first, then CPU time, then wall time."""

    method: str
    route: str
    where: str
    """file:line of the view, now."""
    weight_before: float
    """Requests of this route in 1,000 of the routes that both runs have."""
    weight_after: float
    counters: list[CounterChange]
    times: list[TimeChange]
    verdict: RouteVerdict


class OneSided(Struct):
    """A route that only one of the two runs has, or had answered as expected."""

    method: str
    route: str
    side: Literal["before", "after"]
    """Which of the runs."""
    detail: str = ""
    """What it needs in the other run; empty where that does not know the route."""
    regression: bool = False
    """It was answered before and fails now."""
    where: str = ""


class Comparison(Struct):
    """This run (after) against the past (before)."""

    against: Literal["file", "baseline"]
    """``file``: an earlier result, whose times are shown but not judged; ``baseline``: another
    checkout, run side by side with this one."""
    before: Side
    after: Side
    routes: list[RouteChange]
    one_sided: list[OneSided]
    blocks: int = 0
    """Blocks of trials that the verdicts on time rest on."""
    comparisons: int = 0
    """How many intervals hold together with 95 % (Bonferroni)."""
    warnings: list[str] = field(default_factory=list)


def route_verdict(counters: list[CounterChange], times: list[TimeChange]) -> RouteVerdict:
    """What the tiers say together: a counter that rises and a time that falls are both kept."""
    said = {change.verdict for change in counters} | {change.verdict for change in times}
    worse, better = said & {"more", "slower"}, said & {"fewer", "faster"}
    if worse and better:
        return "worse and better"
    if worse:
        return "worse"
    if better:
        return "better"
    return "same" if said <= {"same", "not judged"} else "no difference shown"
