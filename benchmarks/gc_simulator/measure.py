"""Real runs, each kept in a file of its own, so that a run that was cut short can go on."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from djtune.experiments.trials import opened, serve
from djtune.garbage.recording import Played, Recording
from djtune.model.app import App
from djtune.model.policy import parse
from djtune.model.samples import Trial
from sample_site import ROOT

from .cases import Case

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PACKAGES = ("django==5.2.*", "djangorestframework>=3.16", "orjson>=3.10", "redis>=5.2")
ROUNDS = 5
LONGEST = 600.0


def interpreters(wanted: list[str]) -> Iterator[tuple[str, str]]:
    """Version and path of each Python found."""
    for version in wanted:
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        named = shutil.which(f"python{version}")
        for candidate in [*map(str, pyenv), *([named] if named else [])]:
            code = "import sys; print('%d.%d' % sys.version_info[:2])"
            done = subprocess.run([candidate, "-c", code], capture_output=True, text=True)
            if done.stdout.strip() == version:
                yield version, candidate
                break
        else:
            _say(f"no Python {version} found")


def environment(python: str, folder: Path) -> str:
    """An interpreter with the site's requirements, made where it is not there yet."""
    own = folder / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
        pip = [str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
    return str(own)


class Lab:
    """One Python with the sample site, and the folder that its runs are kept in."""

    def __init__(self, python: str, data: Path, site: Path, version: str) -> None:
        self._data = data
        self._version = version
        self._app = App(
            directory=str(ROOT),
            settings="streaming.settings",
            python=environment(python, data / f"python{version}"),
            env={"SITE_DATA": str(site), "SITE_PRESET": "before", "PYTHONHASHSEED": "0"},
        )

    def trace(self, name: str, case: Case) -> Recording:
        """The traced pass."""
        file = self._data / f"{self._version}-{name}-trace.json"
        if not file.exists():
            _say(f"{self._version} {name}: tracing")
            with opened(self._app, case.workload, "wsgi", 1, None) as worker:
                traced = worker.call("trace_allocations", skip=[], rounds=ROUNDS, seconds=60)
            file.write_bytes(msgspec.json.encode(traced))
        return recording(msgspec.json.decode(file.read_bytes()), case)

    def trial(self, name: str, case: Case, setting: str, seed: int) -> Trial:
        """A run under a setting, after a round of every journey and a full collection."""
        file = self._data / f"{self._version}-{name}-{setting}-{seed}.json"
        if not file.exists():
            _say(f"{self._version} {name}: {setting}, seed {seed}")
            trial = Trial([])
            with opened(self._app, case.workload, "wsgi", seed, None, parse(setting)) as worker:
                serve(
                    worker, trial, case.counts, [], seed, LONGEST, 0.0, lambda _: None, settle=True
                )
            file.write_bytes(msgspec.json.encode(trial))
        return msgspec.json.decode(file.read_bytes(), type=Trial)


def recording(traced: dict[str, Any], case: Case) -> Recording:
    """What was traced, with the workload's journeys."""
    journeys, first = [], 0
    for journey in case.workload.journeys:
        steps = list(range(first, first + len(journey.steps)))
        journeys.append(msgspec.to_builtins(Played(journey.weight, steps)))
        first += len(steps)
    return msgspec.convert({**traced, "journeys": journeys}, Recording)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
