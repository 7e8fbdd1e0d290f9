"""Samples stacks with py-spy, which reads the memory of a process from outside.

Variables are never read: py-spy does so only when told to, and it is not.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import msgspec
import psutil
from msgspec import Struct

from djtune.errors import DjtuneError, ExitCode
from djtune.servers import ptrace
from djtune.servers.interrupts import deferred_interrupts
from djtune.servers.sampler import Frame, NoSamples, Recording, Stack
from djtune.servers.tether import tethered

PROBE_TIMEOUT = 30.0
PROBES = 3
"""Attempts to read a process that runs on meanwhile."""
ATTACH_TIMEOUT = 30.0
END_TIMEOUT = 60.0
"""Seconds for py-spy to write what it recorded; long, because it does so only at the end."""
POLL = 0.02

REFUSED = re.compile(
    r"permission denied|operation not permitted|requires root|os error (?:1|13)\b", re.IGNORECASE
)
ATTACHED = "Sampling process"
EXITED = "process exited"
BEHIND = re.compile(r"([\d.]+)(ns|µs|ms|s) behind in sampling")
COUNTS = re.compile(r"Samples: (\d+) Errors: (\d+)")
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


class Options(Struct, frozen=True):
    """How py-spy samples."""

    rate: int = 100
    """Samples a second."""
    idle: bool = True
    """Threads that wait too, so that the samples are wall-clock time."""
    gil: bool = False
    """Only the thread that holds the interpreter's lock."""
    native: bool = False
    """Frames of C extensions too; pauses the target."""
    nonblocking: bool = False
    """Do not pause the target for each sample, at the price of a torn stack now and then."""
    functions: bool = False
    """Give functions by their first line, not by the line that runs."""

    def arguments(self) -> list[str]:
        """Return the options as py-spy takes them."""
        flags = {
            "--idle": self.idle,
            "--gil": self.gil,
            "--native": self.native,
            "--nonblocking": self.nonblocking,
            "--function": self.functions,
        }
        return [f"--rate={self.rate}", *(flag for flag, given in flags.items() if given)]


class Thread(Struct):
    """What one thread of a process was doing."""

    active: bool
    frames: list[Frame]
    """The root first."""


class NotPython(DjtuneError):
    """The process is there, and may be read, but it runs no Python that py-spy knows."""


class PySpy:
    """A :class:`~djtune.servers.sampler.Sampler`; py-spy does not outlive djtune."""

    def __init__(self, options: Options | None = None) -> None:
        """Raise :class:`DjtuneError` where py-spy is not installed."""
        self.options = options or Options()
        self._binary = find_pyspy()
        self._running = contextlib.ExitStack()

    def start(self, pid: int, seconds: float | None = None) -> None:
        """Attach to ``pid``; see :meth:`Sampler.start`."""
        self._pid = pid
        with contextlib.ExitStack() as running:
            folder = Path(tempfile.mkdtemp(prefix="djtune-pyspy-"))
            running.callback(shutil.rmtree, folder, ignore_errors=True)
            # Read through this handle: the guardian removes the folder, even if djtune is killed.
            output = folder / "stacks"
            self._output = running.enter_context(output.open("x+b"))
            self._log = running.enter_context(tempfile.TemporaryFile())
            command = [self._binary, "record", "--pid", str(pid), "--format=raw"]
            command += ["--full-filenames", f"--output={output}", *self.options.arguments()]
            if seconds is not None:
                # Whole seconds, so that it is never too short; collect() ends it on time.
                command.append(f"--duration={int(seconds) + 1}")
            self._guardian = running.enter_context(
                tethered(command, stdout=self._log, stderr=self._log, folder=folder)
            )
            self._await_attached()
            self._begun = time.monotonic()
            self._running = running.pop_all()

    def _await_attached(self) -> None:
        deadline = time.monotonic() + ATTACH_TIMEOUT
        while ATTACHED not in (said := _read(self._log)):
            if self._guardian.poll() is not None:
                raise _failure(self._pid, _read(self._log))
            if time.monotonic() > deadline:
                raise DjtuneError(f"py-spy did not attach to process {self._pid}: {said.strip()}")
            time.sleep(POLL)

    def collect(self) -> Recording:
        """End the recording; see :meth:`Sampler.collect`."""
        with self._running, deferred_interrupts():
            seconds = time.monotonic() - self._begun
            self._end()
            said, text = _read(self._log), _read(self._output)
        if not COUNTS.search(said):
            raise _failure(self._pid, said)
        recording = read_recording(text, said, rate=self.options.rate, seconds=seconds)
        if not recording.samples:
            raise NoSamples(recording, _why_nothing(self.options, recording))
        return recording

    def _end(self) -> None:
        """Let py-spy detach and write: it does so on SIGINT, and killed it writes nothing."""
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._guardian.pid).children():
                child.send_signal(signal.SIGINT)
        try:
            self._guardian.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise DjtuneError(
                f"py-spy did not end within {END_TIMEOUT:.0f} s",
                hint="a lower rate leaves it less to write",
                exit_code=ExitCode.INCOMPLETE,
            ) from None


