"""From what was gathered to the result: pure functions on plain data."""

from collections.abc import Iterator, Mapping

from djtune.experiments import noise
from djtune.garbage import rules
from djtune.garbage.audit import audit
from djtune.garbage.ceiling import ceiling
from djtune.garbage.cycles import AuditResult
from djtune.garbage.gather import Gathered
from djtune.garbage.goals import MemoryLimit
from djtune.garbage.result import Ceiling, GcSweepResult, Goal, Simulation, Verification
from djtune.model.facts import app_facts
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.routes import path_of
from djtune.model.samples import Collector
from djtune.workloads.caveats import caveats
from djtune.workloads.choosing import steps_of
from djtune.workloads.unmeasured import unmeasured_routes
from djtune.workloads.weights import route_weights, step_weights


def found_ceiling(gathered: Gathered) -> Ceiling | None:
    """What collections cost now; ``None`` where nothing was timed."""
    trials = [t for t in gathered.current.trials if t.complete and len(t.samples) > t.settled]
    if not trials:
        return None
    return ceiling(trials, dict(enumerate(steps_of(gathered.workload))), route_weights(gathered))


def found_audit(gathered: Gathered) -> AuditResult | None:
    """What requests leave to the collector; ``None`` where it was not looked at."""
    if not gathered.audited:
        return None
    by_step = step_weights(gathered)
    steps = [(*step, by_step.get(n, 0.0)) for n, step in enumerate(steps_of(gathered.workload))]
    return audit(gathered.audited, steps)


def assemble(
    gathered: Gathered,
    machine: Machine,
    *,
    goal: Goal,
    limit: MemoryLimit,
    ceiling: Ceiling | None,
    simulation: Simulation | None = None,
    verification: Verification | None = None,
) -> GcSweepResult:
    """Everything that the report says, but what is recommended."""
    audited = found_audit(gathered)
    noises = [*gathered.current.noises, *gathered.larger.noises, *gathered.blocks.noises]
    return GcSweepResult(
        app=app_facts(gathered.facts, gathered.interface),
        machine=machine,
        weights_from=gathered.workload.weights_from,
        current=_current(gathered),
        default=rules.rules_for(gathered.facts["python"]).thresholds,
        goal=goal,
        max_rss=limit.text,
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
        warnings=[*caveats(gathered), *_warnings(gathered, verification)],
        noise=noise.total(noises) if noises else None,
        ceiling=ceiling,
        audit=audited,
        simulation=simulation,
        verification=verification,
        seconds=gathered.seconds,
    )


def _current(gathered: Gathered) -> Collector | None:
    trials = gathered.current.trials
    if trials and trials[-1].collector:
        return trials[-1].collector
    return None


def _warnings(gathered: Gathered, verification: Verification | None) -> Iterator[str]:
    yield from gathered.failures
    for trials in (gathered.current, gathered.larger):
        if trials.failure:
            yield f"cut short: {trials.failure}"
    if verification is not None:
        yield from (f"a setting was dropped: {failure}" for failure in verification.failures)


def metrics(result: GcSweepResult) -> dict[str, dict[str, Metric]]:
    """What budgets are judged by: "METHOD /route" → metric → figure."""
    found: dict[str, dict[str, Metric]] = {}
    for route in result.ceiling.routes if result.ceiling else []:
        found[_name(route.method, route.route)] = {
            "gc": route.gc,
            "gc_share": route.share,
            "pause": Metric(route.longest, route.longest, route.longest, route.n),
        }
    for audited in result.audit.routes if result.audit else []:
        counted = {
            "garbage": Metric(float(audited.objects.high), n=audited.rounds),
            "garbage_bytes": Metric(float(audited.bytes.high), n=audited.rounds),
        }
        found.setdefault(_name(audited.method, audited.route), {}).update(counted)
    return found


def places(gathered: Gathered) -> Mapping[str, str]:
    """Routes as :func:`metrics` names them → file and line of their views."""
    return {
        _name(method, route): f"{known.file}:{known.line}"
        for method, route in steps_of(gathered.workload)
        if (known := gathered.routes.get(route))
    }


def _name(method: str, route: str) -> str:
    return f"{method} {path_of(route)}"
