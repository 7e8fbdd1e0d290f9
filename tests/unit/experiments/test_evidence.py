"""What blocks show of each metric: exact where it can be, else by an interval; tiers in order."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.blocks import Block
from djtune.experiments.effects import adjusted, ratio
from djtune.experiments.evidence import (
    TIERS,
    Comparison,
    Measured,
    compare,
    from_matched,
    from_trials,
)
from djtune.experiments.verdicts import told_of, verdict
from djtune.model.samples import PHASES, Sample, Trial

ARMS = ("variant", "baseline", "baseline again")
NONE = [0] * len(PHASES)


def measured(tier: str, *blocks: Sequence[float], **options: Any) -> Measured:
    """One metric's figures: (variant, baseline, baseline again) for each block."""
    rows = [dict(zip(ARMS, block, strict=False)) for block in blocks]
    options = {"name": tier, "unit": "s" if "time" in tier else "", **options}
    return Measured(tier=tier, rows=rows, **options)


def compared(*metrics: Measured) -> list[Comparison]:
    return compare(metrics, ["variant"], "baseline", "baseline again")


def only(metric: Measured) -> Comparison:
    (comparison,) = compared(metric)
    return comparison


def noisy(tier: str, factor: float, seed: int = 1, **options: Any) -> Measured:
    dice = random.Random(seed)
    rows = [[dice.uniform(0.99, 1.01) for _ in range(3)] for _ in range(8)]
    return measured(tier, *([factor * a, b, c] for a, b, c in rows), **options)


@pytest.mark.parametrize(
    ("blocks", "outcome"),
    [
        ([(3, 9, 9)] * 3, "lower"),
        ([(12, 9, 9), (31, 30, 30), (9, 8, 8)], "higher"),
        ([(9, 9, 9), (30, 30, 30)], "same"),
        ([(9, 9, 9)], "same"),
    ],
)
def test_a_counter_that_the_baseline_repeats_is_exact(
    blocks: list[tuple[int, int, int]], outcome: str
) -> None:
    comparison = only(measured("counters", *blocks))
    assert (comparison.how, comparison.outcome) == ("exact", outcome)
    assert comparison.size is comparison.smallest is None
    assert comparison.half_width == 0


@pytest.mark.parametrize(
    "blocks",
    [
        [(3, 9, 9), (3, 9, 8), (3, 9, 9)],
        [(3, 9, 9), (12, 9, 9), (3, 9, 9)],
        [(3, 9, 9), (9, 9, 9), (3, 9, 9)],
        [(3, 9, 9), (3, 9, 9)],
    ],
    ids=["the baseline varies", "to either side", "not always", "two blocks"],
)
def test_a_counter_that_varies_has_an_interval(blocks: list[tuple[int, int, int]]) -> None:
    assert only(measured("counters", *blocks)).how == "ratio"


def test_only_counters_are_exact() -> None:
    assert [only(measured(tier, *[(3, 9, 9)] * 8)).how for tier in TIERS] == [
        "exact",
        *["ratio"] * 3,
    ]


def test_a_figure_of_nothing_is_compared_by_differences() -> None:
    comparison = only(measured("CPU time", *[(0, 0.010, 0.012), (0, 0.011, 0.010)] * 4))
    assert (comparison.how, comparison.outcome) == ("difference", "lower")
    assert comparison.size is not None
    assert comparison.size.value == pytest.approx(-0.01075)


def test_how_wide_an_interval_is_is_told_relative_to_the_figure() -> None:
    ratio = only(noisy("CPU time", 0.8))
    assert ratio.size is not None
    assert ratio.half_width == pytest.approx(ratio.size.high / ratio.size.value - 1)
    difference = only(measured("CPU time", (0, 1.0, 1.0), (0, 1.2, 1.2)))
    assert difference.half_width == pytest.approx(12.7 * 0.1 / 1.1, rel=0.01)
    from_nothing = only(measured("CPU time", (1.0, 0, 0), (1.2, 0, 0)))
    assert from_nothing.half_width == float("inf")


def test_tiers_keep_their_order_whatever_the_order_of_the_metrics() -> None:
    metrics = [noisy(tier, 1.0) for tier in TIERS]
    random.Random(3).shuffle(metrics)
    assert [comparison.tier for comparison in compared(*metrics)] == list(TIERS)


