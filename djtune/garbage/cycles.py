"""What the audit of cyclic garbage says, as plain data."""

from msgspec import Struct, field

from djtune.model.findings import FindingData


class Spread(Struct):
    """A count over the rounds of a route; one figure where all rounds agree."""

    low: int
    median: float
    high: int

    @property
    def exact(self) -> bool:
        """Whether every round counted the same."""
        return self.low == self.high


class GarbageType(Struct):
    """Objects of one type that a request leaves to the collector."""

    name: str
    """Dotted."""
    objects: int
    bytes: int


class Link(Struct):
    """An attribute, or the like, through which objects hold one another in a circle."""

    name: str
    """``Field.parent``: the class that defines the attribute, and the attribute."""
    module: str
    """Of that class."""
    origin: str
    """Whose it is: ``app``, ``rest_framework``, ``django``, ``library`` or ``python``."""
    where: str
    """``file:line`` of where the app sets it, else of its class; empty where that is not its."""
    holders: list[str]
    """The commonest types of the objects that hold it, the commonest first."""
    targets: list[str]
    """The commonest types of what it leads to."""
    count: int
    """References of this kind within cycles."""
    frees: int
    """Objects that reference counts would free if this link alone were cut, with what hangs from
    them.
    """
    frees_bytes: int
    needed: bool
    """Whether it is one of those that, all cut, leave nothing; and do not if one of them stays."""
    remedy: str = ""


class Growth(Struct):
    """Something that stays after a collection, and more of it with every equal request."""

    holder: str
    """What holds it: ``list app.views.SEEN``; empty where that could not be told."""
    where: str
    """File of the module or ``file:line`` of the class that holds it."""
    types: list[str]
    """What is held, the commonest type first."""
    objects: float
    """Tracked objects, or entries of the holder where what it holds is not tracked, a request."""


class RouteAudit(Struct):
    """What one request of a route leaves to the collector."""

    method: str
    route: str
    weight: float
    """Requests of this route among 1,000 of the workload."""
    rounds: int
    """Requests that were counted; 0 for a route that could not be audited."""
    objects: Spread
    """Tracked objects in cycles, or hanging from them."""
    bytes: Spread
    """Their size by ``sys.getsizeof``."""
    held_bytes: float
    """Memory that stays after a request without a collection, texts and numbers included.
    Measured by ``tracemalloc``, once a step.
    """
    types: list[GarbageType]
    links: list[Link]
    frees_by_origin: dict[str, int]
    """Origin → objects that reference counts would free if all its links were cut."""
    growth: list[Growth]
    uncollectable: int = 0
    """Objects that the collector gave up on."""
    cut_short: str = ""
    """Why links are missing or incomplete; empty where they are not."""

    @property
    def leaked_mb(self) -> float:
        """MB that 1,000 requests of this route leave behind without a collector."""
        return self.held_bytes / 1000


class AuditResult(Struct):
    """The cyclic garbage of a workload, route by route."""

    routes: list[RouteAudit]
    """Those that cost most first: by weight × bytes."""
    objects_per_request: float
    """Mean over the workload's requests, as weighted."""
    leaked_mb: float
    """MB that 1,000 requests of the workload leave behind without a collector."""
    garbage_free: bool
    """Whether ``gc.disable()`` is safe: no route leaves garbage or grows, and none is missing."""
    why: str
    """What :attr:`garbage_free` rests on, in a sentence."""
    findings: list[FindingData] = field(default_factory=list)
