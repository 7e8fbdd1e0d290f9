"""From what was gathered to the result: pure functions on plain data."""

from collections.abc import Iterator, Mapping, Sequence

from djtune.model.facts import app_facts
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.noise import Noise
from djtune.model.routes import path_of
from djtune.payloads import freeing, weighing
from djtune.payloads.assemble_endpoint import Studied, endpoint_result
from djtune.payloads.clientele import Clientele, Route
from djtune.payloads.gather import Gathered
from djtune.payloads.lighter import weigh
from djtune.payloads.paths import Path
from djtune.payloads.reads import Fetch, Lighter
from djtune.payloads.result import (
    EndpointResult,
    Journey,
    LighterResult,
    OtherResponse,
    PayloadAuditResult,
    SourceFolder,
)
from djtune.workloads.caveats import caveats
from djtune.workloads.choosing import steps_of
from djtune.workloads.unmeasured import unmeasured_routes, where
from djtune.workloads.weights import requests_per_hour, route_weights

HOURS = 24
MOST_UNSTABLE = 3
"""Differences between two journeys that are told."""
SEVERAL = 2


def assemble(
    gathered: Gathered,
    studied: Mapping[Route, Studied],
    clients: Clientele,
    machine: Machine,
    *,
    noise: Noise | None = None,
    keep_values: bool = False,
) -> PayloadAuditResult:
    """Everything that the report says, but for the findings."""
    weights = route_weights(gathered)
    per_hour = requests_per_hour(gathered)
    per_day = None if per_hour is None else HOURS * per_hour
    columns = _columns(gathered)
    total = sum(weights.get(r, 1.0) * weighing.mean(s.responses.sizes) for r, s in studied.items())
    endpoints = []
    for route, each in studied.items():
        made = endpoint_result(route, each, gathered, clients, columns.get(route, {}), keep_values)
        made.weight = weights.get(route, 0.0)
        made.share = weights.get(route, 1.0) * weighing.mean(each.responses.sizes) / (total or 1)
        if made.proposed is not None and per_day is not None:
            daily = per_day * made.weight / 1000
            made.proposed.per_day = daily * (made.proposed.saving.raw.value or 0.0)
            made.proposed.per_day_gzip = daily * (made.proposed.saving.gzip.value or 0.0)
        endpoints.append(made)
    endpoints.sort(key=lambda each: -each.share)
    return PayloadAuditResult(
        app=app_facts(gathered.facts, gathered.interface) if gathered.facts else None,
        machine=machine,
        weights_from=gathered.workload.weights_from,
        requests_per_day=per_day,
        warnings=[*_caveats(gathered), *_warnings(gathered, clients)],
        endpoints=endpoints,
        others=_others(gathered),
        journey=_journey(clients),
        sources=[
            SourceFolder(one.folder, one.scan.files, len(one.scan.blind), len(one.scan.unreadable))
            for one in clients.folders
        ],
        contracts=sorted({c.who for found in clients.contracts.values() for c in found}),
        unmeasured=[
            *unmeasured_routes(
                gathered.workload,
                gathered.classes,
                gathered.unsafe,
                gathered.routes,
                gathered.signed_in,
            ),
            *gathered.wanting,
        ],
        noise=noise,
        seconds=gathered.seconds,
    )


def _columns(gathered: Gathered) -> dict[Route, dict[Path, list[str]]]:
    """Route → response field → the columns that it reads."""
    steps = steps_of(gathered.workload)
    by_route: dict[Route, list[Fetch]] = {}
    for fetch in gathered.reads.fetches:
        by_route.setdefault(steps[fetch.step], []).append(fetch)
    return {route: freeing.columns_read(fetches) for route, fetches in by_route.items()}


def _others(gathered: Gathered) -> list[OtherResponse]:
    found = [
        OtherResponse(method, route, kind or "no content type", other.n, other.bytes / other.n, why)
        for (method, route, kind), other in gathered.others.items()
        for why in [other.why]
    ]
    found += [
        OtherResponse(*route, "application/json", each.broken, each.broken_bytes / each.broken, why)
        for route, each in gathered.responses.items()
        if not each.n
        for why in [f"no JSON: {each.invalid}"]
    ]
    return sorted(found, key=lambda each: -each.size)


def _journey(clients: Clientele) -> Journey | None:
    run = clients.run
    if run is None:
        return None
    seen = any(clients.visible.values())
    return Journey(
        script=clients.script,
        steps=run.steps,
        responses=sum(asked.responses for asked in run.asked),
        unwatched=[
            f"{method} {path_of(route)}"
            for (method, route), asked in clients.asked.items()
            if not all(each.watched for each in asked)
        ],
        page_loads=clients.page_loads,
        confirmed=not seen if clients.tried else None,
        errors=run.errors,
        blocked=run.blocked,
    )


