"""What samples the stacks of a running process from outside, and what it hands back.

One implementation is :mod:`djtune.servers.pyspy`; Python 3.15's own sampler can be another.
"""

import re
from typing import Protocol

from msgspec import Struct

from djtune.errors import DjtuneError, ExitCode

FRAME = re.compile(r"(?P<name>.+) \((?P<file>.*?)(?::(?P<line>\d+))?\)")

Stack = tuple[str, ...]
"""Frames as ``name (file:line)``, the root first."""


class Frame(Struct, frozen=True):
    """One function on a stack."""

    name: str
    """Qualified where the target runs Python 3.11 or later: ``ShowList.get``."""
    file: str = ""
    line: int = 0

    @classmethod
    def parse(cls, text: str) -> "Frame":
        """Read ``name (file:line)``; what reads otherwise is a name without a file."""
        match = FRAME.fullmatch(text)
        if match is None:
            return cls(text)
        return cls(match["name"], match["file"], int(match["line"] or 0))

    def __str__(self) -> str:
        """Write the frame as it was read."""
        if not self.file:
            return self.name
        return (
            f"{self.name} ({self.file}:{self.line})" if self.line else f"{self.name} ({self.file})"
        )


class Recording(Struct):
    """Collapsed stacks: how often each was seen."""

    stacks: dict[Stack, int]
    samples: int
    """Stacks seen in all; a moment with two threads counts twice."""
    rate: int
    """Moments a second at which stacks were to be read."""
    seconds: float
    """How long was recorded."""
    errors: int = 0
    """Moments at which no stack could be read."""
    behind: float = 0.0
    """Seconds that the sampler was late, at worst; above 0, samples are missing."""
    exited: bool = False
    """The target ended before the recording did."""


class Sampler(Protocol):
    """Records the stacks of one process at a time."""

    def start(self, pid: int, seconds: float | None = None) -> None:
        """Attach to a process and begin; return once the first sample can come.

        The recording ends by itself after ``seconds``, or when the process does. Raises
        :class:`DjtuneError` where the process cannot be read, and says why.
        """

    def collect(self) -> Recording:
        """End the recording, detach and hand it over.

        Raises :class:`NoSamples` where there is none: it is never empty.
        """


class NoSamples(DjtuneError):
    """A recording in which no stack was seen."""

    def __init__(self, recording: Recording, hint: str) -> None:
        failed = f"; {recording.errors} attempts failed" if recording.errors else ""
        super().__init__(
            f"no stack was seen in {recording.seconds:.1f} s{failed}",
            hint=hint,
            exit_code=ExitCode.INCOMPLETE,
        )
        self.recording = recording
