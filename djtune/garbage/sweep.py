"""From the recording to the settings worth trying: replay them all, and draw the front."""

import time
from collections.abc import Callable, Sequence
from statistics import fmean

import msgspec

from djtune.garbage.costs import Observed
from djtune.garbage.fitting import fitted
from djtune.garbage.front import front, grid
from djtune.garbage.gather import Gathered
from djtune.garbage.goals import MemoryLimit, score
from djtune.garbage.plan import GUIDE
from djtune.garbage.recording import Played, Recording, Simulated
from djtune.garbage.result import Goal, Setting, Simulation
from djtune.garbage.simulate import simulate
from djtune.garbage.verify import CURRENT
from djtune.model.policy import GcPolicy
from djtune.model.samples import Trial
from djtune.workloads.weights import journeys_of, step_weights

Tick = Callable[[float], None]


def recorded(gathered: Gathered) -> Recording:
    """The traced workload with the prices of collections, from the trials that were run."""
    journeys = [Played(weight, steps) for weight, steps in journeys_of(gathered)]
    recording = msgspec.convert(
        {**(gathered.traced or {}), "journeys": msgspec.to_builtins(journeys)}, Recording
    )
    return fitted(
        _as_audited(recording, gathered),
        [
            *(_observed(GcPolicy(), trial) for trial in gathered.current.trials),
            *(_observed(gathered.larger_policy, trial) for trial in gathered.larger.trials),
        ],
    )


def _as_audited(recording: Recording, gathered: Gathered) -> Recording:
    """The recording with what an object takes in the workload's own mix, where that was counted.

    The traced pass makes all journeys equally often: a rare one with large answers would count
    too much.
    """
    left: dict[int, list[int]] = {}
    for curve in recording.curves:
        left.setdefault(curve.step, []).append(max(0, curve.points[-1]))
    objects = size = 0.0
    by_step = step_weights(gathered)
    for row in gathered.audited:
        if row["rounds"] and row["step"] in left:
            weight = by_step.get(row["step"], 0.0)
            objects += weight * fmean(left[row["step"]])
            size += weight * row["kept"]
    if not objects or not size:
        return recording
    heap = msgspec.structs.replace(recording.heap, bytes_per_object=size / objects)
    return msgspec.structs.replace(recording, heap=heap)


def _observed(policy: GcPolicy, trial: Trial) -> Observed:
    pauses = [(pause.generation, pause.cpu, pause.collected) for pause in trial.pauses]
    return Observed(policy, trial.order, pauses)


def sweep(
    recording: Recording,
    limit: MemoryLimit,
    start: float,
    asked: Sequence[GcPolicy],
    tick: Tick,
) -> Simulation:
    """Replay every candidate past a whole cycle of full collections.

    ``start`` is what is resident before the first request, in bytes. ``tick`` is told the part of
    the settings that each has been.
    """
    begun = time.monotonic()
    policies = _distinct([GcPolicy(), GUIDE, *asked, *grid(recording)])
    settings = []
    for policy in policies:
        simulated = simulate(recording, policy)
        settings.append(Setting(policy, _name(policy), simulated))
        tick(1 / len(policies))
    allowed = limit.allowed(start + settings[0].simulated.peak_bytes)
    for setting in settings:
        setting.over_limit = start + setting.simulated.peak_bytes > allowed
    chosen = front([setting.simulated for setting in settings])
    for index in chosen:
        settings[index].on_front = True
    return Simulation(
        settings=settings,
        seconds=time.monotonic() - begun,
        requests=len(recording.curves),
        current=CURRENT,
        pauses=recording.costs.pauses,
    )


def _name(policy: GcPolicy) -> str:
    return CURRENT if policy == GcPolicy() else str(policy)


def _distinct(policies: Sequence[GcPolicy]) -> list[GcPolicy]:
    return list(dict.fromkeys(policies))


def closest(simulation: Simulation, goal: Goal) -> list[Setting]:
    """The settings of the front that keep the limit, by how close they come to the goal."""
    able = [
        setting
        for setting in simulation.settings
        if setting.on_front and setting.within_limit and setting.name != simulation.current
    ]
    return sorted(
        able,
        key=lambda setting: (
            score(goal, setting.simulated),
            setting.simulated.gc_ns_per_request,
        ),
    )


def predicted(recording: Recording, policy: GcPolicy, trials: Sequence[Trial]) -> Simulated | None:
    """What the simulator says of the very requests that trials have made, as one."""
    replays = [simulate(recording, policy, order=trial.order) for trial in trials if trial.order]
    if not replays:
        return None
    return _merged(replays)


def _merged(replays: Sequence[Simulated]) -> Simulated:
    requests = sum(replay.requests for replay in replays)
    gc_ns = sum(replay.gc_ns for replay in replays)
    first = replays[0]
    return msgspec.structs.replace(
        first,
        requests=requests,
        collections=_summed([replay.collections for replay in replays]),
        visited=_summed([replay.visited for replay in replays]),
        freed=_summed([replay.freed for replay in replays]),
        gc_ns=gc_ns,
        gc_ns_per_request=gc_ns / max(1, requests),
        worst_pause_ns=max(replay.worst_pause_ns for replay in replays),
        peak_bytes=round(sum(replay.peak_bytes for replay in replays) / len(replays)),
    )


def _summed(rows: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    first, second, third = (sum(column) for column in zip(*rows, strict=True))
    return first, second, third
