"""Samples, trials and gathered runs made up, with what a test does not care about filled in."""

from typing import Any

from djtune.experiments.trials import Trials
from djtune.model.machine import Machine
from djtune.model.noise import Noise
from djtune.model.samples import PHASES, Sample, Trial
from djtune.model.workload import Workload
from djtune.profiling.gather import Gathered

MS = 1_000_000
MACHINE = Machine(
    cpu="a processor",
    cpus=4,
    usable_cpus=4,
    cpu_quota=None,
    governor="",
    virtual=None,
    memory_bytes=1 << 30,
    load=(0.0, 0.0, 0.0),
    system="Linux",
    python="3.11",
)


def sample(step: int = 0, wall_ms: float = 10, **given: Any) -> Sample:
    """A warm request that answered as expected, all of its time in the view."""
    wall = round(wall_ms * MS)
    fields: dict[str, Any] = {
        "step": step,
        "cold": False,
        "ok": True,
        "status": 200,
        "wall": wall,
        "cpu": wall,
        "machine": 0,
        "phases": phases(view=wall_ms),
        "queries": {},
        "sql": {},
        "cache_hits": 0,
        "cache_misses": 0,
        "raw_bytes": 100,
        "wire_bytes": 100,
        "gzip_bytes": -1,
        "collections": [0, 0, 0],
        "hops": 0,
        "parallel": phases(),
    }
    return Sample(**fields | given)


def phases(**ms: float) -> list[int]:
    """A row of phases, in ns, from ms by name."""
    return [round(ms.get(phase, 0) * MS) for phase in PHASES]


def trial(*samples: Sample) -> Trial:
    return Trial(list(samples), distinct_users=1)


def gathered(asked: Workload, *trials: Trial, **given: Any) -> Gathered:
    """A complete run."""
    fields: dict[str, Any] = {
        "workload": asked,
        "facts": {
            "python": "3.11.7",
            "django": "5.2",
            "debug": False,
            "distorting": [],
            "databases": {"default": {"vendor": "sqlite", "conn_max_age": 0}},
            "caches": {},
        },
        "trials": Trials(list(trials), [Noise(0.2, 0, 0.0, 0.0, 0.0)]),
        "interface": "wsgi",
        "seconds": 10.0,
        "complete": True,
    }
    return Gathered(**fields | given)
