"""Replays requests in a real worker, as the profiler does, and hands the samples over."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec
from helpers import PROJECTS

from djtune.model.app import App
from djtune.model.samples import PHASES, Sample
from djtune.servers.worker import Worker


def project(name: str, *, python: str = sys.executable, **options: Any) -> App:
    """The project of the tests' own under that name."""
    options.setdefault("settings", "conf.settings")
    return App(directory=str(PROJECTS / name), python=python, **options)


def manage(name: str, *arguments: str, env: Mapping[str, str]) -> None:
    """``python manage.py …`` in the project of the tests' own under that name."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECTS / name,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def step(route: str, method: str = "GET", **options: Any) -> dict[str, Any]:
    return {"route": route, "method": method, "unsafe": method != "GET", **options}


def workload(steps: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Each step in a journey of its own."""
    return {"journeys": [{"name": f"{n}", "steps": [each]} for n, each in enumerate(steps)]}


@dataclass
class Replayed:
    """What was measured, route by route."""

    classes: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def share(self, route: str, *phases: str) -> float:
        """The phases' share of the time that the machine left, in the median request."""
        return median(
            sum(sample.phases[PHASES.index(phase)] for phase in phases)
            / (sample.wall - sample.machine)
            for sample in self.of(route)
        )

    def least(self, route: str, phase: str) -> int:
        """Nanoseconds in the phase, in the request that the machine disturbed least there."""
        return min(sample.phases[PHASES.index(phase)] for sample in self.of(route))

    def parallel(self, route: str, phase: str) -> float:
        """Time that children spent in the phase, as a multiple of the median request's."""
        return median(
            sample.parallel[PHASES.index(phase)] / (sample.wall - sample.machine)
            for sample in self.of(route)
        )

    def of(self, route: str) -> list[Sample]:
        assert self.classes[route]["class"] == "ok", self.classes[route]
        return self.samples[route]


def replay(app: App, routes: list[str], times: int = 3) -> Replayed:
    """Class each route, then time it ``times`` times."""
    replayed = Replayed()
    rows: list[list[Any]] = []
    with Worker(app) as worker:
        worker.call(
            "open_session",
            workload=workload(step(route) for route in routes),
            seed=1,
            interface=app.interface,
        )
        for entry in worker.call("class_steps", skip=[]):
            replayed.classes[routes[entry["step"]]] = entry
        bad = [each["step"] for each in replayed.classes.values() if each["class"] != "ok"]
        counts = [times] * len(routes)
        worker.call("run_trial", counts=counts, skip=bad, seed=1, seconds=90, on_part=rows.extend)
    for sample in msgspec.convert(rows, list[Sample]):
        replayed.samples[routes[sample.step]].append(sample)
    return replayed
