"""Processes that do not outlive djtune, not even if it is killed.

A small guardian process stands between: it starts the command and holds the reading end of a pipe
from djtune. When djtune ends, however it ends, the pipe does too, and the guardian ends the
command with everything that it started. This file is the guardian's program as well.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

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
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``command`` while the block lasts; ``folder`` is removed after it.

    ``patience`` is how many seconds the command has to end after SIGTERM before it is killed.

    What is yielded is the guardian, which ends when the command does, with its exit status. It
    has a session of its own: Ctrl-C reaches djtune alone, which then leaves the block.
    """
    guardian = subprocess.Popen(
        [sys.executable, "-I", __file__, str(folder or ""), str(patience), *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        yield guardian
    finally:
        assert guardian.stdin is not None
        guardian.stdin.close()
        guardian.wait()


def guard(folder: str, patience: float, command: list[str]) -> int:
    """Run ``command`` until it ends or standard input does; return its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def end(*_: object) -> None:
        child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()

    def end_with_input() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        end()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
    threading.Thread(target=end_with_input, daemon=True).start()
    status = child.wait()
    if folder:
        shutil.rmtree(folder, ignore_errors=True)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    exit_status = guard(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
    # What the command itself started, and left behind when it was killed, is in this group.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    os._exit(exit_status)
