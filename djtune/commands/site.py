"""``djtune site``: the sample streaming service, to try djtune on."""

import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path

import click

from djtune.errors import DjtuneError, ExitCode
from djtune.servers import ports
from djtune.servers.redis import BINARIES, find_redis, redis_server
from djtune.servers.tether import tethered
from sample_site import ROOT
from sample_site.streaming import environment, switches

START_TIMEOUT = 60.0
NEEDED = ("rest_framework", "drf_orjson_renderer", "adrf", "redis", "gunicorn", "uvicorn")

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="SITE_DATA",
    show_envvar=True,
    metavar="DIR",
    help=f"Folder of the site's data.  [default: the nearest {environment.DATA_FOLDER}/]",
)


@click.group()
def site() -> None:
    """The sample site: a streaming service with known faults, to try djtune on.

    \b
    Examples:
      djtune site seed                    # made-up data, a few seconds
      djtune site run                     # serve it on http://127.0.0.1:8000/
      djtune site run --preset guide      # with every remedy on
      cd "$(djtune site path)" && djtune profile
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise DjtuneError(
            f"the sample site needs packages that are not installed: {', '.join(missing)}",
            hint="pip install 'djtune[site]'",
        )


@site.command()
def path() -> None:
    """Print the folder of the site's source, where its manage.py is.

    \b
    Examples:
      cd "$(djtune site path)"            # in it, djtune finds the site by itself
      djtune site path
    """
    click.echo(ROOT)


@site.command()
@click.option(
    "--size",
    type=click.Choice(["small", "medium", "large"]),
    default="small",
    show_default=True,
    help="small: 1,000 programmes and 200 users; medium: 19,000 and 5,000; "
    "large: 100,000 and 50,000.",
)
@click.option("--force", is_flag=True, help="Replace data of another size or day.")
@data_option
def seed(size: str, force: bool, data: Path | None) -> None:
    """Write made-up data, the same on every machine.

    The data goes to SQLite in the data folder, or to PostgreSQL where DATABASE_URL says so. Data
    that is there already is left alone.

    \b
    Examples:
      djtune site seed
      djtune site seed --size large --force
      DATABASE_URL=postgres://localhost/lumen djtune site seed --size medium
    """
    arguments = ["seed", "--size", size, *(["--force"] if force else [])]
    command = [sys.executable, "manage.py", *arguments, "--no-color"]
    # manage.py says on stderr what is wrong.
    env = site_environment(data)
    if status := subprocess.run(command, cwd=ROOT, env=env).returncode:
        raise click.exceptions.Exit(status)
    note(f"next: {profile_command(Path(env['SITE_DATA']))}")


@site.command()
@click.option(
    "--preset",
    type=click.Choice(list(switches.PRESETS)),
    envvar="SITE_PRESET",
    show_envvar=True,
    default="before",
    show_default=True,
    help="before: no remedy; guide: all of them; best: those that measuring keeps.",
)
@click.option("--async", "asynchronous", is_flag=True, help="Async views, served by uvicorn.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Server processes.",
)
@data_option
def run(preset: str, asynchronous: bool, port: int, workers: int, data: Path | None) -> None:
    """Serve the site with gunicorn, or with uvicorn where its views are async.

    Each remedy is also a switch of its own in the environment, stronger than the preset:
    SITE_PROFILE_CACHE, SITE_ORJSON, SITE_LEAN and SITE_ASYNC (1 or 0), SITE_GC (10000,100,100).
    Redis is the one in REDIS_URL, else a server on PATH that runs only as long as the site does.

    \b
    Examples:
      djtune site run
      djtune site run --preset guide --port 0
      SITE_ORJSON=1 djtune site run
    """
    env = site_environment(data) | {"SITE_PRESET": preset}
    if asynchronous:
        env["SITE_ASYNC"] = "1"
    chosen = read_switches(env)
    if port and not ports.is_free(port):
        raise DjtuneError(f"port {port} is in use", hint="choose another, or --port 0 for any")
    port = port or ports.free_port()
    check_seed(env)
    with redis_for_site(env) as redis_url:
        env["REDIS_URL"] = redis_url
        start = uvicorn_command if chosen.asynchronous else gunicorn_command
        serve(start(port, workers), env, port, f"{preset} (switches: {switches.describe(chosen)})")


def site_environment(data: Path | None) -> dict[str, str]:
    """The environment that the site runs in: its data folder does not hang on its directory."""
    folder = data.absolute() if data else environment.data_directory({}, Path.cwd())
    return {**os.environ, "SITE_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "streaming.settings"}


def profile_command(data: Path) -> str:
    """A shell's command line that profiles the site with the data in ``data``."""
    found_by_itself = environment.data_directory({}, ROOT) == data
    where = "" if found_by_itself else f"SITE_DATA={shlex.quote(str(data))} "
    return f"cd {shlex.quote(str(ROOT))} && {where}djtune profile --workload workload.yaml"


