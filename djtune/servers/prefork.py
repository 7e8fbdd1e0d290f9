"""A worker turned into gunicorn's preforking parent: drives its workers, reads their memory."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import psutil
from msgspec import Struct

from djtune.errors import DjtuneError, ExitCode
from djtune.servers.worker import Worker

FreezeIn = Literal["", "worker", "parent"]
"""Where a full collection and ``gc.freeze()`` happen before the first request; "" for nowhere."""


class Share(Struct, frozen=True):
    """What every gunicorn worker is to serve, and how the collector is set."""

    counts: list[int]
    """How often each journey is made in each worker."""
    skip: list[int]
    seed: int
    workers: int
    freeze_in: FreezeIn = ""
    thresholds: Sequence[int] | None = None


class ProcessMemory(Struct, frozen=True):
    """A process's memory in bytes, as the kernel counts it."""

    rss: int
    """Resident: pages shared with other processes are counted whole."""
    uss: int
    """Unique: what the process alone holds, and would give back by ending."""
    pss: int | None
    """Proportional: a page shared by n processes counts 1/n. ``None`` where unknown (macOS)."""


class Footprint(Struct, frozen=True):
    """The memory of the parent and its workers at one moment."""

    parent: ProcessMemory
    workers: list[ProcessMemory]

    @property
    def pss(self) -> int | None:
        """What all processes take together, shared pages counted once."""
        each = [process.pss for process in (self.parent, *self.workers)]
        known = [pss for pss in each if pss is not None]
        return sum(known) if len(known) == len(each) else None

    @property
    def uss(self) -> int:
        """What the processes hold each for itself; pages that they share are left out."""
        return sum(process.uss for process in (self.parent, *self.workers))


class Served(Struct, frozen=True):
    """What a parent and its workers hold after their shares."""

    served: Footprint
    """As the requests have left it."""
    collected: Footprint
    """After one full collection in each worker, which every long-lived worker meets: it writes to
    each object that it looks at, and so unshares the page."""
    requests: int
    ok: int
    """How many of the requests had the answer that was expected."""
    thresholds: list[int]
    """As they were in the workers at the end."""
    frozen: int
    """Objects frozen in a worker at the end."""


def serve_shares(worker: Worker, share: Share, seconds: float) -> Served:
    """Have gunicorn serve each worker's share, and read the memory of all.

    ``worker`` has a session open; it serves nothing else afterwards. Raises :class:`DjtuneError`
    where gunicorn is not installed or does not start, when a process ends on the way, or after
    ``seconds``.
    """
    found: list[Served] = []
    with tempfile.TemporaryDirectory(prefix="djtune-prefork-") as folder:
        path = str(Path(folder, "gunicorn.sock"))

        def drive(_: Any) -> None:
            try:
                found.append(asyncio.run(_drive(worker, path, share, seconds)))
            finally:
                os.kill(worker.pid, signal.SIGTERM)

        worker.call(
            "serve_preforked", on_part=drive, timeout=seconds, socket=path, **_arguments(share)
        )
    return found[0]


def _arguments(share: Share) -> dict[str, Any]:
    arguments: dict[str, Any] = msgspec.to_builtins(share)
    return arguments


async def _drive(worker: Worker, path: str, share: Share, seconds: float) -> Served:
    at_once = 1 if _has_sqlite(worker) else share.workers
    try:
        async with asyncio.timeout(seconds):
            answers = await _spread(path, "/journey", share.workers, left=1, at_once=at_once)
            served = _footprint(worker.pid, list(answers))
            answers = await _spread(path, "/collect", share.workers, left=0, at_once=at_once)
            collected = _footprint(worker.pid, list(answers))
    except TimeoutError:
        raise _incomplete(f"gunicorn's workers were not done within {seconds:.0f} s") from None
    except (OSError, EOFError, psutil.Error) as error:
        raise _incomplete("a process of gunicorn's ended before its share was done") from error
    each = list(answers.values())
    return Served(
        served,
        collected,
        requests=sum(answer["requests"] for answer in each),
        ok=sum(answer["ok"] for answer in each),
        thresholds=each[0]["thresholds"],
        frozen=min(answer["frozen"] for answer in each),
    )


def _incomplete(message: str) -> DjtuneError:
    return DjtuneError(message, hint="--debug shows more", exit_code=ExitCode.INCOMPLETE)


def _has_sqlite(worker: Worker) -> bool:
    """SQLite refuses to write for two requests at once, where each holds a transaction."""
    return any(each["vendor"] == "sqlite" for each in worker.facts["databases"].values())


async def _spread(
    path: str, act: str, workers: int, left: int, at_once: int
) -> dict[int, dict[str, Any]]:
    """Ask for ``act`` until each worker has only ``left`` to do; return their last answers."""
    answers: dict[int, dict[str, Any]] = {}

    def done() -> bool:
        return [a["left"] <= left for a in answers.values()].count(True) >= workers

    async def keep_asking() -> None:
        while not done():
            answer = await _ask(path, act)
            answers[answer["pid"]] = answer
            if len(answers) > workers:
                raise EOFError("a worker has been replaced")

    await asyncio.gather(*(keep_asking() for _ in range(at_once)))
    return answers


async def _ask(path: str, act: str) -> dict[str, Any]:
    """One request on a connection of its own, as a proxy makes them to sync workers."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(f"GET {act} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not head.startswith(b"HTTP/1.") or b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise EOFError("no answer")
    try:
        answer: dict[str, Any] = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise EOFError("an answer broke off") from None
    return answer


def _footprint(parent: int, workers: Sequence[int]) -> Footprint:
    return Footprint(_memory(parent), [_memory(pid) for pid in workers])


def _memory(pid: int) -> ProcessMemory:
    found = psutil.Process(pid).memory_full_info()
    return ProcessMemory(found.rss, found.uss, getattr(found, "pss", None))
