"""Processes that do not outlive djtune, not even if it is killed.

A small guardian process stands between: it starts the command and holds the reading end of a pipe
from djtune. When djtune ends, however it ends, the pipe does too, and the guardian ends the
command with everything that it started.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from djtune.servers.interrupts import deferred_interrupts

GUARDIAN = Path(__file__).with_name("guardian.py")
Output = int | IO[bytes] | None


@contextlib.contextmanager
def tethered(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: Output = None,
    stderr: Output = None,
    folder: Path | None = None,
    patience: float = 10.0,
    pass_fds: Sequence[int] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``command`` while the block lasts; ``folder`` is removed after it.

    ``patience`` is how many seconds the command has to end after SIGTERM before it is killed. It
    inherits ``pass_fds`` under their numbers.

    What is yielded is the guardian, which ends when the command does, with its exit status. It
    has a session of its own: Ctrl-C reaches djtune alone, which then leaves the block.
    """
    guardian: subprocess.Popen[bytes] | None = None
    try:
        with deferred_interrupts():
            guardian = subprocess.Popen(
                [sys.executable, "-I", GUARDIAN, str(folder or ""), str(patience), *command],
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        yield guardian
    finally:
        if guardian is not None:
            with deferred_interrupts():
                assert guardian.stdin is not None
                guardian.stdin.close()
                guardian.wait()
