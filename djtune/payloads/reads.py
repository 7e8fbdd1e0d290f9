"""What the server read while it made responses: columns, relations, and which field read them.

The agent sends these as JSON (``agent/payloads/``); paths arrive as lists of segments, without
``{*}``, which only the walk over real documents knows.
"""

from typing import Literal

from msgspec import Struct, field

from djtune.payloads.paths import Path


class Reader(Struct):
    """Somebody who read a column."""

    kind: Literal["field", "app", "template", "django"]
    """``field``: a response field; ``django``: the framework itself, for its own ends."""
    path: Path = ()
    """Of the response field."""
    place: str = ""
    """File and line, of the app's own where there is one."""


class ColumnUse(Struct):
    """One column that a queryset loaded."""

    name: str
    """The field's ``attname``."""
    relation: str
    """``""`` for the queryset's own model; ``channel__package`` where select_related brought it."""
    model: str
    """``app.Model``."""
    readers: list[Reader] = field(default_factory=list)
    needed: str = ""
    """Why it cannot be deferred though nothing reads it: ``primary key``, ``select_related``,
    ``prefetch``; empty where it can."""
    bytes: float = 0.0
    """Mean size of a value, over the rows looked at; an estimate."""

    @property
    def unread(self) -> bool:
        """Whether nothing but Django read it."""
        return all(reader.kind == "django" for reader in self.readers)


class RelationUse(Struct):
    """A relation that was loaded ahead."""

    name: str
    kind: Literal["select", "prefetch"]
    readers: list[Reader] = field(default_factory=list)
    queries: float = 0.0
    """Queries a response that it costs; 0 for a join."""


class Fetch(Struct):
    """One queryset, by the place in the app that brings its rows."""

    step: int
    number: int
    """Of its place within the step; names it in other calls."""
    model: str
    place: str
    """File and line where the rows are fetched."""
    begun: str = ""
    """File and line where the app began the queryset, where that is known."""
    code: str = ""
    """That line of the source."""
    kind: Literal["instances", "values"] = "instances"
    responses: int = 0
    """Responses that it was part of."""
    rows: float = 0.0
    """Mean rows a response."""
    watched: int = 0
    """Rows that were looked at, over all responses."""
    columns: list[ColumnUse] = field(default_factory=list)
    relations: list[RelationUse] = field(default_factory=list)
    blind: str = ""
    """Why its reads may have been missed: cached, pickled, ``__dict__``; empty where not."""


class SerializerField(Struct):
    """A response field and the code that makes it."""

    step: int
    path: Path
    serializer: str
    """Dotted path of the class."""
    name: str
    """The field's name in the serializer."""
    file: str
    line: int
    """Of the class."""
    declared: Literal["meta", "attribute", "method"]
    writable: bool = False
    """Whether requests may also give it as input."""
    cpu_ns: float | None = None
    """CPU a response for this field in all its rows, its children included; measured apart."""
    siblings: list[str] = field(default_factory=list)
    """All fields of the serializer in order, those that only take input too."""


class ReadsSeen(Struct):
    """What the agent saw of one run."""

    fetches: list[Fetch] = field(default_factory=list)
    fields: list[SerializerField] = field(default_factory=list)
    unanchored: list[str] = field(default_factory=list)
    """Serializers whose place in the response could not be told."""
    disturbed: list[int] = field(default_factory=list)
    """Steps that fail while they are watched, and do not otherwise: nothing is known of them."""
    failures: dict[str, int] = field(default_factory=dict)
    """Kinds of errors of the instrument's own → how often; none has reached the app."""


class Lighter(Struct):
    """A queryset that leaves columns out, beside itself as it is."""

    step: int
    number: int
    """The fetch's."""
    way: Literal["defer", "only", "values"]
    columns: list[str]
    """``relation__attname`` of what is left out."""
    pairs: list[tuple[float, float]]
    """CPU seconds of fetching the rows as it is, and lighter, in turn."""
    wall: list[tuple[float, float]]
    """The same in wall time."""
    rows: int
    failure: str = ""
