"""Finds the processes of a running server that answer its requests."""

import os
from collections.abc import Callable

import psutil
from msgspec import Struct, field

from djtune.errors import DjtuneError
from djtune.servers import pyspy

LOOPS = (
    "gunicorn/workers/",
    "uvicorn/server.py",
    "hypercorn/asyncio/run.py",
    "hypercorn/trio/run.py",
    "waitress/server.py",
    "cheroot/server.py",
    "daphne/server.py",
    "django/core/servers/basehttp.py",
    "socketserver.py",
)
"""Files of the functions in which a worker waits for requests."""
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
"""Processes that Python starts beside workers, by their command lines."""

Probe = Callable[[int], list[pyspy.Thread]]


class Member(Struct):
    """A process that could be read."""

    pid: int
    threads: list[pyspy.Thread] = field(default_factory=list)

    @property
    def serves(self) -> bool:
        """Whether one of its threads is in a worker's loop."""
        return any(
            loop in frame.file
            for thread in self.threads
            for frame in thread.frames
            for loop in LOOPS
        )


class Family(Struct):
    """The workers of a server, and why others of its processes could not be read."""

    workers: list[int]
    refused: dict[int, DjtuneError] = field(default_factory=dict)


def find_workers(pid: int, probe: Probe = pyspy.probe) -> Family:
    """Find the processes that serve, among ``pid`` and all that descend from it but djtune itself.

    They are those in whose stacks a server's worker loop is seen; where none is known, the
    processes without Python children of their own, which a parent process has. Raises
    :class:`DjtuneError` where none of them can be read.
    """
    members: list[Member] = []
    refused: dict[int, DjtuneError] = {}
    for process in _tree(pid):
        try:
            members.append(Member(process.pid, probe(process.pid)))
        except DjtuneError as error:
            refused[process.pid] = error
    # A shell that started the server, or a cache beside it, is nothing to be told of.
    told = {pid: why for pid, why in refused.items() if not isinstance(why, pyspy.NotPython)}
    if not members:
        raise next(iter((told or refused).values()))
    workers = [member.pid for member in members if member.serves]
    return Family(workers or _leaves([member.pid for member in members]), told)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *(child for child in root.children(recursive=True) if not _helper(child))]
    except psutil.Error:
        raise DjtuneError(f"there is no process {pid}, or it has ended") from None


def _helper(process: psutil.Process) -> bool:
    """Whether it only stands beside the server; djtune does where the shell of both is named."""
    if process.pid == os.getpid():
        return True
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return True
    return any(helper in line for helper in HELPERS)


def _leaves(pids: list[int]) -> list[int]:
    """Return those that are no parent of another."""
    parents: set[int] = set()
    for pid in pids:
        try:
            parents.update(parent.pid for parent in psutil.Process(pid).parents())
        except psutil.Error:
            continue
    return [pid for pid in pids if pid not in parents]
