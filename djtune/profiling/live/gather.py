"""Records a running server: its workers one at a time, in turn, so that each is seen throughout."""

import contextlib
import time
from collections.abc import Callable, Iterable

import msgspec
import psutil
from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.model.app import App
from djtune.model.entries import Entry
from djtune.profiling.live.assemble import Recorded, Window
from djtune.profiling.live.result import Counted
from djtune.servers import pyspy
from djtune.servers.sampler import NoSamples, Recording, Sampler
from djtune.servers.serving import Family, find_workers
from djtune.servers.worker import Worker

WINDOW_SECONDS = 1.5
"""Of one worker at a time: short, so that every worker is seen early and late, and so that the
spread between windows shows how far the shares can be trusted."""
POLL = 0.05

Tick = Callable[[float], None]


class Request(Struct, frozen=True):
    """What the user asked ``djtune profile --pid`` for."""

    pid: int
    seconds: float
    options: pyspy.Options

    @property
    def pauses(self) -> bool:
        """Whether the server is paused for each sample."""
        return not self.options.nonblocking


def begin(request: Request) -> Recorded:
    """Return what the recording is to be put into."""
    options = request.options
    counted: Counted = "gil" if options.gil else "wall" if options.idle else "active"
    recorded = Recorded(request.pid, options.rate, counted, paused=request.pauses)
    recorded.roots = _folders(request.pid)
    return recorded


def find(request: Request) -> Family:
    """Find the workers, and make sure that they can be read.

    Raises :class:`DjtuneError` where the process is not there, is no Python, or may not be read.
    """
    return find_workers(request.pid, probe=lambda pid: pyspy.probe(pid, pause=request.pauses))


def describe(app: App, into: Recorded) -> None:
    """Load the project once, to know which code belongs to which route."""
    with Worker(app) as worker:
        into.entries = msgspec.convert(worker.call("describe_entries"), list[Entry])
        into.roots.insert(0, app.directory)
        into.routes_known = True


def record(request: Request, family: Family, sampler: Sampler, into: Recorded, tick: Tick) -> None:
    """Record every worker in turn, for ``request.seconds`` in all.

    Workers that end are replaced by those that the server has then; when none is left, what was
    recorded is kept.
    """
    workers = _processes(family.workers)
    rounds, seconds = turns(request.seconds, len(workers))
    for _ in range(rounds):
        workers = _still_serving(request, workers)
        for worker in workers:
            _record_window(sampler, worker, seconds, into, tick)
    recorded = sum(window.recording.seconds for window in into.windows)
    into.complete = recorded > 0.9 * request.seconds
    if not into.complete:
        into.warnings.append(
            f"the server ended early: {recorded:.1f} s of {request.seconds:.0f} s were recorded"
        )


def turns(seconds: float, workers: int) -> tuple[int, float]:
    """Return how often each worker has its turn, and how many seconds each turn takes."""
    rounds = max(1, round(seconds / workers / WINDOW_SECONDS))
    return rounds, seconds / workers / rounds


def _record_window(
    sampler: Sampler, worker: psutil.Process, seconds: float, into: Recorded, tick: Tick
) -> None:
    before = _cpu_seconds(worker)
    try:
        sampler.start(worker.pid, seconds)
    except DjtuneError as error:
        if not _is_there(worker):
            return
        if not into.windows:
            raise
        if error.message not in into.warnings:
            into.warnings.append(error.message)
        return
    try:
        _wait(worker, seconds, tick)
    finally:
        recording = _collect(sampler)
        after = _cpu_seconds(worker)
        cpu = None if before is None or after is None else after - before
        into.windows.append(Window(worker.pid, recording, cpu))


def _wait(worker: psutil.Process, seconds: float, tick: Tick) -> None:
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and _is_there(worker):
        time.sleep(min(POLL, left))
        tick(min(POLL, left))


def _collect(sampler: Sampler) -> Recording:
    """A window without a sample is one of several; that all are empty is seen at the end."""
    try:
        return sampler.collect()
    except NoSamples as nothing:
        return nothing.recording


def _still_serving(request: Request, workers: list[psutil.Process]) -> list[psutil.Process]:
    """Return the workers, or those that the server has by now if one has ended."""
    if all(map(_is_there, workers)):
        return workers
    try:
        return _processes(find(request).workers)
    except DjtuneError:
        return []


def _processes(pids: Iterable[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            found.append(psutil.Process(pid))
    return found


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _cpu_seconds(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def _folders(pid: int) -> list[str]:
    """Return the folder that the server runs in, where it may be known."""
    try:
        folder = psutil.Process(pid).cwd()
    except psutil.Error:
        return []
    return [folder] if len(folder) > 1 else []