def _caveats(gathered: Gathered) -> Iterator[str]:
    if gathered.facts:
        yield from caveats(gathered)


def _warnings(gathered: Gathered, clients: Clientele) -> Iterator[str]:
    yield from gathered.failures
    yield from clients.failures
    yield from _disturbed(gathered)
    if unsampled := [
        f"{m} {path_of(r)}" for m, r in clients.asked if (m, r) not in gathered.responses
    ]:
        yield f"the journey asks for what was not sampled: {', '.join(unsampled)}"
    if clients.unrouted:
        n = len(set(clients.unrouted))
        yield f"{n:,} addresses of contracts or of the journey are no route of this app"
    if clients.unstable:
        yield (
            "the journey is not the same twice with every field there, and nothing was told from "
            f"what differs: {'; '.join(clients.unstable[:MOST_UNSTABLE])}"
        )
    if clients.untried:
        yield f"the proposed fields could not be confirmed by the journey: {clients.untried}"
    for error in clients.run.errors if clients.run else []:
        yield f"the journey met an error: {error}"
    for (method, route), responses in gathered.responses.items():
        if responses.invalid:
            name = f"{method} {path_of(route)}"
            yield f"{responses.broken:,} responses of {name} are no JSON: {responses.invalid}"


def _disturbed(gathered: Gathered) -> Iterator[str]:
    """What watching the reads did to the app, or could not see."""
    steps = steps_of(gathered.workload)
    routes = {f"{steps[n][0]} {path_of(steps[n][1])}": None for n in gathered.reads.disturbed}
    if routes:
        yield (
            f"{', '.join(routes)} answered otherwise while reads were watched: which columns are "
            "read for it is not known"
        )
    if unplaced := gathered.reads.unanchored:
        names = ", ".join(each.rpartition(".")[2] for each in unplaced)
        yield f"where in the responses these serializers' fields are is not known: {names}"
    if failures := gathered.reads.failures:
        kinds = ", ".join(failures)
        yield f"some reads may have been missed, for errors of djtune's own: {kinds}"


def lighter_of(queryset: freeing.Queryset, tried: Sequence[Lighter]) -> list[LighterResult]:
    """What leaving columns out of a queryset was measured to do, where it brings several rows."""
    fetches = {(fetch.step, fetch.number): fetch for _, fetch in queryset.fetches}
    found = [
        weigh(each, fetches[each.step, each.number])
        for each in tried
        if (each.step, each.number) in fetches and each.rows >= SEVERAL
    ]
    return [each for each in found if each is not None]


def part_of(
    queryset: freeing.Queryset, lighter: Sequence[LighterResult], gathered: Gathered
) -> float:
    """Part of a route's service time that the best of the lighter ways saves; 0 without one."""
    saved = max((each.saving.value or 0.0 for each in lighter if _keeps(each)), default=0.0)
    steps = {fetch.step for _, fetch in queryset.fetches}
    seconds = [min(entry["seconds"]) for entry in gathered.classes if entry["step"] in steps]
    return saved / min(seconds) if seconds and min(seconds) else 0.0


def _keeps(lighter: LighterResult) -> bool:
    """Whether the rows stay what the app's code takes them for."""
    return lighter.way != "values" and lighter.verdict == "lighter"


def metrics(result: PayloadAuditResult) -> dict[str, dict[str, Metric]]:
    """What budgets are judged by: "METHOD /route" → metric → figure."""
    return {
        f"{each.method} {path_of(each.route)}": {
            "bytes": each.sizes.raw,
            "gzip": each.sizes.gzip,
            "unused": _unused(result, each),
            "whitespace": Metric(_part(each.whitespace, each.sizes.raw.value), n=each.n),
        }
        for each in result.endpoints
    }


def _unused(result: PayloadAuditResult, endpoint: EndpointResult) -> Metric:
    if result.journey is None and not result.sources and not result.contracts:
        return Metric(None, n=endpoint.n, reason="no client was looked at")
    return Metric(endpoint.proposed.share if endpoint.proposed else 0.0, n=endpoint.n)


def _part(part: float, whole: float | None) -> float:
    return part / whole if whole else 0.0


def places(gathered: Gathered) -> dict[str, str]:
    """Routes as :func:`metrics` names them → file and line of their views."""
    return {
        f"{method} {path_of(route)}": where(route, gathered.routes)
        for method, route in gathered.responses
    }
