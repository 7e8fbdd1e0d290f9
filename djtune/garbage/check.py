"""Exact counters of this run against those of an earlier one: for continuous integration."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.garbage.cycles import AuditResult, RouteAudit
from djtune.garbage.result import SCHEMA_VERSION, GcSweepResult
from djtune.model.routes import path_of


class _Header(Struct):
    schema_version: int = 0


def load(file: Path) -> GcSweepResult:
    """Read an earlier run's ``--format json``.

    Raises:
        DjtuneError: it cannot be read, is none, or has no counts to compare with.

    """
    try:
        content = file.read_bytes()
        header = msgspec.json.decode(content, type=_Header)
        if header.schema_version != SCHEMA_VERSION:
            raise DjtuneError(
                f"--check {file} was written by another version of djtune",
                hint="write it again: djtune gc-sweep --audit --format json --output FILE",
            )
        result = msgspec.json.decode(content, type=GcSweepResult)
    except OSError as error:
        raise DjtuneError(f"--check {file}: {error.strerror}") from None
    except msgspec.DecodeError:
        raise DjtuneError(
            f"--check {file} is not a result of djtune gc-sweep",
            hint="write one: djtune gc-sweep --audit --format json --output FILE",
        ) from None
    if result.audit is None:
        raise DjtuneError(
            f"--check {file} has no audit to compare with",
            hint="write one: djtune gc-sweep --audit --format json --output FILE",
        )
    return result


def regressions(now: AuditResult, before: AuditResult) -> list[str]:
    """What got worse, one line each: more garbage, or something that grows and did not.

    A count is worse where the least of this run's rounds exceeds the most of the earlier one's.
    """
    earlier = {(route.method, route.route): route for route in before.routes}
    return [
        f"{route.method} {path_of(route.route)} {worse}"
        for route in now.routes
        if (old := earlier.get((route.method, route.route))) and old.rounds and route.rounds
        for worse in _worse(route, old)
    ]


def versions(now: GcSweepResult, before: GcSweepResult) -> list[str]:
    """That the counts are of other versions, and so need not be the same; nothing where not."""
    told = [f"Python {run.app.python} and Django {run.app.django}" for run in (before, now)]
    if told[0] == told[1]:
        return []
    return [f"--check has counts of {told[0]}, this run is on {told[1]}: write the file again"]


def unanswered(now: AuditResult, before: AuditResult) -> list[str]:
    """Routes that were counted before and could not be now."""
    counted = {(route.method, route.route) for route in now.routes if route.rounds}
    return [
        f"{route.method} {path_of(route.route)}"
        for route in before.routes
        if route.rounds and (route.method, route.route) not in counted
    ]


def _worse(now: RouteAudit, before: RouteAudit) -> Iterator[str]:
    if now.objects.low > before.objects.high:
        yield (
            f"leaves {now.objects.low:,} objects to the collector, before {before.objects.high:,}"
        )
    if now.uncollectable > before.uncollectable:
        yield f"has {now.uncollectable:,} uncollectable objects, before {before.uncollectable:,}"
    known = {growth.holder for growth in before.growth}
    for growth in now.growth:
        if growth.holder not in known:
            yield f"grows: {growth.holder or 'something'} keeps {growth.objects:g} a request"