def find_pyspy() -> str:
    """Return the path of py-spy: beside djtune's interpreter, or on PATH.

    Raises :class:`DjtuneError` where it is not installed.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("py-spy", path=beside) or shutil.which("py-spy")
    if found is None:
        raise DjtuneError(
            "py-spy is not installed", hint="install it: pip install 'djtune[flamegraph]'"
        )
    return found


def probe(pid: int, *, pause: bool = False) -> list[Thread]:
    """Look at the threads of a process once, to see whether py-spy can read it.

    ``pause`` asks for the right to pause it too. Raises :class:`DjtuneError` where there is no
    such process, it is no Python, or the kernel refuses, and says by which rule.
    """
    command = [find_pyspy(), "dump", "--json", "--pid", str(pid)]
    command += [] if pause else ["--nonblocking"]
    for _ in range(PROBES):
        try:
            done = subprocess.run(command, capture_output=True, timeout=PROBE_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise DjtuneError(f"py-spy did not answer about process {pid}") from None
        if done.returncode == 0:
            return [_thread(entry) for entry in msgspec.json.decode(done.stdout)]
        said = done.stderr.decode(errors="replace")
        if REFUSED.search(said):
            break
    raise _failure(pid, said)


def _thread(entry: dict[str, Any]) -> Thread:
    frames = [Frame(one["name"], one["filename"], one["line"]) for one in entry["frames"]]
    return Thread(entry["active"], frames[::-1])


def _failure(pid: int, said: str) -> DjtuneError:
    """Explain why py-spy could not read a process, from the facts rather than from its words."""
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        name = process.name()
    except psutil.Error:
        ended, name = True, ""
    if ended:
        return DjtuneError(f"there is no process {pid}, or it has ended")
    if REFUSED.search(said):
        return ptrace.refusal(pid, said=said)
    return NotPython(
        f"process {pid} ({name}) is no Python that py-spy can read",
        hint="name the process of the server or of one of its workers",
        detail=said,
    )


def read_recording(text: str, said: str, *, rate: int, seconds: float) -> Recording:
    """Read what py-spy wrote: collapsed stacks, and ``said`` beside them."""
    stacks = parse_stacks(text)
    counts = COUNTS.search(said)
    return Recording(
        stacks=stacks,
        samples=sum(stacks.values()),
        rate=rate,
        seconds=seconds,
        errors=int(counts[2]) if counts else 0,
        behind=max((float(n) * UNITS[unit] for n, unit in BEHIND.findall(said)), default=0.0),
        exited=EXITED in said,
    )


def parse_stacks(text: str) -> dict[Stack, int]:
    """Read collapsed stacks: on each line frames from the root, with ";" between, and a count."""
    stacks: dict[Stack, int] = {}
    for line in text.split("\n"):
        frames, _, count = line.rpartition(" ")
        if frames and count.isdecimal():
            stack = tuple(frames.split(";"))
            stacks[stack] = stacks.get(stack, 0) + int(count)
    return stacks


def _why_nothing(options: Options, recording: Recording) -> str:
    if recording.errors:
        return "py-spy may not know this version of Python: pip install --upgrade py-spy"
    if options.gil:
        return "no thread held the interpreter's lock: send requests while it records"
    if not options.idle:
        return "no thread was at work: send requests while it records, or record waits too"
    return "record for longer"


def _read(file: IO[bytes]) -> str:
    """Return all that was written so far; py-spy's own place in the file is not moved."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")
