"""The browser's process as the rest of djtune sees it: plays of one journey, one at a time."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from djtune.errors import DjtuneError, ExitCode
from djtune.payloads.browser.jobs import Look, Outcome, Play, Setting
from djtune.payloads.clients import BrowserRun
from djtune.servers.tether import tethered

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLAY_TIMEOUT = 300.0
CLOSING_TIMEOUT = 5.0
SHORT = "/tmp"
"""Where the folder is: Chromium makes sockets in it, whose paths have a hundred bytes at most."""


def find_chromium() -> str:
    """Path of a Chromium on PATH, else ``""``: Playwright looks for its own."""
    return next(filter(None, map(shutil.which, NAMES)), "")


def why_no_browser() -> str:
    """Why no journey can be made here; ``""`` where one can."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    if find_chromium() or any(list(Path(folder).glob("chromium*")) for folder in _own_browsers()):
        return ""
    return "there is no Chromium"


def _own_browsers() -> list[str]:
    """Where Playwright puts the browsers that it downloads."""
    usual = [".cache/ms-playwright", "Library/Caches/ms-playwright"]
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    return [chosen] if chosen else [str(Path.home() / folder) for folder in usual]


class Player:
    """Asks the browser's process for plays."""

    def __init__(self, connection: socket.socket, output: IO[bytes]) -> None:
        connection.settimeout(PLAY_TIMEOUT)
        self._connection = connection
        self._lines = connection.makefile("rwb")
        self._output = output

    def record(self) -> BrowserRun:
        """Make the journey once with its reads recorded.

        Where the script fails on the way, what was read until then is kept, and ``errors`` says
        where it was. Raises :class:`DjtuneError` where no journey could be begun.
        """
        run = self.play(Play()).run
        assert run is not None
        return run

    def play(self, job: Play | Look) -> Outcome:
        """Make the journey once. Raises :class:`DjtuneError` where it could not be begun."""
        try:
            self.send(job)
            line = self._lines.readline()
        except TimeoutError:
            raise self._lost(f"the journey was not done within {PLAY_TIMEOUT:.0f} s") from None
        except OSError:
            line = b""
        if not line:
            raise self._lost("the process that drives the browser has ended")
        outcome = msgspec.json.decode(line, type=Outcome)
        if outcome.fatal:
            raise DjtuneError(outcome.fatal, hint=outcome.hint)
        return outcome

    def send(self, message: Any) -> None:
        """Send one document."""
        self._lines.write(msgspec.json.encode(message) + b"\n")
        self._lines.flush()

    def hang_up(self) -> None:
        """Say that there is nothing more to play."""
        self._lines.close()
        self._connection.close()

    def _lost(self, message: str) -> DjtuneError:
        self._output.seek(0)
        return DjtuneError(
            message,
            hint="see what it printed with --debug",
            detail=self._output.read().decode(errors="replace"),
            exit_code=ExitCode.INCOMPLETE,
        )


def run_journey(
    script: Path, url: str, *, cookie: tuple[str, str] | None = None, reading_only: bool = False
) -> BrowserRun:
    """Make the journey of ``script`` once against the server at ``url``; see :meth:`Player.record`.

    >>> with serve_on_loopback(app) as served:
    ...     run = run_journey(Path("journey.py"), served.url)
    """
    with player(setting_for(script, url, cookie=cookie, reading_only=reading_only)) as made:
        return made.record()


def setting_for(
    script: Path, url: str, *, cookie: tuple[str, str] | None = None, reading_only: bool = False
) -> Setting:
    """The setting of a journey in whichever Chromium is found here."""
    return Setting(
        script=str(script.absolute()),
        url=url.rstrip("/"),
        executable=find_chromium(),
        cookie=cookie,
        reading_only=reading_only,
    )


@contextmanager
def player(setting: Setting) -> Iterator[Player]:
    """Run the browser's process while the block lasts; no browser outlives it.

    Raises :class:`DjtuneError` where Playwright is not installed.
    """
    if importlib.util.find_spec("playwright") is None:
        raise DjtuneError(
            "a journey in a browser needs Playwright", hint="pip install 'djtune[browser]'"
        )
    folder = Path(tempfile.mkdtemp(prefix="djtune-browser-", dir=SHORT))
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "djtune.payloads.browser", str(theirs.fileno())]
    package = Path(__file__).parents[3]
    paths = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    # Browsers leave their profiles in the folder for temporary files, which goes with this one.
    env = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(folder)}
    with (
        ours,
        theirs,
        tempfile.TemporaryFile() as output,
        tethered(
            command,
            env=env,
            stdout=output,
            stderr=output,
            folder=folder,
            pass_fds=(theirs.fileno(),),
        ) as process,
    ):
        theirs.close()
        made = Player(ours, output)
        with suppress(OSError):  # the first play says why it has ended
            made.send(setting)
        yield made
        # Told that there is nothing more to play, it closes the browser by itself.
        made.hang_up()
        with suppress(subprocess.TimeoutExpired):
            process.wait(CLOSING_TIMEOUT)
