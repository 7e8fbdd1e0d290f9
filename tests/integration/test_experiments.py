"""Experiments of real workers: stopped in time, kept in a file, gone on with."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from mortal import COSTS, Mortal

from djtune.errors import DjtuneError
from djtune.experiments.blocks import Block, Blocks
from djtune.experiments.evidence import Comparison, Measured, compare, from_trials
from djtune.experiments.experiment import Experiment, run
from djtune.experiments.trials import Tick


@pytest.fixture
def mortal(tmp_path: Path) -> Mortal:
    return Mortal(tmp_path / "starts")


def comparisons(blocks: Sequence[Block]) -> list[Comparison]:
    """Exact ones, of how many bytes were answered, and so narrow that any width is reached."""
    rows = from_trials(blocks, lambda trial: trial.samples[0].raw_bytes)
    return compare([Measured("bytes", "counters", "B", rows)], ["larger"], "as it is", again)


again = "as it is again"


def experiment(mortal: Mortal, **options: Any) -> Experiment:
    plan = {key: options.pop(key) for key in ("blocks", "seconds", "seed") if key in options}
    larger = mortal.variant("larger", **{"FEATURES.page.size": 10_000})
    return Experiment(mortal.plan(larger, **plan), comparisons, **options)


def ran(experiment: Experiment, tick: Tick = lambda seconds: None) -> Blocks:
    found = Blocks()
    run(experiment, COSTS, found, tick)
    return found


def test_it_goes_on_where_it_was_interrupted_and_can_be_extended(
    mortal: Mortal, tmp_path: Path
) -> None:
    file = tmp_path / "experiment.json"
    looked: list[int] = []

    def interrupt_in_the_second_block(seconds: float) -> None:
        if looked:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(
            experiment(mortal, file=file),
            COSTS,
            Blocks(),
            interrupt_in_the_second_block,
            lambda shown: looked.append(shown[0].blocks),
        )
    assert looked == [1]
    first = ran(experiment(mortal, file=file, blocks=1)).complete
    both = ran(experiment(mortal, file=file, blocks=2)).complete
    assert len(first) == 1
    assert both[0] == first[0]
    assert [block.trials.keys() for block in both] == [{"as it is", again, "larger"}] * 2
    with pytest.raises(DjtuneError, match="seed 1, now 2"):
        ran(experiment(mortal, file=file, seed=2))


def test_it_ends_when_the_time_is_spent(mortal: Mortal) -> None:
    found = ran(experiment(mortal, blocks=50, seconds=0.1))
    assert (found.stopped, len(found.complete)) == ("time", 1)


@pytest.mark.slow
def test_it_ends_after_eight_blocks_when_it_is_precise_enough(mortal: Mortal) -> None:
    found = ran(experiment(mortal, blocks=50, half_width=0.5))
    assert (found.stopped, len(found.complete)) == ("precise enough", 8)
