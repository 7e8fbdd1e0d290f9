"""Records real workers with py-spy, as ``djtune profile --flamegraph`` does."""

import msgspec
import pytest
from worker_helpers import step, workload

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.model.workload import Workload
from djtune.profiling import gather
from djtune.profiling.flames import graph as flamegraph
from djtune.profiling.flames import recording
from djtune.profiling.flames.graph import Split
from djtune.profiling.flames.recording import Recorded
from djtune.profiling.plan import Budget
from djtune.servers.pyspy import Options, PySpy
from djtune.servers.sampler import Frame, Sampler
from djtune.servers.worker import Worker


def request_for(app: App, routes: list[str]) -> tuple[gather.Request, gather.Gathered]:
    """What is recorded: each route in a journey of its own."""
    journeys = msgspec.convert(workload(step(route) for route in routes), Workload)
    request = gather.Request(
        app=app,
        budget=Budget(5, 1),
        workload=journeys,
        patterns=[],
        sign_in=None,
        unsafe=False,
        seed=1,
    )
    return request, gather.Gathered(workload=journeys, interface=app.interface or "wsgi")


class Seen:
    """A recording, asked by route."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.split: Split = flamegraph.split(
            recorded.recording, recorded.markers, recorded.places.djtune
        )

    def share(self, route: str) -> float:
        """The route's share of the samples."""
        return self.split.samples[f"GET /{route}"] / sum(self.split.samples.values())

    def wall_share(self, route: str) -> float:
        """Its share of the wall time meanwhile."""
        (number,) = self.recorded.markers[f"GET /{route}"]
        return self.recorded.seconds[number] / sum(self.recorded.seconds)

    def below(self, route: str, *names: str) -> float:
        """Of the route's stacks that have the last of these functions, the share that has them all.

        They are looked for in this order, the outermost first.
        """
        having = passing = 0
        for stack, count in self.split.routes[f"GET /{route}"].items():
            functions = [Frame.parse(text).name.rpartition(".")[2] for text in stack]
            if names[-1] in functions:
                having += count
                passing += count * _in_order(names, functions)
        assert having, f"nothing was seen of {names[-1]}"
        return passing / having


def _in_order(names: tuple[str, ...], stack: list[str]) -> bool:
    rest = iter(stack)
    return all(name in rest for name in names)


def record(app: App, routes: list[str], seconds: float, sampler: Sampler | None = None) -> Seen:
    """Replay the routes under py-spy, or another sampler."""
    request, gathered = request_for(app, routes)
    sampler = sampler or PySpy(Options(rate=250, functions=True))
    return Seen(recording.record(request, gathered, sampler, seconds, lambda seconds: None))


def skip_where_refused(app: App) -> None:
    """Skip the tests of a machine whose kernel does not let py-spy read a worker."""
    from djtune.servers.pyspy import probe

    with Worker(app) as worker:
        try:
            probe(worker.pid, pause=True)
        except DjtuneError as error:
            pytest.skip(f"{error.message}")
