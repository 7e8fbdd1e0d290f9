"""A worker: a fresh process of the app with djtune's agent inside, and the calls to it.

>>> with Worker(app) as worker:
...     routes = worker.call("describe_routes")
"""

import contextlib
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import msgspec

from djtune.errors import DjtuneError, ExitCode
from djtune.model.app import App
from djtune.servers.interrupts import deferred_interrupts

BOOTSTRAP = Path(__file__).parent.parent / "agent" / "bootstrap.py"
LOAD_TIMEOUT = 120.0
STOP_TIMEOUT = 2.0
KEPT_OUTPUT_LINES = 60

Part = Callable[[Any], None]


class WorkerLostError(DjtuneError):
    """The worker died, or did not answer in time; ``message`` ends with what the app said last."""

    def __init__(self, how: str, *, said: str = "", **options: Any) -> None:
        super().__init__(f"{how}: {said}" if said else how, **options)
        self.how = how
        """The message without the app's own words."""


def shareable(error: DjtuneError) -> str:
    """The message without what the app said, which may hold values of the user's: for results."""
    return error.how if isinstance(error, WorkerLostError) else error.message


class Worker:
    """One worker process. Entering it loads the app; leaving it ends the whole process group.

    With ``loads=False`` the app is not loaded: for calls that want its settings alone.
    """

    def __init__(self, app: App, *, load_timeout: float = LOAD_TIMEOUT, loads: bool = True) -> None:
        self.app = app
        self._loads = loads
        self.facts: dict[str, Any] = {}
        self._load_timeout = load_timeout
        self._buffer = b""
        self._until, self._allowed = math.inf, math.inf
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Worker":
        try:
            with deferred_interrupts():
                self._start()
            if self._loads:
                self.facts = self._load()
        except BaseException:
            self.stop()
            raise
        return self

    def _load(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.call(
            "load",
            timeout=self._load_timeout,
            directory=self.app.directory,
            settings=self.app.settings,
            pythonpath=self.app.pythonpath,
            interface=self.app.interface,
            allowed_hosts=self.app.allowed_hosts,
            live_effects=self.app.live_effects,
            overrides=self.app.overrides,
        )
        return facts

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        assert self._process is not None
        return self._process.pid

    def _start(self) -> None:
        calls_read, self._calls = os.pipe()
        self._replies, replies_write = os.pipe()
        lifeline_read, self._lifeline = os.pipe()
        passed = (calls_read, replies_write, lifeline_read)
        self._output: deque[str] = deque(maxlen=KEPT_OUTPUT_LINES)
        try:
            self._process = subprocess.Popen(
                [*self.app.wrapper, self.app.python, str(BOOTSTRAP), *map(str, passed)],
                cwd=self.app.directory,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **self.app.env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=passed,
                start_new_session=True,
            )
        except OSError as error:
            self._close(self._calls, self._replies, self._lifeline)
            raise self._not_started(error) from error
        finally:
            self._close(*passed)
        self._drain = threading.Thread(target=self._keep_output, daemon=True)
        self._drain.start()

    def _not_started(self, error: OSError) -> DjtuneError:
        if self.app.wrapper:
            return DjtuneError(
                f"{self.app.wrapper[0]} could not be started: {error.strerror}",
                hint="it goes before the project's interpreter: is it installed?",
            )
        return DjtuneError(
            f"{self.app.python} could not be started: {error.strerror}",
            hint="name the project's interpreter with --python",
        )

    def _keep_output(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._output.append(line.decode(errors="replace").rstrip())

    def output(self) -> str:
        """The last lines that the app printed."""
        return "\n".join(self._output)

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Allow the calls made meanwhile ``seconds`` together; then they raise as late ones do."""
        self._until, self._allowed = time.monotonic() + seconds, seconds
        try:
            yield
        finally:
            self._until = math.inf

    def call(
        self, name: str, *, on_part: Part | None = None, timeout: float | None = None, **args: Any
    ) -> Any:
        """Make one call and return its result.

        ``on_part`` receives partial results as they come. Raises :class:`DjtuneError` when the
        call fails, and :class:`WorkerLostError` when the process dies or ``timeout`` seconds pass
        without an answer.
        """
        try:
            left = memoryview(msgspec.json.encode({"call": name, "args": args}) + b"\n")
            while left:
                left = left[os.write(self._calls, left) :]
        except BrokenPipeError:
            self._raise_dead(name)
        while True:
            frame = self._read_frame(name, timeout)
            if "part" in frame:
                if on_part is not None:
                    on_part(frame["part"])
            elif "error" in frame:
                error = frame["error"]
                detail = "\n".join(filter(None, [error["detail"], self.output()]))
                raise DjtuneError(error["message"], hint=error["hint"], detail=detail)
            else:
                return frame["result"]

    def _read_frame(self, name: str, timeout: float | None) -> dict[str, Any]:
        silent = math.inf if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = min(silent, self._until) - time.monotonic()
            ready, _, _ = select.select(
                [self._replies], [], [], None if left == math.inf else max(0.0, left)
            )
            if not ready or self._until < time.monotonic():
                self._raise_late(name, self._allowed if timeout is None else timeout)
            chunk = os.read(self._replies, 1 << 20)
            if not chunk:
                self._raise_dead(name)
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        frame: dict[str, Any] = msgspec.json.decode(line)
        return frame

    def _raise_late(self, name: str, seconds: float) -> NoReturn:
        raise WorkerLostError(
            f"the app did not answer within {seconds:.0f} s ({name})",
            hint="see what it prints with --debug",
            detail=self.output(),
            exit_code=ExitCode.USAGE if name == "load" else ExitCode.INCOMPLETE,
        )

    def _raise_dead(self, name: str) -> NoReturn:
        assert self._process is not None
        status = self._process.wait()
        self._drain.join(timeout=1)
        how = f"by signal {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        last = self._output[-1] if self._output else ""
        raise WorkerLostError(
            f"the app's process ended {how} during {name}",
            said=last,
            hint="see what it printed with --debug",
            detail=self.output(),
            exit_code=ExitCode.USAGE if name == "load" else ExitCode.INCOMPLETE,
        )

    def stop(self) -> None:
        """End the process and everything that it started."""
        if self._process is not None:
            with deferred_interrupts():
                self._end(self._process)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        self._close(self._calls, self._replies)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
        self._signal_group(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_TIMEOUT)
        self._signal_group(process, signal.SIGKILL)
        process.wait()
        self._close(self._lifeline)
        self._drain.join(timeout=1)

    @staticmethod
    def _close(*fds: int) -> None:
        for fd in fds:
            with contextlib.suppress(OSError):
                os.close(fd)

    @staticmethod
    def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
        # macOS answers EPERM for a group whose members have all ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


if sys.platform == "win32":  # pragma: no cover
    raise DjtuneError("djtune needs Linux or macOS; on Windows use WSL")
