"""From what was gathered to the result: pure functions on plain data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from djtune.experiments import noise
from djtune.model.facts import app_facts
from djtune.model.findings import FindingData, Saving
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.routes import Unmeasured, path_of
from djtune.model.samples import Sample
from djtune.model.workload import Workload
from djtune.profiling import queries, query_findings, ranking, repeats, waits
from djtune.profiling.gather import Gathered
from djtune.profiling.overhead import price_probes
from djtune.profiling.production import add_observed
from djtune.profiling.result import ProfileResult, Repeat, RouteResult
from djtune.workloads import unmeasured
from djtune.workloads.caveats import caveats
from djtune.workloads.choosing import steps_of


def assemble(gathered: Gathered, machine: Machine, *, bandwidth: float) -> ProfileResult:
    """Everything that the report says, from everything that was measured."""
    trials = gathered.trials.trials
    samples = [sample for trial in trials for sample in trial.samples]
    workload = gathered.workload
    per_hour = _requests_per_hour(workload, gathered.skip)
    gathered_routes = ranking.gather_samples(workload, gathered.skip, trials)
    routes = ranking.rank_routes(
        gathered_routes,
        gathered.routes,
        bandwidth=bandwidth,
        requests_per_hour=per_hour,
        distinct_params=_most(trial.distinct_params for trial in trials),
    )
    studies = _studies(gathered)
    for route in routes:
        if found := studies.get((route.method, route.route)):
            route.query_groups = queries.judge(
                found, _database_seconds(route), route.distinct_params
            )
            route.waits = waits.merge_waits(found["studies"], route.phases.waiting)
    add_observed(routes, workload)
    priced = repeats.price_repeats(workload, gathered.repeats, samples)
    missing = unmeasured.unmeasured_routes(
        workload, gathered.classes, gathered.unsafe, gathered.routes, gathered.signed_in
    )
    overhead = price_probes(gathered.overhead_rows)
    missing += [_lost(route, gathered) for route in gathered_routes if not route.measured]
    return ProfileResult(
        app=app_facts(gathered.facts, gathered.interface),
        machine=machine,
        noise=noise.total(gathered.trials.noises),
        weights_from=workload.weights_from,
        routes=routes,
        unmeasured=[*missing, *gathered.wanting],
        left_out=gathered.left_out,
        repeats=priced,
        findings=_findings(gathered, samples, routes, priced, missing, studies),
        trials=len(trials),
        requests=sum(sample.ok for sample in samples),
        distinct_users=max((t.distinct_users for t in trials if t.complete), default=0),
        bandwidth=bandwidth,
        requests_per_hour=per_hour,
        seconds=gathered.seconds,
        overhead=overhead,
        overhead_missing="" if overhead else _why_no_overhead(gathered),
        warnings=_warnings(gathered, routes),
        connect_seconds=gathered.connect_seconds,
        complete=gathered.complete,
    )


def _why_no_overhead(gathered: Gathered) -> str:
    if not gathered.complete:
        return "the run was cut short before"
    return gathered.overhead_failure or "too little time"


def _lost(route: ranking.RouteSamples, gathered: Gathered) -> Unmeasured:
    """A route that answered as expected at first, but not when it was timed."""
    method, path = route.key
    seen = ", ".join(f"{n} × {_status(status)}" for status, n in route.unexpected.most_common())
    detail = f"a longer run: every step of it must be answered ({seen or 'not reached in time'})"
    known = gathered.routes.get(path)
    where = f"{known.file}:{known.line}" if known else ""
    return Unmeasured(method, path, "unsteady", detail, where)


def _status(status: int | str) -> str:
    return "no answer" if int(status) == 0 else f"status {status}"


def _most(lists: Iterable[list[int]]) -> list[int]:
    """Element by element, the largest of several lists of counts."""
    return [max(column) for column in zip(*filter(None, lists), strict=True)]


def _requests_per_hour(workload: Workload, skip: set[int]) -> float | None:
    """Measured requests per hour, where the workload says how many journeys there are."""
    if workload.journeys_per_hour is None:
        return None
    total = sum(journey.weight for journey in workload.journeys)
    made = sum(sum(steps.values()) for steps in ranking.step_weights(workload, skip).values())
    return workload.journeys_per_hour * made / total


def _findings(
    gathered: Gathered,
    samples: Sequence[Sample],
    routes: Sequence[RouteResult],
    priced: Sequence[Repeat],
    missing: Sequence[Unmeasured],
    studies: Mapping[ranking.RouteKey, Mapping[str, Any]],
) -> list[FindingData]:
    seconds = repeats.journey_seconds(gathered.workload, samples)
    found = repeats.findings(priced, seconds, gathered.workload)
    context = query_findings.Context(
        django=_version(gathered.facts["django"]),
        requests_per_hour=_requests_per_hour(gathered.workload, gathered.skip),
        total_seconds=sum(route.weight * (route.mean.value or 0.0) for route in routes),
        sources=gathered.sources,
    )
    duplicates = {key: study["duplicates"] for key, study in studies.items()}
    found += query_findings.find(routes, duplicates, context)
    found += waits.find(routes, context)
    found += _reconnects(gathered, routes)
    found += _broken(missing)
    return sorted(found, key=_urgency)


def _broken(missing: Sequence[Unmeasured]) -> list[FindingData]:
    """Routes that fail, those with the same failure together."""
    failing: dict[str, list[Unmeasured]] = {}
    for entry in missing:
        if entry.why == "error" and entry.detail.startswith("a repair (5"):
            failing.setdefault(entry.detail, []).append(entry)
    found = []
    for detail, entries in failing.items():
        names = [f"{entry.method} {path_of(entry.route)}" for entry in entries]
        several = len(names) > 1
        found.append(
            FindingData(
                kind="broken",
                title=f"{len(names)} routes fail alike" if several else f"{names[0]} fails",
                where=entries[0].where,
                evidence=[detail.removeprefix("a repair ").strip("()")]
                + ([", ".join(names)] if several else []),
                remedy="Repair it: requests that fail cost server time too.",
                confidence="seen on every request",
                severity="high",
            )
        )
    return found


def _studies(gathered: Gathered) -> dict[ranking.RouteKey, dict[str, Any]]:
    """What the detail pass saw, by route: a route may be asked for by several steps."""
    steps = steps_of(gathered.workload)
    by_route: dict[ranking.RouteKey, list[dict[str, Any]]] = {}
    for study in gathered.studies:
        if study["requests"]:
            by_route.setdefault(steps[study["step"]], []).append(study)
    return {
        key: {**queries.merge_steps(found), "studies": found} for key, found in by_route.items()
    }


def _database_seconds(route: RouteResult) -> float:
    phases = route.phases
    return phases.sql_execute + phases.sql_fetch + phases.orm


def _version(django: str) -> tuple[int, int]:
    major, minor, *_ = django.split(".")
    return int(major), int("".join(c for c in minor if c.isdigit()) or 0)


def _urgency(finding: FindingData) -> tuple[int, float]:
    """Severity first, then what part of the whole it saves."""
    return ("high", "medium", "low").index(finding.severity), -finding.part


def _reconnects(gathered: Gathered, routes: Sequence[RouteResult]) -> list[FindingData]:
    """CONN_MAX_AGE = 0 opens a connection for every request: said where that is dear."""
    if gathered.interface == "asgi":
        return []
    found = []
    for alias, opening in gathered.connect_seconds.items():
        facts = gathered.facts["databases"][alias]
        using = [route for route in routes if alias in route.databases]
        persistent = facts["conn_max_age"] != 0 or facts.get("pool")
        if persistent or facts["vendor"] == "sqlite" or not using:
            continue
        calls = sum(route.weight for route in using)
        mean = sum(route.weight * (route.mean.value or 0.0) for route in using) / calls
        found.append(
            FindingData(
                kind="reconnects",
                title=f"Every request opens a connection to the database {alias!r}",
                where=f"DATABASES[{alias!r}]['CONN_MAX_AGE']",
                evidence=[
                    f"opening one took {1000 * opening:.2g} ms (n=1); CONN_MAX_AGE is 0",
                    "the times in this report leave it out: the replay keeps its connection",
                ],
                saving=Saving(opening, "s per request"),
                remedy="Set CONN_MAX_AGE to 60 with CONN_HEALTH_CHECKS, or use a pool; "
                "see that the server allows as many connections as there are worker threads.",
                patch=f'DATABASES["{alias}"]["CONN_MAX_AGE"] = 60\n'
                f'DATABASES["{alias}"]["CONN_HEALTH_CHECKS"] = True',
                confidence="estimate from one connection",
                severity=repeats.severity(opening / (opening + mean)),
            )
        )
    return found


def _warnings(gathered: Gathered, routes: Sequence[RouteResult]) -> list[str]:
    warnings = list(caveats(gathered))
    for route in routes:
        if lost := sum(route.unexpected.values()):
            seen = ", ".join(f"{n} × {_status(s)}" for s, n in route.unexpected.items())
            warnings.append(
                f"{lost} of {lost + route.n} answers of {route.method} /{route.route.lstrip('/')} "
                f"were not the expected one ({seen}); they are in no figure"
            )
    cached = [f"/{route.route.lstrip('/')}" for route in routes if route.cache_calls]
    if "LocMemCache" in gathered.facts["caches"].values() and cached:
        warnings.append(
            "a cache is in each process's own memory (LocMemCache), and every trial starts with "
            f"an empty one; a mix of cold and warm: {', '.join(cached)}"
        )
    if gathered.study_failure:
        warnings.append(f"where queries come from is not known: {gathered.study_failure}")
    if gathered.trials.failure:
        warnings.append(f"cut short: {gathered.trials.failure}")
    return warnings


def metrics(result: ProfileResult) -> dict[str, dict[str, Metric]]:
    """What budgets are judged by: "METHOD /route" → metric → figure."""
    return {
        f"{route.method} /{route.route.lstrip('/')}": {
            "mean": route.mean,
            "p50": route.p50,
            "p95": route.p95,
            "p99": route.p99,
            "cold": route.cold,
            "share": route.share,
            "queries": Metric(route.queries.high, n=route.n),
            "bytes": route.wire_bytes,
            "gzip": route.gzip_bytes,
            "miss_ratio": _misses(route),
            "collections": route.collected,
        }
        for route in result.routes
    }


def places(result: ProfileResult) -> dict[str, str]:
    """Where the view of each measured route is: "METHOD /route" → file:line."""
    return {f"{r.method} /{r.route.lstrip('/')}": r.where for r in result.routes}


def _misses(route: RouteResult) -> Metric:
    """Cache calls that were no hit, as a share: a limit is an upper one, so it suits misses.

    A route that asks no cache keeps every limit.
    """
    hits = route.cache_hit_ratio
    if not route.cache_calls:
        return Metric(0.0, n=route.n)
    value, low, high = (None if x is None else 1 - x for x in (hits.value, hits.high, hits.low))
    return Metric(value, low, high, hits.n, hits.reason)
