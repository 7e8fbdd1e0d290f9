"""What was seen of a client: the names in its source, and the fields that it read as it ran."""

from typing import Literal

from msgspec import Struct, field

from djtune.payloads.paths import Path

Naming = Literal["read", "declared", "written", "quoted"]
"""``read``: its value is taken; ``declared``: in an interface, a model class or an object literal
alone; ``written``: assigned to; ``quoted``: a string has it (``["title", "year"]``), so that a
computed key may take its value."""


class Place(Struct, frozen=True):
    """Where a name stands."""

    file: str
    """Relative to the folder that was scanned, or the address of a script that a page loaded."""
    line: int
    """From 1."""
    column: int
    """Of the name itself, from 1, in UTF-16 units as browsers count."""
    text: str = ""
    """The line, shortened; for reports alone."""


class Named(Struct, frozen=True):
    """A name that stands somewhere in a client's source."""

    name: str
    naming: Naming
    place: Place
    perhaps: bool = False
    """Whether the code may run and read nothing: ``show?.title``, ``{ title } = show ?? {}``."""


class Composed(Struct, frozen=True):
    """A string that is put together and may be a name: ``title_${language}``."""

    begun: str
    ended: str
    place: Place

    def fits(self, name: str) -> bool:
        """Whether it may be ``name``."""
        written = len(self.begun) + len(self.ended)
        return len(name) > written and name.startswith(self.begun) and name.endswith(self.ended)


class SourceScan(Struct):
    """What a client's source names."""

    names: dict[str, list[Named]] = field(default_factory=dict)
    strings: set[str] = field(default_factory=set)
    """The literal pieces of its strings and templates that may belong to an address: those that
    hold a ``/``, and single words, which clients join with others."""
    aliases: dict[str, set[str]] = field(default_factory=dict)
    """What the source calls a field → its names in JSON (``@SerialName``, ``CodingKeys``)."""
    files: dict[str, int] = field(default_factory=dict)
    """Language → files."""
    bytes: int = 0
    digests: set[str] = field(default_factory=set)
    """SHA-256 of every file scanned, to know a script again that a page loads."""
    composed: list[Composed] = field(default_factory=list)
    blind: list[Place] = field(default_factory=list)
    """Where a key is computed, so that any field may be meant."""
    unreadable: list[str] = field(default_factory=list)
    """Files that could not be parsed or decoded."""


class FieldRead(Struct):
    """What a journey in a browser did with one field of one address's responses.

    A field that was there and not read has one too, with no reads.
    """

    method: str
    path: str
    """Of the request, without its query."""
    json_path: Path
    picked: int = 0
    """Reads of this field alone."""
    enumerated: int = 0
    """Reads in a run over the whole object: copied, compared or serialized."""
    steps: list[str] = field(default_factory=list)
    """Steps of the journey in which it was picked."""
    sites: list[Place] = field(default_factory=list)
    """Where it was picked, a few of them."""


class Asked(Struct):
    """An address whose JSON responses a journey saw."""

    method: str
    path: str
    responses: int
    bytes: int
    """Of all their bodies, not compressed."""
    watched: bool = True
    """Whether reads of it could be recorded; not of what a worker or a stream reader took."""


class BrowserRun(Struct):
    """What a journey in a browser showed."""

    steps: list[str]
    asked: list[Asked]
    reads: list[FieldRead]
    scripts: dict[str, str] = field(default_factory=dict)
    """Address → text of each script that ran; in memory alone."""
    errors: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    """Hosts whose requests were refused."""
    ran: dict[str, list[tuple[int, int, bool]]] = field(default_factory=dict)
    """Address of a script → (begin, end, ran) of its blocks in UTF-16 units, inner ones last."""


class Endpoint(Struct, frozen=True):
    """What a browser asks for: a method and the pattern of its paths."""

    method: str
    pattern: str
    """A regular expression that the whole path of the request matches."""


class Difference(Struct, frozen=True):
    """What the user sees otherwise without some fields."""

    step: str
    what: Literal["page", "error", "requests"]
    detail: str
    """In words, without values of the page's: ``12 text nodes differ``."""


class Contract(Struct):
    """Fields that somebody has said they ask for."""

    kind: Literal["pact", "openapi", "log"]
    who: str
    """Consumer, client, or file."""
    method: str
    path: str
    """As the contract has it; an example path in a pact, a template in OpenAPI."""
    fields: list[Path]
    requests: int = 0
    """How many requests of a log asked for exactly these; 0 elsewhere."""
