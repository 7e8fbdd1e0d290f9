"""What ``djtune payload-audit`` says, as ``--format json`` writes it."""

from typing import Literal

from msgspec import Struct, field

from djtune.model.budget import Verdict as BudgetVerdict
from djtune.model.facts import AppFacts
from djtune.model.findings import FindingData
from djtune.model.machine import Machine
from djtune.model.metrics import Metric
from djtune.model.noise import Noise
from djtune.model.routes import Unmeasured

SCHEMA_VERSION = 1

Source = Literal[
    "values", "server", "client source", "browser", "ablation", "contract", "log", "sample"
]
Stance = Literal[
    "used", "perhaps used", "declared", "unused", "redundant", "not observable", "says nothing"
]
"""What a piece of evidence speaks for. ``perhaps used``: the name stands where it may be read."""
Verdict = Literal["used", "unused", "redundant", "declared only", "unknown", "not observable"]
"""``unused`` needs evidence; without any a field is ``unknown``. ``not observable``: whatever
holds it was empty in every response, so that nothing could have been seen of it."""


class Evidence(Struct, frozen=True):
    """One observation about a field."""

    source: Source
    stance: Stance
    text: str
    """What was seen."""
    coverage: str = ""
    """In how much: files, steps of a journey, rows."""


class Sizes(Struct, frozen=True):
    """Mean bytes a response: as it is sent without compression, and by each codec."""

    raw: Metric
    gzip: Metric
    brotli: Metric | None = None
    """``None`` without ``djtune[payloads]``."""
    zstd: Metric | None = None


class FieldResult(Struct):
    """One field of an endpoint's responses."""

    path: str
    kinds: list[str]
    """JSON types, the most frequent first."""
    count: float
    """Mean occurrences a response."""
    bytes: float
    """Mean bytes a response: key, value and all below, in compact JSON."""
    share: float
    """Part of the compact document."""
    loss: dict[str, float] = field(default_factory=dict)
    """Codec → bytes that a response loses without this field alone: an estimate from sampled rows,
    which cannot be added up; negative where the rest compresses worse without it."""
    cpu: Metric | None = None
    """Seconds of CPU a response for making it and all below."""
    verdict: Verdict = "unknown"
    evidence: list[Evidence] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    """``app.Model.column`` that this field reads."""
    sensitive: str = ""
    """Why it looks like something that should not be sent without need."""
    serializer: str = ""
    """Class and ``file:line`` of what makes it."""
    example: str = ""
    """One of its values, under ``--keep-values`` alone."""


class ColumnResult(Struct):
    """A column that a queryset loads."""

    name: str
    relation: str
    model: str
    bytes: float
    """Mean bytes of a value: an estimate."""
    state: Literal["unread", "freed", "needed", "read", "unclear"]
    """``unread``: nobody reads it now; ``freed``: only fields of the proposed set read it;
    ``needed``: unread, but Django needs it; ``unclear``: nothing could be seen of its reads."""
    readers: list[str] = field(default_factory=list)


class RelationResult(Struct):
    """A relation that is loaded ahead, and that nobody follows."""

    name: str
    kind: Literal["select", "prefetch"]
    state: Literal["unread", "freed"]
    """``freed``: only fields of the proposed set follow it."""
    queries: float = 0.0
    """Queries a response that it costs; 0 for a join."""


class LighterResult(Struct):
    """A queryset without some columns, measured beside itself."""

    way: Literal["defer", "only", "values"]
    code: str
    """The call to add or to put in place."""
    columns: list[str]
    ratio: Metric
    """CPU of fetching the rows, to what it takes now."""
    verdict: Literal["lighter", "slower", "no difference shown"]
    saving: Metric
    """Seconds of CPU a response."""


