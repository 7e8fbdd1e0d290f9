"""What is said between djtune and the process that drives the browser."""

from msgspec import Struct, field

from djtune.payloads.clients import BrowserRun
from djtune.payloads.paths import Path


class Setting(Struct):
    """Where a journey is made, the same for all its plays."""

    script: str
    """The user's Python file."""
    url: str
    """Of the server, ``http://127.0.0.1:8000``."""
    executable: str = ""
    """Chromium's path; empty for Playwright's own."""
    cookie: tuple[str, str] | None = None
    """Name and value of the cookie that signs the user in."""
    reading_only: bool = False
    """Whether methods that may write are refused: the server is not one of djtune's."""
    timeout: float = 15.0
    """Seconds that one action of the script may take."""


class Removal(Struct):
    """Fields that responses lose on their way to the browser."""

    method: str
    pattern: str
    """A regular expression that the whole path of the request matches."""
    paths: list[Path]


class Play(Struct, tag=True):
    """Make the journey once, reads recorded."""


class Look(Struct, tag=True):
    """Make the journey once without some fields, and note what the user sees."""

    now: float
    """What the page takes for the time, in seconds since the epoch."""
    remove: list[Removal] = field(default_factory=list)


class Seen(Struct):
    """What the user sees at the end of a step; values are digests under a throw-away key."""

    step: str
    places: dict[str, str] = field(default_factory=dict)
    """Place in a page → digest of its text or attribute."""
    errors: list[str] = field(default_factory=list)
    """Types of the exceptions that no script caught."""
    requests: list[str] = field(default_factory=list)
    """A digest of each request's method and address, sorted."""


class Outcome(Struct):
    """What a play has shown."""

    run: BrowserRun | None = None
    seen: list[Seen] = field(default_factory=list)
    failure: str = ""
    """Why the journey broke off: step, type of the exception, file and line."""
    fatal: str = ""
    """Why there was no journey at all."""
    hint: str = ""