def test_what_is_exact_takes_nothing_from_the_confidence_of_the_others() -> None:
    time, counter = noisy("CPU time", 1.2), measured("counters", *[(3, 9, 9)] * 8)
    assert compared(counter, time)[1] == only(time)
    twice = compared(time, noisy("wall time", 1.2, seed=2))
    arms = zip(*(row.values() for row in time.rows), strict=True)
    assert twice[0].size == ratio(*map(list, arms), adjusted(2)).value.metric()


def test_a_variant_that_failed_is_compared_over_the_blocks_that_it_had() -> None:
    metric = Measured(
        "CPU", "CPU time", "s", [dict.fromkeys((*ARMS, "other"), 1.0), dict.fromkeys(ARMS, 1.0)]
    )
    names = ["variant", "other", "never"]
    comparisons = compare([metric], names, "baseline", "baseline again")
    assert [(c.variant, c.blocks) for c in comparisons] == [("variant", 2), ("other", 1)]
    assert comparisons[1].outcome == "can't tell"
    assert comparisons[1].half_width == float("inf")


figures = st.floats(1e-3, 1e3)
rows = st.lists(st.tuples(figures, figures, figures), min_size=1, max_size=12)


@given(rows, st.sampled_from(TIERS))
def test_the_unit_does_not_change_what_is_said(
    blocks: list[tuple[float, float, float]], tier: str
) -> None:
    # Powers of two scale without rounding.
    scaled = [tuple(figure * 1024 for figure in block) for block in blocks]
    assert only(measured(tier, *blocks)).outcome == only(measured(tier, *scaled)).outcome


@given(rows, st.sampled_from(TIERS))
def test_a_comparison_goes_through_json(
    blocks: list[tuple[float, float, float]], tier: str
) -> None:
    comparison = only(measured(tier, *blocks))
    assert msgspec.json.decode(msgspec.json.encode(comparison), type=Comparison) == comparison


def test_the_quietest_tier_that_shows_a_difference_carries_the_verdict() -> None:
    same, faster = measured("counters", *[(9, 9, 9)] * 8), noisy("CPU time", 0.8)
    found = verdict(compared(noisy("wall time", 1.5), faster, same))
    assert (found.outcome, found.tier) == ("better", "CPU time")
    assert found.sentence.startswith("better by CPU time: CPU time 0.8")
    assert "8 blocks" in found.sentence


def test_metrics_of_one_tier_that_disagree_are_both_told() -> None:
    found = verdict(compared(noisy("memory", 1.5, name="RSS"), noisy("memory", 0.5, name="PSS")))
    assert found.outcome == "better and worse"
    assert "RSS" in found.sentence
    assert "PSS" in found.sentence


def test_more_is_better_where_the_metric_says_so() -> None:
    assert verdict(compared(noisy("CPU time", 1.3, better="higher"))).outcome == "better"
    neither = compared(noisy("CPU time", 1.3, better="neither"))
    assert verdict(neither).outcome == "can't tell"


def test_no_difference_is_told_with_the_size_that_would_have_been_missed() -> None:
    found = verdict(compared(noisy("CPU time", 1.0), noisy("wall time", 1.0, seed=2)))
    assert (found.outcome, found.tier) == ("no difference shown", "CPU time")
    assert "smaller than ±" in found.sentence


def test_one_block_tells_nothing_of_a_time() -> None:
    found = verdict(compared(measured("wall time", (1, 2, 2))))
    assert (found.outcome, found.tier) == ("can't tell", None)


def test_exact_counters_are_told_without_an_interval() -> None:
    assert told_of(only(measured("counters", *[(3, 9, 9)] * 8, name="collections"))) == (
        "collections 9 → 3 (exact, 8 blocks)"
    )


def answered(wall: int, *, ok: bool = True) -> Sample:
    return Sample(0, False, ok, 200, wall, 1, 0, NONE, {}, {}, 0, 0, 1, 1, -1, [0] * 3, 0, NONE)


def test_figures_are_taken_from_trials_and_from_requests_that_all_answered() -> None:
    block = Block({"a": Trial([answered(1), answered(2)]), "b": Trial([answered(3, ok=False)] * 2)})
    assert from_trials([block], lambda trial: len(trial.samples)) == [{"a": 2, "b": 2}]
    assert from_matched([block], lambda samples: samples[0].wall if samples else None) == [{}]
