"""Fits a recording to real runs: how much is allocated, and what collections cost."""

from collections.abc import Sequence

from msgspec.structs import replace

from djtune.garbage import costs
from djtune.garbage.costs import Observed
from djtune.garbage.recording import Recording
from djtune.garbage.simulate import replayed

FEWEST_COLLECTIONS = 20
ROUNDS = 4
MOST_GROWTH = 2.0


def fitted(recording: Recording, runs: Sequence[Observed]) -> Recording:
    """The recording with growth and costs as ``runs`` show them; the first is the baseline."""
    recording = calibrated(recording, runs[0])
    found = [
        timed
        for run in runs
        for timed in costs.paired(replayed(recording, run.policy, order=run.order).log, run)
    ]
    return replace(recording, costs=costs.fit([*found, *recording.timed]))


def calibrated(recording: Recording, baseline: Observed) -> Recording:
    """The recording with growth such that the baseline's collections are as observed.

    What the hook cannot see, such as objects that the freelists lend, is made up for by this. Too
    few collections say nothing.
    """
    if len(baseline.pauses) < FEWEST_COLLECTIONS:
        return recording
    for _ in range(ROUNDS):
        simulated = len(replayed(recording, baseline.policy, order=baseline.order).log)
        growth = recording.growth * len(baseline.pauses) / max(1, simulated)
        recording = replace(recording, growth=min(MOST_GROWTH, max(1 / MOST_GROWTH, growth)))
    return recording
