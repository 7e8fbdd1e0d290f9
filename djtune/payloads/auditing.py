"""An audit from its first look to its findings, stage by stage."""

import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path as File
from typing import Any

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.experiments.host import read_machine
from djtune.experiments.stages import Display, Stage, tolerant
from djtune.payloads import assemble, clientele, freeing, gather, gather_har
from djtune.payloads.assemble_endpoint import Studied
from djtune.payloads.changing import Change, change
from djtune.payloads.clientele import Clientele, Route
from djtune.payloads.doubting import doubted
from djtune.payloads.findings import findings
from djtune.payloads.labels import request_of
from djtune.payloads.paths import Path
from djtune.payloads.reads import Fetch
from djtune.payloads.result import EndpointResult, PayloadAuditResult, QuerysetResult
from djtune.payloads.studying import study, weigh_heaviest
from djtune.servers.worker import Worker
from djtune.workloads.choosing import steps_of
from djtune.workloads.sources import read_sources
from djtune.workloads.survey import Question
from djtune.workloads.weights import step_weights

MOST_WEIGHING = 20.0
"""Seconds after which no further endpoint's fields are weighed one by one."""


class Request(Struct, frozen=True):
    """What the user asked ``djtune payload-audit`` for."""

    question: Question
    seconds: float
    har: File | None = None
    """Where the responses are; the app itself is asked for nothing then."""
    sources: Sequence[File] = ()
    contracts: Sequence[File] = ()
    browser: File | None = None
    own_host: str = ""
    """Address of a server that the user says is theirs."""
    keep_values: bool = False


