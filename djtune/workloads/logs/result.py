"""What ``djtune workload from-log`` found, as its JSON output has it. Seconds and bytes."""

from typing import Literal

from msgspec import Struct, field

from djtune.model.findings import FindingData
from djtune.model.workload import Observed

from .reading import FileRead

SCHEMA_VERSION = 1


class RouteInLog(Struct):
    """One method of one route, as it was asked for."""

    method: str
    route: str
    where: str
    """file:line of the view."""
    share: float
    """Of all requests that a route was found for."""
    weight: float
    """Requests that were answered as expected; 0 where none was."""
    expect: list[int]
    """The statuses that count as an answer."""
    observed: Observed
    paths: int
    """Distinct paths of the route, all methods together; in recordings, paths with queries."""
    in_workload: Literal["journey", "comment", "no"]
    """``comment``: it needs a recipe, or ``unsafe: true``."""
    why: str = ""
    """Why it is no journey."""


class Unresolved(Struct):
    """Requests for paths that the URLconf has no route for, by their masked shape."""

    pattern: str
    requests: float
    statuses: dict[str, float]


class Others(Struct):
    """Requests that are no route's."""

    static: float = 0
    media: float = 0
    slash: float = 0
    """Without the slash at the end, to which APPEND_SLASH redirects."""
    unknown: float = 0
    """No route for the path."""
    outside: float = 0
    """The path does not begin with ``--strip-prefix``."""
    malformed: float = 0
    """No method and path in the request line."""
    not_looked_up: float = 0
    """Of paths beyond ``--max-paths``."""


class Peak(Struct):
    """The busiest hour, of requests that routes answered with 2xx or 304."""

    begins: str
    """ISO 8601, UTC."""
    minutes: int
    """60, or the whole log where it is shorter."""
    requests: float
    per_hour: float


class MissingColumn(Struct):
    """A column that a log does not have."""

    column: str
    """``duration``, ``bytes`` or ``time``."""
    files: list[str]
    detail: str = ""


class FromLogResult(Struct):
    """What production asks for, route by route."""

    workload: str
    """The file that was written."""
    weights_from: str
    files: list[FileRead]
    requests: float
    """All that were read."""
    begins: str
    """ISO 8601, UTC, to the minute; empty where the log has no times."""
    ends: str
    peak: Peak | None
    journeys_per_hour: float | None
    """At peak, of the journeys that were written."""
    routes: list[RouteInLog]
    users: int | None
    """Distinct users and sessions, which recordings alone tell apart."""
    others: Others
    unresolved: list[Unresolved]
    """The shapes most asked for."""
    slashless: dict[str, float]
    """Route → requests that lacked the slash at its end; the most first."""
    missing: list[MissingColumn]
    findings: list[FindingData] = field(default_factory=list)
    complete: bool = True
    schema_version: int = SCHEMA_VERSION
