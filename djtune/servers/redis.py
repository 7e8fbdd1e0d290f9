"""A Redis (or Valkey) server of djtune's own: on a unix socket, keeping nothing, soon gone."""

import contextlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from djtune.errors import DjtuneError
from djtune.servers.tether import tethered

BINARIES = ("redis-server", "valkey-server")
START_TIMEOUT = 10.0


def find_redis() -> str | None:
    """Path of the first Redis-compatible server on PATH."""
    return next(filter(None, map(shutil.which, BINARIES)), None)


@contextlib.contextmanager
def redis_server(*options: str, binary: str | None = None) -> Iterator[str]:
    """Run a throw-away server while the block lasts, and yield its URL.

    It listens on a unix socket in a folder that only this user may open, and writes nothing to
    disk. ``options`` are added to the server's command line (``"--maxmemory", "100mb"``);
    ``binary`` is the server to run, else the first on PATH.
    Raises :class:`DjtuneError` where there is no server or it does not start.
    """
    binary = binary or find_redis()
    if binary is None:
        raise DjtuneError(
            f"neither {' nor '.join(BINARIES)} is on PATH",
            hint="install Redis or Valkey, or set REDIS_URL to a running server",
        )
    folder = Path(tempfile.mkdtemp(prefix="djtune-redis-"))
    path = folder / "redis.sock"
    command = [binary, "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    with (
        tempfile.TemporaryFile() as log,
        tethered([*command, *options], folder=folder, stdout=log, stderr=log) as process,
    ):
        deadline = time.monotonic() + START_TIMEOUT
        while not answers(path):
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                said = log.read().decode(errors="replace").strip()
                raise DjtuneError(f"{binary} did not start: {said or 'it said nothing'}")
            time.sleep(0.01)
        yield f"unix://{path}"


def answers(path: Path) -> bool:
    """Whether a server on the unix socket ``path`` answers PING."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(str(path))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False
