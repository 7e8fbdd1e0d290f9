"""This run against an earlier one's file: its counters are judged, its times are shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.model.routes import Unmeasured
from djtune.profiling.comparison.counters import compare_counters
from djtune.profiling.comparison.result import (
    Comparison,
    OneSided,
    RouteChange,
    Side,
    TimeChange,
    TimeVerdict,
    route_verdict,
)
from djtune.profiling.result import SCHEMA_VERSION, ProfileResult, RouteResult
from djtune.workloads.choosing import chosen

THIS_RUN = "this run"
NOT_JUDGED: TimeVerdict = "not judged"
Key = tuple[str, str]


class _Header(Struct):
    """What any result of djtune's has."""

    schema_version: int


def load(path: Path) -> ProfileResult:
    """Read what an earlier ``djtune profile --format json`` wrote.

    Raises:
        DjtuneError: the file cannot be read, is no such result, or one of another version.

    """
    hint = "make one with: djtune profile --format json --output FILE"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DjtuneError(f"--compare {path}: {error.strerror}", hint=hint) from None
    try:
        version = msgspec.json.decode(content, type=_Header).schema_version
        if version == SCHEMA_VERSION:
            return msgspec.json.decode(content, type=ProfileResult)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise DjtuneError(f"--compare {path} is no result of djtune profile", hint=hint) from None
    raise DjtuneError(
        f"--compare {path} has version {version} of the result, this djtune reads {SCHEMA_VERSION}",
        hint="make it again with this djtune, or compare with the djtune that made it",
    )


def compare_with_file(
    before: ProfileResult, after: ProfileResult, name: str, patterns: Sequence[str] = ()
) -> Comparison:
    """Judge the counters of every route that both runs have.

    ``patterns`` are the routes that this run was asked for: others did not go away.
    """
    old = {key: route for key, route in _by_key(before.routes).items() if chosen(key[1], patterns)}
    new = _by_key(after.routes)
    both = [key for key in new if key in old]
    return Comparison(
        against="file",
        before=side(before, name),
        after=side(after, THIS_RUN),
        routes=[
            _compare(old[key], new[key], _thousandths(old, key, both), _thousandths(new, key, both))
            for key in both
        ],
        one_sided=[
            *_one_sided("after", [new[k] for k in new if k not in old], before.unmeasured),
            *_one_sided("before", [old[k] for k in old if k not in new], after.unmeasured),
        ],
        warnings=_warnings(before, after, name),
    )


def side(result: ProfileResult, name: str) -> Side:
    """A run as one of the two that are compared."""
    return Side(
        name=name,
        python=result.app.python,
        django=result.app.django,
        interface=result.app.interface,
        machine=result.machine,
        noise=result.noise,
        weights_from=result.weights_from,
        trials=result.trials,
        requests=result.requests,
        complete=result.complete,
    )


def _by_key(routes: Sequence[RouteResult]) -> dict[Key, RouteResult]:
    return {(route.method, route.route): route for route in routes}


def _thousandths(routes: Mapping[Key, RouteResult], key: Key, both: Sequence[Key]) -> float:
    """A route's requests in 1,000 of the routes that both runs have."""
    total = sum(routes[other].weight for other in both)
    return 1000 * routes[key].weight / total if total else 0.0


def _compare(
    before: RouteResult, after: RouteResult, weight_before: float, weight_after: float
) -> RouteChange:
    counters = compare_counters(before, after)
    times = [
        TimeChange("cpu", before.cpu, after.cpu, NOT_JUDGED),
        TimeChange("wall", before.mean.value or 0.0, after.mean.value or 0.0, NOT_JUDGED),
    ]
    return RouteChange(
        method=after.method,
        route=after.route,
        where=after.where,
        weight_before=weight_before,
        weight_after=weight_after,
        counters=counters,
        times=times,
        verdict=route_verdict(counters, times),
    )


def _one_sided(
    has: str, routes: Sequence[RouteResult], unmeasured: Sequence[Unmeasured]
) -> list[OneSided]:
    """Routes that one run alone has figures of, with what the other says of them."""
    other = {(entry.method, entry.route): entry for entry in unmeasured}
    found = []
    for route in routes:
        entry = other.get((route.method, route.route))
        failed = has == "before" and entry is not None and entry.why == "error"
        found.append(
            OneSided(
                route.method,
                route.route,
                "before" if has == "before" else "after",
                f"needs {entry.detail}" if entry else "",
                regression=failed,
                where=entry.where if entry and has == "before" else route.where,
            )
        )
    return found


def _warnings(before: ProfileResult, after: ProfileResult, name: str) -> list[str]:
    warnings = []
    if not before.complete:
        warnings.append(f"{name} was cut short: some of its routes rest on few requests")
    if before.app.debug != after.app.debug:
        warnings.append("DEBUG was on in one of the two runs")
    for what, old, new in (
        ("Python", before.app.python, after.app.python),
        ("Django", before.app.django, after.app.django),
        ("interface", before.app.interface, after.app.interface),
        ("databases", _listed(before.app.databases), _listed(after.app.databases)),
        ("caches", _listed(before.app.caches), _listed(after.app.caches)),
    ):
        if old != new:
            warnings.append(f"the runs differ in more than the code: {what} {old} then, {new} now")
    return warnings


def _listed(aliases: Mapping[str, str]) -> str:
    return ", ".join(f"{alias}: {kind}" for alias, kind in sorted(aliases.items())) or "none"
