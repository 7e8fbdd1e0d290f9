"""JSON frames, one a line, over a pair of pipes of their own.

The worker's standard output and error travel apart, so that an app that prints cannot corrupt
a result.
"""

import json
import os
from typing import Any


class Channel:
    """The worker's end: reads calls, writes replies."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._reader = os.fdopen(read_fd, "rb")
        self._write_fd = write_fd

    def receive(self) -> dict[str, Any] | None:
        """Return the next call, or None when the CLI has gone."""
        line = self._reader.readline()
        return json.loads(line) if line else None

    def send(self, frame: dict[str, Any]) -> None:
        """Write one frame whole."""
        data = memoryview(json.dumps(frame, separators=(",", ":"), default=str).encode() + b"\n")
        while data:
            data = data[os.write(self._write_fd, data) :]
