"""What tests of several parts use."""

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from djtune.cli import main

PROJECTS = Path(__file__).parent / "projects"
PLAIN = PROJECTS / "plain"


@dataclass(frozen=True)
class Outcome:
    """What a call of the program left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The result, where the call asked for ``--format json``."""
        return json.loads(self.stdout)


def djtune(
    *args: str | Path, cwd: Path | None = None, env: Mapping[str, str | None] | None = None
) -> Outcome:
    """Call the program in this process: ``djtune("profile", "--format", "json", cwd=PLAIN)``.

    ``env`` is set for the call; ``None`` takes a variable away.
    """
    stdout, stderr = _Stream(), _Stream()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        environment(env or {}),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        exit_code = main([str(arg) for arg in args])
    return Outcome(int(exit_code), stdout.text(), stderr.text())


@contextlib.contextmanager
def environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change environment variables, and change them back."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class _Stream(io.TextIOWrapper):
    """A stream that keeps what is written to it, as text or as bytes."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="", write_through=True)

    def text(self) -> str:
        self.flush()
        self.seek(0)
        return self.read()
