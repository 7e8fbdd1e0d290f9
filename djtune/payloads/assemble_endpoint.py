"""One endpoint of the result, with all of its fields."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from djtune.model.metrics import Metric
from djtune.payloads import weighing
from djtune.payloads.clientele import Clientele, Route
from djtune.payloads.endpoints import Responses, Totals
from djtune.payloads.gather import Gathered
from djtune.payloads.joining import Judged
from djtune.payloads.paths import Path, is_below, text_of, values_at
from djtune.payloads.result import (
    EndpointResult,
    FieldResult,
    Proposed,
)
from djtune.payloads.sensitive import sensitive
from djtune.payloads.values import ValueFact
from djtune.workloads.unmeasured import where

LONGEST_EXAMPLE = 80


class Studied(Struct):
    """One endpoint as every part of the audit sees it."""

    responses: Responses
    judged: dict[Path, Judged]
    proposed: list[Path]
    facts: list[ValueFact] = field(default_factory=list)
    """What the values say."""
    losses: dict[Path, dict[str, float]] = field(default_factory=dict)
    """Field → codec → bytes a response that it saves alone: an estimate."""
    hidden: list[list[Path]] = field(default_factory=list)
    """Fields that hide each other from a codec."""


def endpoint_result(
    route: Route,
    studied: Studied,
    gathered: Gathered,
    clients: Clientele,
    columns: Mapping[Path, list[str]],
    keep_values: bool,
) -> EndpointResult:
    """An endpoint's sizes, fields and proposed set; its share of the whole comes later."""
    responses = studied.responses
    prices = _prices(gathered, responses)
    makers = _makers(gathered, responses)
    return EndpointResult(
        method=route[0],
        route=route[1],
        where=where(route[1], gathered.routes),
        n=responses.n,
        users=len(responses.users),
        asked=len(responses.asked),
        weight=0.0,
        sizes=weighing.sizes(responses.bodies, responses.sizes),
        whitespace=responses.whitespace / max(1, responses.n),
        whitespace_gzip=weighing.whitespace_gzip(responses.bodies),
        share=0.0,
        fields=[
            _field(path, each, studied, columns, prices, makers, keep_values)
            for path, each in studied.judged.items()
        ],
        proposed=_proposed(studied, prices) if studied.proposed else None,
        clients=_clients(route, clients),
        invalid=responses.invalid,
    )


def _field(
    path: Path,
    judged: Judged,
    studied: Studied,
    columns: Mapping[Path, list[str]],
    prices: Mapping[Path, Metric],
    makers: Mapping[Path, str],
    keep_values: bool,
) -> FieldResult:
    responses = studied.responses
    totals = responses.nodes[path]
    read = {c: None for at, found in columns.items() if _covers(path, at) for c in found}
    return FieldResult(
        path=text_of(path),
        kinds=[kind for kind, _ in totals.kinds.most_common()],
        count=totals.count / responses.n,
        bytes=totals.bytes / responses.n,
        share=_share(totals, responses),
        loss=studied.losses.get(path, {}),
        cpu=prices.get(path),
        verdict=judged.verdict,
        evidence=judged.evidence,
        columns=list(read),
        sensitive=sensitive(path),
        serializer=makers.get(path, ""),
        example=_example(path, responses) if keep_values else "",
    )


def _example(path: Path, responses: Responses) -> str:
    """The first value that is a scalar, shortened."""
    for body in responses.bodies:
        for value in values_at(body.document, path):
            if not isinstance(value, (dict, list)):
                text = str(value)
                return text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…"
    return ""


def _covers(path: Path, other: Path) -> bool:
    return other == path or is_below(other, path)


def _share(totals: Totals, responses: Responses) -> float:
    return totals.bytes / responses.compact if responses.compact else 0.0


def _proposed(studied: Studied, prices: Mapping[Path, Metric]) -> Proposed:
    weighed = weighing.weigh(studied.responses.bodies, studied.proposed)
    raw = weighed.before.raw.value or 0.0
    judged = studied.judged
    return Proposed(
        fields=[text_of(path) for path in studied.proposed],
        before=weighed.before,
        after=weighed.after,
        saving=weighed.saving,
        share=(weighed.saving.raw.value or 0.0) / raw if raw else 0.0,
        cpu=_cpu([prices[path] for path in studied.proposed if path in prices]),
        confirmed=all(
            any(piece.source == "ablation" for piece in judged[path].evidence)
            for path in studied.proposed
        ),
        hidden=[[text_of(path) for path in group] for group in studied.hidden],
    )


def _cpu(prices: Sequence[Metric]) -> Metric | None:
    """The sum of some fields' prices; its bounds are sums too, and so a little too wide."""
    if not prices or any(price.value is None for price in prices):
        return None
    return Metric(
        sum(price.value or 0.0 for price in prices),
        sum(price.low or 0.0 for price in prices),
        sum(price.high or 0.0 for price in prices),
        n=min(price.n for price in prices),
    )


def _prices(gathered: Gathered, responses: Responses) -> dict[Path, Metric]:
    found: dict[Path, list[float]] = {}
    for price in gathered.prices:
        if price.step in responses.steps:
            found.setdefault(tuple(price.path), []).extend(ns / 1e9 for ns in price.cpu_ns)
    return {path: weighing.typical(values) for path, values in found.items()}


def _makers(gathered: Gathered, responses: Responses) -> dict[Path, str]:
    return {
        made.path: f"{made.serializer.rpartition('.')[2]} ({made.file}:{made.line})"
        for made in gathered.reads.fields
        if made.step in responses.steps
    }


def _clients(route: Route, clients: Clientele) -> list[str]:
    found = [clients.script] if route in clients.asked else []
    return found + sorted({each.who for each in clients.contracts.get(route, ())})