class QuerysetResult(Struct):
    """A queryset: what it loads, and what of that is read."""

    routes: list[str]
    """``METHOD /path`` of all that use the line which begins it."""
    model: str
    place: str
    begun: str
    rows: float
    columns: list[ColumnResult]
    watched: int = 0
    """Rows that were looked at, over all responses."""
    followed_all: bool = False
    """Whether these are all rows that there were."""
    relations: list[RelationResult] = field(default_factory=list)
    """Joins and prefetches that nothing follows, or nothing but proposed fields."""
    lighter: list[LighterResult] = field(default_factory=list)
    part: float = 0.0
    """Part of its route's service time, as first looked at, that the best of these saves."""
    blind: str = ""


class Proposed(Struct):
    """Fields to drop together, and what the rest compresses to without them."""

    fields: list[str]
    before: Sizes
    after: Sizes
    saving: Sizes
    """Bytes a response; the interval is over the responses sampled."""
    share: float
    """Part of the raw bytes."""
    cpu: Metric | None = None
    """Seconds of CPU a response that making these fields took."""
    per_day: float | None = None
    """Raw bytes a day at the workload's rate; ``None`` where that is not known."""
    per_day_gzip: float | None = None
    confirmed: bool = False
    """A journey in a browser looked the same without them."""
    columns: list[str] = field(default_factory=list)
    """What nothing reads any longer without them."""
    relations: list[str] = field(default_factory=list)
    patches: list[str] = field(default_factory=list)
    """Unified diffs, and lines to paste where none could be made."""
    hidden: list[list[str]] = field(default_factory=list)
    """Groups of fields that hide each other from a codec: only together are they dear."""


class EndpointResult(Struct):
    """One JSON endpoint."""

    method: str
    route: str
    where: str
    n: int
    """Responses that were looked into."""
    users: int
    asked: int
    """Different paths and query strings."""
    weight: float
    """Requests among 1,000 of the workload."""
    sizes: Sizes
    whitespace: float
    """Mean bytes a response of spaces, line ends and ``\\u`` escapes that compact JSON has not."""
    whitespace_gzip: float
    """What they weigh under gzip."""
    share: float
    """Part of the bytes of all endpoints, weighted."""
    fields: list[FieldResult]
    proposed: Proposed | None = None
    clients: list[str] = field(default_factory=list)
    """Who asks for it, of the clients looked at."""
    invalid: str = ""
    """Why some of its responses could not be read as JSON."""


class OtherResponse(Struct):
    """Responses that are not one JSON document: sized and named, no more."""

    method: str
    route: str
    kind: str
    """Content type."""
    n: int
    size: float
    """Mean bytes."""
    why: str


class Journey(Struct):
    """What a journey in a browser did."""

    script: str
    steps: list[str]
    responses: int
    unwatched: list[str]
    """Routes of which some reads could not be recorded."""
    page_loads: int = 0
    """Times that the journey was made again to confirm the proposed fields."""
    confirmed: bool | None = None
    """Whether all looked the same without the proposed fields; ``None``: not tried."""
    errors: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)


class SourceFolder(Struct):
    """What was scanned of a client's source."""

    folder: str
    files: dict[str, int]
    blind: int
    """Places with a computed key, where any field may be meant."""
    unreadable: int


class PayloadAuditResult(Struct, kw_only=True):
    """What JSON responses hold, which of it nobody uses, and what dropping that would save."""

    schema_version: int = SCHEMA_VERSION
    complete: bool = True
    app: AppFacts | None = None
    """``None`` where responses came from a HAR file."""
    machine: Machine
    weights_from: str
    requests_per_day: float | None = None
    warnings: list[str] = field(default_factory=list)
    endpoints: list[EndpointResult] = field(default_factory=list)
    """Those with the most bytes first."""
    querysets: list[QuerysetResult] = field(default_factory=list)
    """What the database is asked for to make responses of any kind."""
    others: list[OtherResponse] = field(default_factory=list)
    findings: list[FindingData] = field(default_factory=list)
    journey: Journey | None = None
    sources: list[SourceFolder] = field(default_factory=list)
    contracts: list[str] = field(default_factory=list)
    unmeasured: list[Unmeasured] = field(default_factory=list)
    noise: Noise | None = None
    budgets: list[BudgetVerdict] = field(default_factory=list)
    seconds: float = 0.0
