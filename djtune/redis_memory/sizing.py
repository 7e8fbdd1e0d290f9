"""From the servers to visit to the result, stage by stage."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.experiments.host import read_machine
from djtune.experiments.stages import Display, Stage, tolerant
from djtune.redis_memory import assemble, replaying
from djtune.redis_memory.advising.advise import rules_of
from djtune.redis_memory.advising.contents import contents
from djtune.redis_memory.calibrating import calibrated
from djtune.redis_memory.curves import Rules
from djtune.redis_memory.layouts.asking import conditions
from djtune.redis_memory.layouts.result import LayoutTrial
from djtune.redis_memory.layouts.trial import trial
from djtune.redis_memory.layouts.viewing import entries_of_view
from djtune.redis_memory.named import Named
from djtune.redis_memory.plan import Users
from djtune.redis_memory.replaying import candidates, knows_lrm, replay, replays
from djtune.redis_memory.result import RedisSizeResult
from djtune.redis_memory.server.addresses import masked
from djtune.redis_memory.trace import Trace
from djtune.redis_memory.tracing.monitor import monitor
from djtune.redis_memory.visiting import Visit, Wanted, visit
from djtune.workloads.survey import Question

CACHES = ("cache", "session", "own", "given")
"""Roles of the server that a trace is likely to be about."""


class Request(Struct, frozen=True):
    """What the user asked ``djtune redis-size`` for."""

    servers: Sequence[Named]
    wanted: Wanted
    trace: Path | None = None
    """A recording's folder, or a trace file."""
    monitored: float = 0.0
    """Seconds of ``MONITOR``; 0: none."""
    view: Question | None = None
    """The view whose objects are tried in every layout."""
    users: Users | None = None
    growth: float | None = None
    """Part by which the data grow each month; ``None``: nobody said."""
    queries_per_second: float | None = None
    """Of each second of server time, by a profile."""
    before: RedisSizeResult | None = None
    """An earlier result, to be held against this one."""


class Sizing:
    """What has been found so far; each stage adds to it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.visits: list[Visit] = []
        self.failures: list[str] = []
        self.trace: Trace | None = None
        self.view: LayoutTrial | None = None
        self._began = time.monotonic()

    def plan(self) -> str:
        """What is going to happen, and how long that takes."""
        wanted = self.request.wanted
        addresses = ", ".join(masked(named.url) for named in self.request.servers)
        return (
            f"Plan: look at {addresses}, read-only, within "
            f"{wanted.budget.milliseconds_per_second:.0f} ms of server time each second; at most "
            f"about {wanted.asked.seconds:.0f} s each."
        )

    def has_something(self) -> bool:
        """Whether there is something to report on."""
        return bool(self.visits)

    def stages(self) -> Iterator[Stage]:
        """The stages in turn."""
        request = self.request
        if request.trace is not None:
            yield Stage("reading the trace", self._read)
        for named in request.servers:
            look = partial(self._visit, named)
            yield Stage(f"looking at {masked(named.url)}", look, request.wanted.asked.seconds)
        if not self.visits:
            raise DjtuneError("; ".join(self.failures))
        if request.wanted.layouts and not any(one.tried for one in self.visits):
            self.failures.append(f"--layouts: no key is like {request.wanted.layouts}")
        if request.monitored:
            yield Stage("watching what is asked for", self._monitor, request.monitored)
        if self.trace is not None:
            replayed, rules = self._replayed_for()
            go = partial(self._replay, replayed, rules)
            yield Stage("replaying the trace under Redis's rules", go, replays(rules))
        if request.view is not None:
            yield tolerant("trying the view's objects", self._try_view, self.failures)

    def _visit(self, named: Named, display: Display) -> None:
        try:
            visit(named, self.request.wanted, display, self.visits.append)
        except DjtuneError as error:
            if len(self.request.servers) == 1 and not self.visits:
                raise
            self.failures.append(error.message)

    def _monitor(self, display: Display) -> None:
        watched = self._cache()
        seconds, shown = self.request.monitored, 0.0

        def show(share: float) -> None:
            nonlocal shown
            display.advance(seconds * share - shown)
            shown = seconds * share

        self.trace = monitor(watched.named.url, seconds, show)

    def _read(self, display: Display) -> None:  # noqa: ARG002
        assert self.request.trace is not None
        urls = [named.url for named in self.request.servers]
        self.trace = replaying.read(self.request.trace, urls)

    def _cache(self) -> Visit:
        """The server that a trace is about: the one that is a cache, else the first."""
        caches = [v for v in self.visits if any(use.role in CACHES for use in v.named.uses)]
        return (caches or self.visits)[0]

    def _replayed_for(self) -> tuple[Visit, list[Rules]]:
        found = self._cache()
        facts = found.seen.server
        patterns = found.estimates.patterns if found.estimates else []
        volatile = contents(patterns, facts.uses).must_stay
        return found, candidates(rules_of(facts), volatile=volatile, lrm=knows_lrm(facts))

    def _replay(self, found: Visit, rules: list[Rules], display: Display) -> None:
        assert self.trace is not None
        trace = calibrated(self.trace, found.estimates)
        found.replayed = replay(trace, rules, display.advance)

    def _try_view(self, display: Display) -> None:  # noqa: ARG002
        assert self.request.view is not None
        entries = entries_of_view(self.request.view)
        facts, seed = self._cache().seen.server, self.request.wanted.asked.seed
        self.view = trial(entries, conditions(facts, (), None), seed=seed)

    def result(self) -> RedisSizeResult:
        """Everything that the report says."""
        request = self.request
        servers = [assemble.server_result(visit, request.growth) for visit in self.visits]
        result = RedisSizeResult(
            complete=not self.failures and all(server.complete for server in servers),
            machine=read_machine(),
            servers=servers,
            verified=assemble.verified(servers, request.before),
            layouts=self._layouts(),
            warnings=[*self.failures, *(text for one in self.visits for text in one.failures)],
            seconds=time.monotonic() - self._began,
        )
        if request.users is not None or request.queries_per_second is not None:
            assemble.add_plan(result, request.users, request.growth, request.queries_per_second)
        return result

    def _layouts(self) -> list[LayoutTrial]:
        tried = [self.view, *(one.layouts for one in self.visits)]
        return [each for each in tried if each is not None]