def read_switches(env: Mapping[str, str]) -> switches.Switches:
    """The switches that ``env`` asks for, or a clear error."""
    try:
        return switches.read(env)
    except ValueError as error:
        raise DjtuneError(str(error)) from None


def check_seed(env: Mapping[str, str]) -> None:
    """Raise :class:`DjtuneError` unless the database holds the site's data."""
    command = [sys.executable, "manage.py", "seed", "--check", "--no-color"]
    done = subprocess.run(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        *_, message = done.stderr.strip().splitlines() or ["manage.py failed"]
        raise DjtuneError(
            message.removeprefix("CommandError: "), hint="djtune site seed", detail=done.stderr
        )


@contextlib.contextmanager
def redis_for_site(env: Mapping[str, str]) -> Iterator[str]:
    """The URL of the Redis to use: the user's, one that is started here, or none ("")."""
    if env.get("REDIS_URL"):
        yield env["REDIS_URL"]
    elif find_redis():
        with redis_server() as url:
            yield url
    else:
        note(f"no {' or '.join(BINARIES)} on PATH and no REDIS_URL: caching in the process itself")
        yield ""


def gunicorn_command(port: int, workers: int) -> list[str]:
    """gunicorn with threads, as a service with slow neighbours would run it."""
    command = [sys.executable, "-m", "gunicorn", "streaming.wsgi:application", "--preload"]
    command += ["--bind", f"{ports.LOOPBACK}:{port}", "--workers", str(workers)]
    return [*command, "--worker-class", "gthread", "--threads", "4", "--log-level", "warning"]


def uvicorn_command(port: int, workers: int) -> list[str]:
    """uvicorn; the site has no lifespan events."""
    command = [sys.executable, "-m", "uvicorn", "streaming.asgi:application", "--lifespan", "off"]
    command += ["--host", ports.LOOPBACK, "--port", str(port), "--workers", str(workers)]
    return [*command, "--log-level", "warning", "--no-access-log"]


def serve(command: list[str], env: Mapping[str, str], port: int, what: str) -> None:
    """Run the server until Ctrl-C. Raises :class:`DjtuneError` if it ends by itself."""
    with tethered(command, cwd=ROOT, env=env) as server:
        deadline = time.monotonic() + START_TIMEOUT
        while not healthy(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise DjtuneError("the server did not start", hint="its own words are above")
            time.sleep(0.05)
        with contextlib.suppress(KeyboardInterrupt):
            note(f"{what} at http://{ports.LOOPBACK}:{port}/ (Ctrl-C stops it)")
            status = server.wait()
            raise DjtuneError(
                f"the server ended with status {status}", exit_code=ExitCode.INCOMPLETE
            )


def healthy(port: int) -> bool:
    """Whether the site answers on ``port``."""
    connection = HTTPConnection(ports.LOOPBACK, port, timeout=5)
    with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
        connection.request("GET", "/api/health/")
        return connection.getresponse().status == HTTPStatus.OK
    return False


def note(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(f"sample site: {text}", err=True)
