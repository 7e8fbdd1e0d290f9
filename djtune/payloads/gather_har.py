"""Takes the responses of a HAR file, sorted by the app's routes; the app serves nothing."""

from collections import Counter
from pathlib import Path as File

import msgspec

from djtune.errors import DjtuneError
from djtune.model.routes import Route as ModelRoute
from djtune.model.workload import Journey, Step, Workload
from djtune.payloads import har
from djtune.payloads.endpoints import Sample
from djtune.payloads.gather import Gathered, add, resolved
from djtune.servers.worker import Worker
from djtune.workloads import choosing
from djtune.workloads.survey import Question


def read_har(question: Question, file: File, into: Gathered) -> None:
    """Take the responses of a HAR file, sorted by the app's routes; the app serves nothing.

    Raises :class:`DjtuneError` for a file that cannot be read, or that is of another app.
    """
    entries = har.read_har(file)
    with Worker(question.app) as worker:
        into.facts = worker.facts
        into.interface = question.app.interface or worker.facts["interface"]
        routes = msgspec.convert(worker.call("describe_routes"), list[ModelRoute])
        into.routes = {route.route: route for route in routes}
        found = resolved(worker, sorted({entry.path for entry in entries}))
    chosen = [
        entry
        for entry in entries
        if entry.path in found and choosing.chosen(found[entry.path], question.patterns)
    ]
    if not chosen:
        raise DjtuneError(
            f"none of the {len(entries)} requests of {file} is for a route of this app",
            hint="run djtune in the project that was recorded",
        )
    hosts = Counter(entry.host for entry in chosen)
    own = max(hosts, key=hosts.__getitem__)
    chosen = [entry for entry in chosen if entry.host == own]
    counts = Counter((entry.method, found[entry.path]) for entry in chosen)
    into.workload = Workload(
        [Journey(route, [Step(route, method)], float(n)) for (method, route), n in counts.items()],
        weights_from=f"the requests of {file.name}",
    )
    steps = {route: number for number, route in enumerate(counts)}
    for number, entry in enumerate(chosen):
        route = (entry.method, found[entry.path])
        if 200 <= entry.status < 300:
            add(into, route, _of_har(entry, steps[route], number))


def _of_har(entry: har.HarEntry, step: int, number: int) -> Sample:
    is_json = entry.mime == "application/json" or entry.mime.endswith("+json")
    return Sample(
        step=step,
        user=0,
        asked=number,
        type=entry.mime,
        wire=entry.wire or 0,
        size=len(entry.body),
        body=entry.body if is_json and not entry.fault else None,
        fault=entry.fault,
    )
