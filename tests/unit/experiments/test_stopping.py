"""When an experiment has measured enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.stopping import LEAST_BLOCKS, StoppingRule

RULE = StoppingRule(most_blocks=20, seconds=60, half_width=0.02)
widths = st.lists(st.floats(0, allow_nan=False), max_size=5)
seconds = st.floats(0, 1e6)


@pytest.mark.parametrize(
    ("blocks", "half_widths", "spent", "reason"),
    [
        pytest.param(8, [0.01, 0.02], 10, "precise enough", id="narrow"),
        pytest.param(8, [0.01, 0.03], 10, None, id="one is wide"),
        pytest.param(7, [0.01], 10, None, id="too early"),
        pytest.param(8, [], 10, None, id="none wanted"),
        pytest.param(20, [0.1], 10, "blocks", id="most blocks"),
        pytest.param(3, [0.1], 58, "time", id="no time for half of another"),
        pytest.param(3, [0.1], 57, None, id="time for half of another"),
    ],
)
def test_the_rule(blocks: int, half_widths: list[float], spent: float, reason: str | None) -> None:
    assert RULE.decide(blocks, half_widths, spent, another=5) == reason


@given(st.integers(0, 30), widths, seconds, seconds)
def test_without_a_width_it_goes_as_far_as_blocks_and_time_do(
    blocks: int, half_widths: list[float], spent: float, another: float
) -> None:
    rule = StoppingRule(most_blocks=20, seconds=60)
    assert rule.decide(blocks, half_widths, spent, another) != "precise enough"


@given(st.integers(0, 30), widths, seconds, seconds)
def test_it_goes_on_only_with_blocks_and_time_left_and_precision_wanting(
    blocks: int, half_widths: list[float], spent: float, another: float
) -> None:
    if RULE.decide(blocks, half_widths, spent, another) is None:
        assert blocks < RULE.most_blocks
        assert spent + another / 2 <= RULE.seconds
        assert blocks < LEAST_BLOCKS or not half_widths or max(half_widths) > 0.02
