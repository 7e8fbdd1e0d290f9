"""What ``djtune profile --pid`` found, as its JSON output has it. Times in seconds."""

from typing import Literal

from msgspec import Struct, field

from djtune.model.metrics import Metric

SCHEMA_VERSION = 1

Kind = Literal["view", "untold", "handling", "rendering"]
"""What a request was doing: ``view``, known by its frames; ``untold``, code of a request of which
the frames do not tell the view; ``handling``, middleware and Django's own; ``rendering``, a
template or DRF response that is rendered after its view returned."""

Counted = Literal["wall", "active", "gil"]
"""Which threads count: all, those at work, or the one that holds the interpreter's lock."""


class Hot(Struct):
    """A function or a line, and how often it was seen."""

    name: str
    where: str
    samples: int
    share: float
    """Of the samples that it is listed under."""


class LiveView(Struct):
    """What was seen of one view, or of one other thing that requests did."""

    kind: Kind
    view: str
    """The function, as its frame names it."""
    where: str
    """file:line of a view, the file of other code."""
    routes: list[str]
    """Those of the URLconf that lead to it: more than one where the frames cannot tell them
    apart, none where the project is not known."""
    samples: int
    share: Metric
    """Of all samples inside requests."""
    functions: list[Hot]
    """By self time: the function that ran, or waited, itself."""
    lines: list[Hot]
    """Of the application's own code, the innermost on the stack."""


class LiveProcess(Struct):
    """One process that was recorded."""

    pid: int
    windows: int
    seconds: float
    samples: int
    """Of all its threads, in requests or not."""
    requests: float
    """Threads inside a request, on average; under ``wall``, requests in progress."""
    cpu: float | None
    """Processors' worth of CPU time that it used meanwhile."""
    errors: int
    behind: float
    """Seconds that the sampler was late, at worst."""


class LiveResult(Struct):
    """Samples of a running server, by view and route."""

    pid: int
    counted: Counted
    paused: bool
    """The server was paused for each sample."""
    rate: int
    """Moments a second at which its threads were looked at."""
    seconds: float
    processes: list[LiveProcess]
    views: list[LiveView]
    """The greatest share first."""
    samples: int
    """Inside requests."""
    outside: int
    """Samples of threads that were in no request: dropped from every share."""
    handed_over: int
    """Samples of threads whose request went on in another one meanwhile: dropped likewise."""
    outside_functions: list[Hot]
    """What those threads were doing."""
    routes_known: bool
    """The project was found, so that views could be given their routes."""
    warnings: list[str] = field(default_factory=list)
    complete: bool = True
    schema_version: int = SCHEMA_VERSION
