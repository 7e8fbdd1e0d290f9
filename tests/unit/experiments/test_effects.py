"""What a comparison of a variant with a baseline may say, and how often it errs."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.effects import adjusted, difference, ratio

BLOCKS = 8
times = st.floats(1e-6, 1e3)
blocks = st.lists(st.tuples(times, times, times), min_size=2, max_size=20)


@given(st.lists(times, min_size=2, max_size=20))
def test_arms_that_agree_never_differ(arm):
    effect = ratio(arm, arm, arm)
    assert effect.outcome == "no difference shown"
    assert (effect.value.low, effect.value.value, effect.value.high) == (1, 1, 1)
    assert effect.smallest == 0


@given(st.lists(times, min_size=2, max_size=20), st.floats(1.001, 10))
def test_the_same_change_in_every_block_is_shown_with_its_size(arm, factor):
    changed = [factor * value for value in arm]
    assert ratio(changed, arm, arm).outcome == "higher"
    assert ratio(arm, changed, changed).outcome == "lower"
    assert ratio(changed, arm, arm).value.value == pytest.approx(factor)


@given(blocks)
def test_the_inverse_comparison_says_the_inverse(rows):
    variant, baseline, again = zip(*rows, strict=True)
    effect = difference(variant, baseline, again)
    mirrored = difference(*([-x for x in arm] for arm in (variant, baseline, again)))
    opposite = {"higher": "lower", "lower": "higher"}
    assert mirrored.outcome == opposite.get(effect.outcome, effect.outcome)
    assert mirrored.value.low == -effect.value.high


@given(blocks, st.integers(2, 100))
def test_more_comparisons_never_make_a_verdict_bolder(rows, comparisons):
    arms = list(zip(*rows, strict=True))
    alone, among_many = ratio(*arms), ratio(*arms, adjusted(comparisons))
    assert among_many.value.low <= alone.value.low * (1 + 1e-9)
    assert among_many.smallest >= alone.smallest * (1 - 1e-9)
    if alone.outcome == "no difference shown":
        assert among_many.outcome in ("no difference shown", "can't tell")


@given(blocks)
def test_what_is_shown_is_at_least_what_the_aa_comparison_can_resolve(rows):
    effect = difference(*zip(*rows, strict=True))
    if effect.outcome in ("higher", "lower"):
        assert abs(effect.value.value) >= effect.smallest
        assert effect.value.low > 0 or effect.value.high < 0


def test_an_effect_within_the_noise_of_the_baseline_is_not_shown():
    # The variant is steady at +4 %, but the baseline differs from itself by more.
    again = [1.10, 0.93, 1.08, 0.95, 1.07, 0.92, 1.09, 0.94]
    variant = [1.04 * math.sqrt(value) for value in again]
    assert ratio(variant, [1.0] * BLOCKS, again).outcome == "no difference shown"


def test_one_block_tells_nothing():
    assert ratio([2], [1], [1]).outcome == "can't tell"


def test_no_blocks_are_an_error():
    with pytest.raises(ValueError, match="at least one block"):
        ratio([], [], [])


def test_the_confidence_is_shared_by_the_comparisons():
    assert adjusted(1) == pytest.approx(0.95)
    assert adjusted(20) == pytest.approx(0.9975)
    assert adjusted(0) == adjusted(1)


def a_mean(dice: random.Random, requests: int = 20) -> float:
    """The mean of requests with a heavy tail, in a process that is faster or slower by luck."""
    luck = math.exp(dice.gauss(0, 0.03))
    stalls = 4.0 if dice.random() < 0.1 else 1.0
    return luck * (sum(dice.lognormvariate(0, 0.4) for _ in range(requests)) + stalls) / requests


def shown(dice: random.Random, comparisons: int, factor: float) -> list[bool]:
    """Run one experiment of several comparisons; tell which of them show a difference.

    The machine's drift multiplies whole blocks, by up to a half.
    """
    drifts = [math.exp(dice.gauss(0, 0.2)) for _ in range(BLOCKS)]
    found = []
    for _ in range(comparisons):
        arms = [[drift * a_mean(dice) for drift in drifts] for _ in range(3)]
        arms[0] = [factor * value for value in arms[0]]
        effect = ratio(*arms, adjusted(comparisons))
        found.append(effect.outcome in ("higher", "lower"))
    return found


def test_false_differences_are_rare_over_the_whole_family():
    dice = random.Random(7)
    experiments = 1000
    false = sum(any(shown(dice, comparisons=6, factor=1.0)) for _ in range(experiments))
    assert false / experiments <= 0.07


def test_what_is_twice_as_slow_is_found():
    dice = random.Random(7)
    experiments = 100
    found = sum(all(shown(dice, comparisons=3, factor=2.0)) for _ in range(experiments))
    assert found / experiments >= 0.9
