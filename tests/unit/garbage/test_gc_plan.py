"""How a sweep spends its time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.garbage import plan
from djtune.model.policy import GcPolicy, parse

seconds = st.floats(0, 1e4)
threshold = st.integers(0, 2**31 - 1)


@given(st.floats(20, 1e5), st.booleans())
def test_the_stages_together_never_take_more_than_the_whole(whole, quick):
    times = plan.times(whole, quick=quick)
    stages = [times.audit, times.trace, times.current, times.larger, times.verify]
    assert min(stages) >= 0
    assert sum(stages) <= whole * (1 + 1e-9)


def test_most_of_the_time_verifies_and_quick_leaves_that_out():
    slow, quick = plan.times(300, quick=False), plan.times(300, quick=True)
    assert slow.verify == 180
    assert quick.verify == 0
    assert (quick.audit, quick.current) == (slow.audit, slow.current)


@given(seconds, st.integers(2, 10), seconds, seconds)
def test_there_are_as_many_blocks_as_an_interval_needs_and_no_more_than_help(
    whole, variants, start, wanted
):
    found = plan.blocks(whole, variants, start, wanted)
    assert plan.FEWEST_BLOCKS <= found <= plan.MOST_BLOCKS


@given(seconds, st.integers(2, 10), seconds, seconds, st.floats(0, 100))
def test_longer_trials_never_make_more_blocks(whole, variants, start, wanted, more):
    longer = plan.blocks(whole, variants, start, wanted + more)
    assert longer <= plan.blocks(whole, variants, start, wanted)


@given(seconds, st.integers(0, 10), seconds)
def test_more_time_never_verifies_fewer_settings(whole, others, start):
    found = plan.verified(whole, others, start)
    assert 1 <= found <= plan.verified(whole + 100, others, start) <= plan.MOST_VERIFIED


@given(seconds, st.floats(0, 100), st.floats(0, 100))
def test_a_few_trials_at_the_current_setting_suffice(whole, start, a_round):
    assert plan.FEWEST_TRIALS <= plan.trials(whole, start, a_round) <= plan.CURRENT_TRIALS


@given(seconds, st.integers(2, 10), st.floats(0.1, 10), seconds)
def test_more_blocks_than_the_fewest_are_paid_for(whole, variants, start, wanted):
    found = plan.blocks(whole, variants, start, wanted)
    one = variants * (start + wanted)
    assert found == plan.FEWEST_BLOCKS or found * one <= whole * (1 + 1e-9)


@given(st.tuples(threshold, threshold, threshold))
def test_the_larger_setting_is_one_that_can_be_set_and_collects_no_sooner(current):
    found = plan.larger(current)
    assert parse(str(found)) == found
    assert found.thresholds[0] >= max(plan.LARGER, min(5 * current[0], 2**31 - 1))
    assert min(found.thresholds) > 0


@pytest.mark.parametrize(
    ("current", "larger"),
    [((700, 10, 10), "50000,10,10"), ((20_000, 50, 0), "100000,50,10"), ((0, 0, 0), "50000,10,10")],
)
def test_the_larger_setting_leaves_the_older_generations_as_they_are(current, larger):
    assert str(plan.larger(current)) == larger


def test_the_guides_setting_is_the_one_that_is_advised():
    assert GcPolicy((10_000, 100, 100)) == plan.GUIDE
