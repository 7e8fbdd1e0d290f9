"""Responses summed up as they come: sizes, paths and a few bodies, in memory alone."""

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct, field

from djtune.payloads.observed import Observed
from djtune.payloads.paths import ANY, Path
from djtune.payloads.walk import NotJsonError, Walk, maps_of, parse, walk


class Sample(Struct, kw_only=True):
    """One response that answered as expected; the agent sends it as JSON."""

    step: int
    user: int
    """Ordinal of who asked."""
    asked: int
    """Ordinal of the path and query string."""
    type: str
    """Content type, without its parameters."""
    wire: int
    """Bytes as they were sent."""
    size: int
    """Bytes before compression."""
    encoding: str = ""
    streamed: bool = False
    body: bytes | None = None
    fault: str = ""
    """Why the body is not what was sent."""


class Totals(Struct):
    """One path over all responses of an endpoint."""

    count: int = 0
    parents: int = 0
    bytes: int = 0
    own: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    empty: int = 0
    responses: int = 0
    """Those that had it."""

    def add(self, other: "Totals") -> None:
        """Take in what is called the same."""
        self.count += other.count
        self.parents = max(self.parents, other.parents)
        self.bytes += other.bytes
        self.own += other.own
        self.kinds.update(other.kinds)
        self.empty += other.empty
        self.responses = max(self.responses, other.responses)


class Body(Struct):
    """A response that is kept, as it came: parsed, it takes several times the memory."""

    raw: bytes
    compact: int
    user: int
    asked: int

    @property
    def document(self) -> Any:
        """What it says, parsed anew."""
        return parse(self.raw)


class Responses(Struct):
    """All JSON responses of one endpoint."""

    parameters: bool = False
    """Whether different things can be asked for; if not, users tell responses apart."""
    n: int = 0
    users: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    steps: set[int] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)
    whitespace: int = 0
    """Bytes that compact JSON does not have, over all responses."""
    nodes: dict[Path, Totals] = field(default_factory=dict)
    bodies: list[Body] = field(default_factory=list)
    kept: int = 0
    maps: set[Path] = field(default_factory=set)
    """Paths whose keys are data."""
    observed: Observed = field(default_factory=Observed)
    invalid: str = ""
    """Why some body was not JSON."""
    broken: int = 0
    """Bodies that were not JSON."""
    broken_bytes: int = 0

    def add(self, sample: Sample, *, keep: bool = True) -> Walk | None:
        """Take a response with a body in; ``None`` where it was not JSON.

        Without ``keep`` it is looked into, and only the first body stays in memory.
        """
        assert sample.body is not None
        try:
            document = parse(sample.body)
            seen = walk(document, self.maps)
        except NotJsonError as error:
            self.invalid = str(error)
            self.broken += 1
            self.broken_bytes += len(sample.body)
            return None
        self._learn(maps_of(seen))
        self.n += 1
        self.users.add(sample.user)
        self.asked.add(sample.asked)
        self.steps.add(sample.step)
        self.sizes.append(len(sample.body))
        self.observed.add(seen, sample.asked if self.parameters else sample.user)
        self.whitespace += len(sample.body) - seen.compact
        _sum_up(self.nodes, seen)
        if keep or not self.bodies:
            self.kept += len(sample.body)
            body = Body(sample.body, seen.compact, sample.user, sample.asked)
            self.bodies.append(body)
        return seen

    def _learn(self, maps: set[Path]) -> None:
        """Collapse what was seen before of paths whose keys turn out to be data."""
        if not maps - self.maps:
            return
        self.maps |= maps
        before, self.nodes = self.nodes, {}
        for path, totals in before.items():
            self.nodes.setdefault(known_as(path, self.maps), Totals()).add(totals)

    def fields(self) -> Iterator[Path]:
        """The paths that end in a key: what can be dropped."""
        return (path for path in self.nodes if path and path[-1] not in ("[]", ANY))

    @property
    def compact(self) -> int:
        """Bytes of all responses as compact JSON."""
        return self.nodes[()].bytes if self.nodes else 0


def _sum_up(nodes: dict[Path, Totals], seen: Walk) -> None:
    for path, node in seen.nodes.items():
        totals = nodes.get(path)
        if totals is None:
            totals = nodes[path] = Totals()
        totals.count += node.count
        totals.parents += node.parents
        totals.bytes += node.bytes
        totals.own += node.own
        totals.kinds.update(node.kinds)
        totals.empty += node.empty
        totals.responses += 1


def known_as(path: Path, maps: Collection[Path]) -> Path:
    """``path`` as the walk calls it: a key of a map is :data:`ANY`."""
    made: Path = ()
    for segment in path:
        made = (*made, ANY if made in maps else segment)
    return made
