"""What a journey asks for again and again, priced from the timing pass."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

from djtune.model.findings import FindingData, Saving
from djtune.model.samples import PHASES, Sample
from djtune.model.workload import Workload
from djtune.profiling.result import Repeat
from djtune.reports import format as fmt
from djtune.workloads.choosing import steps_of

_SQL_PHASES = [PHASES.index(name) for name in ("sql_execute", "sql_fetch", "orm")]
_CACHE_PHASE = PHASES.index("cache")
SHOWN = 5


def price_repeats(
    workload: Workload, found: Sequence[Mapping[str, Any]], samples: Sequence[Sample]
) -> list[Repeat]:
    """Price each repeat, dearest first: its times beyond the first, at what one query (or cache
    call) costs on average in the cheapest of its steps. An estimate, meant to err low: the other
    steps' averages hold queries that load far more than a user's own rows.
    """
    cost = {kind: _cost_per_call(samples, kind) for kind in ("query", "cache")}
    steps = steps_of(workload)
    repeats = [_priced(entry, workload, steps, cost[entry["kind"]]) for entry in found]
    return sorted(repeats, key=lambda repeat: -repeat.seconds)


def _cost_per_call(samples: Sequence[Sample], kind: str) -> dict[int, float]:
    """Step → mean seconds of one query with its ORM work, or of one cache call."""
    by_step: dict[int, list[tuple[float, int]]] = {}
    for sample in samples:
        if sample.cold or not sample.ok:
            continue
        if kind == "query":
            spent = sum(sample.phases[i] for i in _SQL_PHASES)
            calls = sum(sample.queries.values())
        else:
            spent = sample.phases[_CACHE_PHASE]
            calls = sample.cache_hits + sample.cache_misses
        by_step.setdefault(sample.step, []).append((spent / 1e9, calls))
    return {
        step: sum(spent for spent, _ in pairs) / calls
        for step, pairs in by_step.items()
        if (calls := sum(count for _, count in pairs))
    }


def _priced(
    entry: Mapping[str, Any],
    workload: Workload,
    steps: Sequence[tuple[str, str]],
    cost: Mapping[int, float],
) -> Repeat:
    asked = {int(step): times for step, times in entry["steps"].items()}
    again = entry["times"]
    price = min((cost[step] for step in asked if step in cost), default=0.0)
    return Repeat(
        journey=workload.journeys[entry["journey"]].name,
        kind=entry["kind"],
        alias=entry["alias"],
        pattern=entry["pattern"],
        steps=[f"{steps[step][0]} /{steps[step][1].lstrip('/')}" for step in sorted(asked)],
        times=again,
        seconds=again * price,
        where=entry["where"],
    )


def journey_seconds(workload: Workload, samples: Sequence[Sample]) -> dict[str, float]:
    """Journey → mean server time of all its measured steps."""
    walls: dict[int, list[float]] = {}
    for sample in samples:
        if sample.ok and not sample.cold:
            walls.setdefault(sample.step, []).append(sample.wall / 1e9)
    seconds: dict[str, float] = {}
    step = 0
    for journey in workload.journeys:
        numbers = range(step, step + len(journey.steps))
        step += len(journey.steps)
        seconds[journey.name] = sum(fmean(walls[i]) for i in numbers if i in walls)
    return seconds


def findings(
    repeats: Sequence[Repeat], seconds: Mapping[str, float], workload: Workload
) -> list[FindingData]:
    """One finding a journey and kind, with the dearest repeats as its evidence."""
    found = []
    whole = sum(journey.weight * seconds.get(journey.name, 0.0) for journey in workload.journeys)
    for journey in workload.journeys:
        for kind in ("query", "cache"):
            mine = [r for r in repeats if r.journey == journey.name and r.kind == kind]
            if mine:
                finding = _finding(journey.name, kind, mine, seconds.get(journey.name, 0.0))
                saved = journey.weight * sum(repeat.seconds for repeat in mine)
                finding.part = saved / whole if whole else 0.0
                found.append(finding)
    return found


def _finding(
    journey: str, kind: str, repeats: Sequence[Repeat], journey_time: float
) -> FindingData:
    saved = sum(repeat.seconds for repeat in repeats)
    part = saved / journey_time if journey_time else 0.0
    what = "query" if kind == "query" else "cached value"
    evidence = [
        f"{shorten_sql(repeat.pattern)}: {repeat.times:.3g} × more, in {len(repeat.steps)} steps, "
        f"about {fmt.duration(repeat.seconds)}" + (f", at {repeat.where}" if repeat.where else "")
        for repeat in repeats[:SHOWN]
    ]
    if len(repeats) > SHOWN:
        evidence.append(f"and {len(repeats) - SHOWN} more")
    return FindingData(
        kind="asked-again",
        title=f"{_counted(len(repeats), what)} asked again along the journey {journey!r}",
        where=" → ".join(max(repeats, key=lambda repeat: len(repeat.steps)).steps),
        evidence=evidence,
        saving=Saving(saved, "s per journey"),
        remedy=f"{_remedy(kind, repeats)} Saves at most this much, {_percent(part)} of the "
        "journey's server time, less what reading the cache costs.",
        severity=severity(part),
        confidence="estimate: times asked, each at the mean cost of one in its cheapest step",
    )


def _remedy(kind: str, repeats: Sequence[Repeat]) -> str:
    if kind == "cache":
        return "Read the value once a journey: send it along, or keep it in the session."
    keep = (
        "Keep what the requests share in one cached value with a time to live of minutes: rows of "
        "the user under the user's key, for example a Redis hash a user, rows that all users see "
        "under one key for all."
    )
    inside = _inside_requests(repeats)
    if inside < 0.5:
        return keep
    return (
        f"About {_percent(inside)} of this is one query several times within a request: ask once "
        "there (select_related, prefetch_related, a cached property), which makes nothing stale. "
        f"For the rest: {keep[0].lower()}{keep[1:]}"
    )


def _inside_requests(repeats: Sequence[Repeat]) -> float:
    """Part of the saving that each request has by itself, whatever the others ask for."""
    saved = sum(repeat.seconds for repeat in repeats)
    between = sum(
        repeat.seconds * min(1.0, (len(repeat.steps) - 1) / repeat.times)
        for repeat in repeats
        if repeat.times > 0
    )
    return 1 - between / saved if saved else 0.0


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %" if part >= 0.01 else "under 1 %"


def _counted(n: int, what: str) -> str:
    plural = "queries" if what == "query" else f"{what}s"
    return f"{n} {what if n == 1 else plural}"


def severity(part: float) -> Literal["high", "medium", "low"]:
    """How much it matters that ``part`` of a whole could be saved."""
    if part >= 0.10:
        return "high"
    return "medium" if part >= 0.03 else "low"


def shorten_sql(sql: str, width: int = 110) -> str:
    """A query with its column list left out: what it reads and by what matters here."""
    head, found, tail = sql.partition(" FROM ")
    if found and head.startswith("SELECT ") and "," in head:
        sql = f"SELECT {head.count(',') + 1} columns FROM {tail}"
    sql = sql.replace('"', "")
    return sql if len(sql) <= width else sql[: width - 1] + "…"