class Auditing:
    """What has been found so far; each stage adds to it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.gathered = gather.Gathered()
        self.clients = Clientele()
        self.machine = read_machine()
        self.times = gather.times(request.seconds)
        self.complete = False

    def check(self) -> None:
        """Refuse what could not be looked at, before anything is measured."""
        request = self.request
        for option, files in (
            ("--har", [request.har]),
            ("--browser", [request.browser]),
            ("--contract", request.contracts),
        ):
            for file in files:
                if file is not None and not file.is_file():
                    raise DjtuneError(f"{option} {file}: there is no such file")
        if request.sources or request.browser:
            _require("tree_sitter", "scanning a client's source", "payloads")
        if request.browser:
            _require("playwright", "a journey in a browser", "browser")
            _require_browser()

    def plan(self) -> str:
        """What is going to happen, and how long that takes."""
        if self.request.har is not None:
            return (
                "Plan: read the responses of the HAR file; the app is asked for its routes alone."
            )
        extra = " A journey in a browser takes its own time." if self.request.browser else ""
        return (
            "Plan: look at every route (seconds; on a very large app, minutes), ask for responses, "
            "see what is read to make them, and try lighter queries. "
            f"About {self.request.seconds:.0f} s from then on.{extra}"
        )

    def has_something(self) -> bool:
        """Whether there are responses to report on."""
        return bool(self.gathered.responses)

    def stages(self) -> Iterator[Stage]:
        """The stages in turn."""
        begun = time.monotonic()
        if self.request.sources:
            yield Stage("scanning the clients' source", self._scan, len(self.request.sources))
        if self.request.har is not None:
            yield Stage("reading the responses", self._read_har)
        else:
            total = self.times.sampling + self.times.reading
            yield Stage("asking for responses", self._look, total)
            yield Stage("pricing the fields", self._price)
        if self.request.contracts:
            yield tolerant("reading the contracts", self._contracts, self.clients.failures)
        if self.request.browser:
            yield tolerant("making the journey in a browser", self._journey, self.clients.failures)
        if self.request.har is None:
            yield Stage("trying lighter queries", self._lighter)
        errors = self.clients.run.errors if self.clients.run else []
        self.complete = not (self.gathered.failures or self.clients.failures or errors)
        self.gathered.seconds = time.monotonic() - begun

    def _scan(self, display: Display) -> None:
        clientele.scan_folders(self.request.sources, self.clients, display.advance)

    def _look(self, display: Display) -> None:
        gather.look(self.request.question, self.gathered, self.times, display.advance)
        self._require_json()

    def _read_har(self, _: Display) -> None:
        assert self.request.har is not None
        gather_har.read_har(self.request.question, self.request.har, self.gathered)
        self._require_json()

    def _require_json(self) -> None:
        if any(each.n for each in self.gathered.responses.values()):
            return
        kinds = sorted({kind or "no content type" for _, _, kind in self.gathered.others})
        told = f"; they are {', '.join(kinds[:3])}" if kinds else ""
        raise DjtuneError(
            f"no response is JSON{told}",
            hint="pass --as USER, or routes that answer in JSON: djtune workload init",
        )

    def _price(self, _: Display) -> None:
        gather.price(self.request.question, self.gathered, self.times.pricing)

    def _contracts(self, _: Display) -> None:
        from djtune.payloads.contracts import load_contracts

        contracts = load_contracts(list(self.request.contracts))
        routes = list(self.gathered.responses)
        clientele.take_contracts(contracts, self.clients, routes, self._resolve)

    def _resolve(self, paths: Sequence[str]) -> Mapping[str, str]:
        """Paths → routes, as the app's URLconf resolves them."""
        with Worker(self.request.question.app) as worker:
            return gather.resolved(worker, paths)

    def _journey(self, _: Display) -> None:
        from djtune.payloads.browsing import browse

        request = self.request
        assert request.browser is not None
        browse(
            request.browser,
            request.question,
            request.own_host,
            self.gathered.responses,
            self.clients,
            self._resolve,
            self.studied,
        )

    def studied(self) -> dict[Route, Studied]:
        """Every endpoint with what its fields' evidence comes to, as far as it is known."""
        return {
            route: study(route, responses, Clientele() if self._is_index(route) else self.clients)
            for route, responses in self.gathered.responses.items()
            if responses.n
        }

    def _is_index(self, route: Route) -> bool:
        """Whether a route lists others, of which a client needs one or none."""
        known = self.gathered.routes.get(route[1])
        return known is not None and known.view.endswith(INDEX)

    def _lighter(self, _: Display) -> None:
        proposed = {route: each.proposed for route, each in self.studied().items()}
        self._read_sources()
        asked = []
        weights = step_weights(self.gathered)
        for queryset in self._querysets():
            fetch = max((each for _, each in queryset.fetches), key=lambda each: each.rows)
            columns = freeing.light(self._judged(queryset, proposed), _TO_LEAVE)
            if fetch.rows >= assemble.SEVERAL and columns:
                heavy = weights.get(fetch.step, 0.0) * freeing.weight(fetch, columns)
                asked.append((heavy, _asked(fetch, columns)))
        asked.sort(key=lambda each: -each[0])
        gather.try_lighter(
            self.request.question, self.gathered, [each for _, each in asked], self.times.lighter
        )

    def _django(self) -> tuple[int, int]:
        major, minor, *_ = str(self.gathered.facts["django"]).split(".")
        return int(major), int(minor)

    def _querysets(self) -> list[freeing.Queryset]:
        steps = steps_of(self.gathered.workload)
        return freeing.querysets(self.gathered.reads.fetches, steps)

    def result(self) -> PayloadAuditResult:
        """Everything that the report says."""
        studied = self.studied()
        weigh_heaviest(list(studied.values()), MOST_WEIGHING)
        result = assemble.assemble(
            self.gathered,
            studied,
            self.clients,
            self.machine,
            keep_values=self.request.keep_values,
        )
        proposed = {route: each.proposed for route, each in studied.items()}
        self._read_sources()
        result.querysets = self._judged_querysets(proposed)
        for endpoint in result.endpoints:
            _free(endpoint, result.querysets)
        result.findings = findings(
            result, self._changes(proposed), self.gathered.sources, self._django()
        )
        result.complete = self.complete
        return result

    def _judged(
        self, queryset: freeing.Queryset, proposed: Mapping[Route, Sequence[Path]]
    ) -> QuerysetResult:
        return doubted(freeing.judged(queryset, proposed), self.gathered.sources)

    def _judged_querysets(self, proposed: Mapping[Route, Sequence[Path]]) -> list[QuerysetResult]:
        found = []
        for queryset in self._querysets():
            judged = self._judged(queryset, proposed)
            judged.lighter = assemble.lighter_of(queryset, self.gathered.lighter)
            judged.part = assemble.part_of(queryset, judged.lighter, self.gathered)
            found.append(judged)
        return found

    def _read_sources(self) -> None:
        reads = self.gathered.reads
        files = [each.file for each in reads.fields]
        files += [p.rpartition(":")[0] for each in reads.fetches for p in (each.begun, each.place)]
        self.gathered.sources = read_sources(self.request.question.app, files)

    def _changes(self, proposed: Mapping[Route, Sequence[Path]]) -> dict[Route, Change]:
        fields = self.gathered.reads.fields
        steps = steps_of(self.gathered.workload)
        inputs = {
            route: [method for method in ("POST", "PUT", "PATCH") if method in described.methods]
            for route, described in self.gathered.routes.items()
        }
        return {
            route: change(route, proposed, fields, steps, self.gathered.sources, inputs)
            for route, paths in proposed.items()
            if paths
        }


def _require(module: str, what: str, extra: str) -> None:
    if find_spec(module) is None:
        raise DjtuneError(f"{what} needs {module}", hint=f"pip install 'djtune[{extra}]'")


def _require_browser() -> None:
    from djtune.payloads.browser.player import why_no_browser

    if why := why_no_browser():
        raise DjtuneError(f"--browser: {why}", hint="playwright install chromium")


INDEX = ".APIRootView"
"""REST framework's list of a router's routes."""
_TO_LEAVE = ("unread", "freed")


def _asked(fetch: Fetch, columns: Sequence[str]) -> dict[str, Any]:
    """A fetch as the agent finds it again, and what to leave out of it."""
    return {
        "step": fetch.step,
        "number": fetch.number,
        "model": fetch.model,
        "place": fetch.place,
        "begun": fetch.begun,
        "columns": list(columns),
    }


def _free(endpoint: EndpointResult, querysets: Sequence[QuerysetResult]) -> None:
    """Name what nobody reads any longer without an endpoint's proposed fields."""
    if endpoint.proposed is None:
        return
    for queryset in querysets:
        if request_of(endpoint) in queryset.routes:
            freed = freeing.light(queryset, {"freed"})
            endpoint.proposed.columns += [f"{queryset.model}.{name}" for name in freed]
            endpoint.proposed.relations += [
                f"{queryset.model}.{relation.name}"
                for relation in queryset.relations
                if relation.state == "freed"
            ]
