"""A PostgreSQL server of djtune's own: on a unix socket, in a folder that is removed after it."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from djtune.errors import DjtuneError
from djtune.servers.tether import tethered

START_TIMEOUT = 30.0
STOP_TIMEOUT = 5.0
SUPERUSER = "postgres"
"""The database role that may do everything; connecting takes no password."""
_NEEDED = ("initdb", "postgres", "pg_isready")
_WHERE_PACKAGES_PUT_IT = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
_AS_USER = (
    "import os, sys; user, group = map(int, sys.argv[1:3]); os.setgroups([]); os.setgid(group); "
    "os.setuid(user); os.execv(sys.argv[3], sys.argv[3:])"
)
# Nothing here needs to outlive a crash.
_THROW_AWAY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


def find_postgres() -> Path | None:
    """The folder of the server's programs: on PATH, else the newest that a package put down."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in _WHERE_PACKAGES_PUT_IT:
        found = Path("/").glob(pattern.removeprefix("/"))
        folders += sorted(found, key=_version, reverse=True)
    return next((each for each in folders if all((each / name).exists() for name in _NEEDED)), None)


def _version(folder: Path) -> int:
    return int(next(iter(re.findall(r"\d+", folder.parent.name)), 0))


@contextlib.contextmanager
def postgres_server(*options: str) -> Iterator[Path]:
    """Run a throw-away server while the block lasts, and yield its ``HOST``.

    It listens on a unix socket in a folder that only one user may open. ``options`` are settings
    of the server (``"work_mem=64MB"``). Started by root, it runs as another user, for the server
    refuses to be root. Raises :class:`DjtuneError` where there is no server or it does not start.
    """
    programs = find_postgres()
    if programs is None:
        raise DjtuneError(
            "there is no PostgreSQL server on this machine",
            hint="install PostgreSQL, or set DATABASE_URL to a running server",
        )
    folder = Path(tempfile.mkdtemp(prefix="djtune-pg-"))
    as_user = _as_user(folder)
    data = folder / "data"
    settings = [*_THROW_AWAY, "listen_addresses=", f"unix_socket_directories={folder}", *options]
    command = [*as_user, str(programs / "postgres"), "-D", str(data)]
    for setting in settings:
        command += ["-c", setting]
    try:
        _make_cluster([*as_user, str(programs / "initdb")], data)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    with (
        tempfile.TemporaryFile() as log,
        tethered(command, cwd=folder, folder=folder, stdout=log, stderr=log) as process,
    ):
        deadline = time.monotonic() + START_TIMEOUT
        while not _is_ready(programs, folder):
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                said = log.read().decode(errors="replace").strip()
                raise DjtuneError(f"PostgreSQL did not start: {said or 'it said nothing'}")
            time.sleep(0.05)
        try:
            yield folder
        finally:
            _end_sessions(data)


def _as_user(folder: Path) -> list[str]:
    """What to put before a command so that it does not run as root; give the folder to its user."""
    if os.geteuid() != 0:
        return []
    for name in (SUPERUSER, "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(folder, user.pw_uid, user.pw_gid)
            return [sys.executable, "-I", "-c", _AS_USER, str(user.pw_uid), str(user.pw_gid)]
    raise DjtuneError("PostgreSQL refuses to run as root", hint="run djtune as another user")


def _make_cluster(initdb: list[str], data: Path) -> None:
    options = ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-sync"]
    done = subprocess.run(
        [*initdb, *options, "--locale", "C", "--pgdata", str(data)],
        cwd=data.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DjtuneError(f"PostgreSQL could not make a database: {done.stderr.strip()}")


def _is_ready(programs: Path, folder: Path) -> bool:
    command = [str(programs / "pg_isready"), "--quiet", "--host", str(folder)]
    return subprocess.run(command, check=False).returncode == 0


def _end_sessions(data: Path) -> None:
    """Shut the server down although clients are connected, which SIGTERM would wait for."""
    pid_file = data / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGINT)
        deadline = time.monotonic() + STOP_TIMEOUT
        while pid_file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
