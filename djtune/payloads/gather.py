"""Talks to the app: its responses, what is read to make them, and what lighter queries cost."""

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from djtune.errors import DjtuneError
from djtune.experiments.trials import opened
from djtune.payloads.endpoints import Responses, Sample, known_as
from djtune.payloads.paths import Path
from djtune.payloads.reads import Lighter, Reader, ReadsSeen
from djtune.servers.worker import Worker, shareable
from djtune.workloads.choosing import steps_of
from djtune.workloads.survey import Question, Survey, sign_in, surveyed

ROUNDS = 40
READ_ROUNDS = 5
PRICED_ROUNDS = 12
LIGHTER_ROUNDS = 3
EACH = 60
"""Bodies of one step that are looked into at most."""
MOST_KEPT = 32 * 2**20
"""Bytes of bodies that are kept, parsed, of all endpoints together; the first of each besides."""
Route = tuple[str, str]
"""Method and route."""
Tick = Callable[[float], None]


class Times(Struct, frozen=True):
    """Seconds for each part."""

    sampling: float
    reading: float
    pricing: float
    lighter: float


def times(seconds: float) -> Times:
    """How ``seconds`` are spent."""
    return Times(0.35 * seconds, 0.2 * seconds, 0.15 * seconds, 0.3 * seconds)


class Others(Struct):
    """Responses of one route and content type that are no JSON document."""

    n: int = 0
    bytes: int = 0
    why: str = ""


class FieldPrice(Struct):
    """CPU a response that a field takes with all below, in the responses of one step."""

    step: int
    path: tuple[str, ...]
    cpu_ns: list[float]
    """One figure a response."""


class Gathered(Survey, kw_only=True):
    """What was measured; filled step by step, so that an interruption loses nothing."""

    responses: dict[Route, Responses] = field(default_factory=dict)
    others: dict[tuple[str, str, str], Others] = field(default_factory=dict)
    """By method, route and content type."""
    reads: ReadsSeen = field(default_factory=ReadsSeen)
    prices: list[FieldPrice] = field(default_factory=list)
    lighter: list[Lighter] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    """The app's files that findings are about, for patches."""
    failures: list[str] = field(default_factory=list)
    """What could not be looked at, and why."""
    seconds: float = 0.0


def look(question: Question, into: Gathered, allowed: Times, tick: Tick) -> None:
    """Load the app: class every step, ask for responses, then see what is read to make them.

    Raises :class:`DjtuneError` when nothing answers.
    """
    with surveyed(question, into) as worker:
        sample(worker, into, allowed.sampling)
        tick(allowed.sampling)
        _tolerated(into, "what the server reads", lambda: _read(worker, into, allowed.reading))
        tick(allowed.reading)


def sample(worker: Worker, into: Gathered, seconds: float, rounds: int = ROUNDS) -> None:
    """Ask for the responses of every journey, ``rounds`` times or until ``seconds`` have passed."""
    steps = steps_of(into.workload)

    def take(part: dict[str, Any]) -> None:
        if body := part.pop("body", None):
            part["body"] = base64.b64decode(body)
        taken = Sample(**part)
        add(into, steps[taken.step], taken)

    done = worker.call(
        "sample_payloads",
        skip=sorted(into.skip),
        rounds=rounds,
        seconds=seconds,
        each=EACH,
        on_part=take,
    )
    if not done:
        into.failures.append("not every route was asked for: a longer --duration helps")


def add(into: Gathered, route: Route, sample: Sample) -> None:
    """Sort a response in by its route: JSON that can be looked into, or something else."""
    if sample.body:
        if route not in into.responses:
            into.responses[route] = Responses(parameters=_takes_parameters(route, into))
        kept = sum(each.kept for each in into.responses.values())
        into.responses[route].add(sample, keep=kept + len(sample.body) <= MOST_KEPT)
        return
    responses = into.responses.get(route)
    if responses is not None and responses.n and sample.body is None:
        return  # enough of these were looked into
    found = into.others.setdefault((*route, sample.type), Others())
    found.n += 1
    found.bytes += sample.size
    found.why = _why(sample)


def resolved(worker: Worker, paths: Sequence[str]) -> dict[str, str]:
    """Paths → routes, as the app's URLconf resolves them; those that have one."""
    found = worker.call("resolve_paths", paths=list(paths), prefix="")
    kinds = ("route", "slash")
    return {path: route for path, (kind, route) in zip(paths, found, strict=True) if kind in kinds}


def _takes_parameters(route: Route, survey: Survey) -> bool:
    steps = (step for journey in survey.workload.journeys for step in journey.steps)
    return any((s.params or s.query) for s in steps if (s.method, s.route) == route)


def _why(sample: Sample) -> str:
    if sample.fault or not sample.size:
        return sample.fault or "no body"
    if sample.type == "application/json":
        return "too large to be looked into"
    return "streamed, and not JSON" if sample.streamed else "not JSON"


def _read(worker: Worker, into: Gathered, seconds: float) -> None:
    found = worker.call("watch_reads", skip=sorted(into.skip), rounds=READ_ROUNDS, seconds=seconds)
    into.reads = msgspec.convert(found, ReadsSeen)
    _collapse_maps(into)


def _collapse_maps(into: Gathered) -> None:
    """Take the keys that are data out of the paths of readers and fields: they may be names."""
    steps = steps_of(into.workload)
    maps = {route: each.maps for route, each in into.responses.items()}
    for fetch in into.reads.fetches:
        known = maps.get(steps[fetch.step], set())
        for column in fetch.columns:
            column.readers = _collapsed(column.readers, known)
        for relation in fetch.relations:
            relation.readers = _collapsed(relation.readers, known)
    for made in into.reads.fields:
        made.path = known_as(made.path, maps.get(steps[made.step], set()))


def _collapsed(readers: Iterable[Reader], maps: set[Path]) -> list[Reader]:
    named = (replace(reader, path=known_as(reader.path, maps)) for reader in readers)
    return list({(one.kind, one.path, one.place): one for one in named}.values())


def price(question: Question, into: Gathered, seconds: float) -> None:
    """Price the fields, in a fresh worker."""

    def go() -> None:
        signed = sign_in(question, into)
        with opened(question.app, into.workload, into.interface, question.seed, signed) as worker:
            found = worker.call(
                "price_fields", skip=sorted(into.skip), rounds=PRICED_ROUNDS, seconds=seconds
            )
            into.prices = msgspec.convert(found, list[FieldPrice])

    _tolerated(into, "what fields cost", go)


def try_lighter(
    question: Question, into: Gathered, asked: Sequence[dict[str, Any]], seconds: float
) -> None:
    """Fetch rows with and without columns in turn, in a fresh worker."""

    def go() -> None:
        signed = sign_in(question, into)
        with opened(question.app, into.workload, into.interface, question.seed, signed) as worker:
            found = worker.call(
                "price_lighter",
                skip=sorted(into.skip),
                asked=list(asked),
                rounds=LIGHTER_ROUNDS,
                seconds=seconds,
            )
            into.lighter = msgspec.convert(found, list[Lighter])

    if asked:
        _tolerated(into, "what lighter queries save", go)


def _tolerated(into: Gathered, what: str, go: Callable[[], None]) -> None:
    """Do what the rest can do without; its failure is told."""
    try:
        go()
    except DjtuneError as error:
        into.failures.append(f"{what} could not be seen: {shareable(error)}")
