"""Which requests of a block can be compared, and how many blocks the time allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.blocks import (
    BlockPlan,
    affordable_blocks,
    differently_asked,
    matched,
    seconds_left,
)
from djtune.model.samples import PHASES, Sample, Trial
from djtune.model.workload import Workload

NONE = [0] * len(PHASES)


def answer(step: int = 0, wall: int = 1, *, ok: bool = True, cold: bool = False) -> Sample:
    return Sample(
        step, cold, ok, 200, wall, wall, 0, NONE, {}, {}, 0, 0, 1, 1, -1, [0, 0, 0], 0, NONE
    )


def walls(samples: list[Sample]) -> list[tuple[int, int]]:
    return [(sample.step, sample.wall) for sample in samples]


def test_the_same_request_stands_at_the_same_place():
    before = Trial([answer(0, 1), answer(1, 2), answer(0, 3)])
    after = Trial([answer(0, 10), answer(1, 20), answer(0, 30)])
    pairs = matched({"before": before, "after": after})
    assert walls(pairs["before"]) == [(0, 1), (0, 3), (1, 2)]
    assert walls(pairs["after"]) == [(0, 10), (0, 30), (1, 20)]


def test_what_one_variant_did_not_answer_as_expected_is_left_out_of_both():
    before = Trial([answer(wall=1), answer(wall=2), answer(wall=3)])
    after = Trial([answer(wall=10), answer(wall=20, ok=False), answer(wall=30)])
    pairs = matched({"before": before, "after": after})
    assert walls(pairs["before"]) == [(0, 1), (0, 3)]
    assert walls(pairs["after"]) == [(0, 10), (0, 30)]


def test_cold_requests_and_those_that_one_variant_had_no_time_for_are_left_out():
    before = Trial([answer(wall=1, cold=True), answer(wall=2), answer(wall=3), answer(step=1)])
    after = Trial([answer(wall=10, cold=True), answer(wall=20)])
    pairs = matched({"before": before, "after": after})
    assert walls(pairs["before"]) == [(0, 2)]
    assert walls(pairs["after"]) == [(0, 20)]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=30))
def test_a_trial_matches_itself(rows):
    trial = Trial([answer(step, ok=ok, cold=cold) for step, ok, cold in rows])
    pairs = matched({"before": trial, "after": trial})
    assert pairs["before"] == pairs["after"]
    assert len(pairs["before"]) == sum(ok and not cold for _, ok, cold in rows)


def test_steps_whose_values_differ_are_told():
    before = Trial([], asked={0: 11, 1: 22, 2: 33})
    after = Trial([], asked={0: 11, 1: 99})
    assert differently_asked({"before": before, "after": after}) == {1}


@pytest.mark.parametrize(
    ("start_seconds", "blocks"), [(0.1, 8), (2.0, 6), (20.0, 4)], ids=["fast", "slow", "too slow"]
)
def test_starting_takes_three_quarters_of_the_time_at_most(start_seconds, blocks):
    assert affordable_blocks(8, 3, 48, start_seconds) == blocks


@pytest.mark.parametrize(("known", "seconds"), [(0, 60), (6, 15), (8, 0), (9, 0)])
def test_blocks_that_are_known_have_taken_their_part_of_the_time(known, seconds):
    plan = BlockPlan([], Workload([]), skip=[], blocks=8, seconds=60, start_seconds=1)
    assert seconds_left(plan, known) == seconds
