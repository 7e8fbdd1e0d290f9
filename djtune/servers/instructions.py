"""Tools that count the instructions that a process executes, and how to read what they write."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from djtune.errors import DjtuneError, ExitCode

EVENT = "instructions:u"
PROBE_TIMEOUT = 10.0
SUMMARY = re.compile(r"^summary: (\d+)", re.MULTILINE)


class Counter(Struct, frozen=True):
    """A tool that counts, found to work on this machine."""

    tool: Literal["perf", "valgrind"]
    path: str
    slowdown: float
    """How many times longer a request takes, about."""
    by_process: bool
    """Whether forks are counted apart, so that one start of the app serves for several counts."""

    def wrapper(self, folder: Path) -> list[str]:
        """The command to put before the interpreter; it writes into ``folder``."""
        if self.tool == "perf":
            return [self.path, "stat", "-x,", "-e", EVENT, "-o", str(folder / "perf"), "--"]
        # Of valgrind's tools cachegrind counts fastest: none does not count, and callgrind, bbv
        # and lackey count the same in 1.4 to 13 times its time.
        options = ["--tool=cachegrind", "--cache-sim=no", "--branch-sim=no", "-q"]
        return [self.path, *options, f"--cachegrind-out-file={folder}/count.%p"]

    def read(self, folder: Path, pid: int) -> int:
        """Instructions of process ``pid``, with those before it was forked; perf's of them all.

        Raises :class:`DjtuneError` where the tool has not written its count.
        """
        path = folder / ("perf" if self.tool == "perf" else f"count.{pid}")
        text = path.read_text(errors="replace") if path.exists() else ""
        counted = perf_count(text) if self.tool == "perf" else cachegrind_count(text)
        if counted is None:
            raise DjtuneError(
                f"{self.tool} has not written its count", exit_code=ExitCode.INCOMPLETE
            )
        return counted


def find_counter() -> Counter:
    """The fastest tool that works here. Raises :class:`DjtuneError` where there is none."""
    perf, valgrind = shutil.which("perf"), shutil.which("valgrind")
    if perf and _perf_counts(perf):
        return Counter("perf", perf, slowdown=1.0, by_process=False)
    if valgrind:
        return Counter("valgrind", valgrind, slowdown=40.0, by_process=True)
    why = "perf counts none on this machine" if perf else "perf is not installed"
    raise DjtuneError(
        f"instructions cannot be counted: {why}, and valgrind is not installed",
        hint="install valgrind with the system's package manager",
    )


def _perf_counts(perf: str) -> bool:
    command = [perf, "stat", "-x,", "-e", EVENT, "--", "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return perf_count(done.stderr) is not None


def perf_count(text: str) -> int | None:
    """The count in what ``perf stat -x,`` writes; ``None`` where the processor gives none.

    Processors with two kinds of cores have a line for each kind (``cpu_core/instructions:u/``).
    """
    lines = (line.split(",") for line in text.splitlines())
    return _sum(
        int(fields[0])
        for fields in lines
        if len(fields) > 2 and fields[2].strip("/").endswith(EVENT) and fields[0].isdigit()
    )


def cachegrind_count(text: str) -> int | None:
    """The count in cachegrind's file; ``None`` where it is not whole."""
    return _sum(int(count) for count in SUMMARY.findall(text))


def _sum(counts: Iterable[int]) -> int | None:
    found = list(counts)
    return sum(found) if found else None
