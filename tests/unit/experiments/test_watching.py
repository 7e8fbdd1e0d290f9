"""Comparisons as rows of the live display."""

import pytest

from djtune.experiments.evidence import Measured, compare
from djtune.experiments.watching import rows
from djtune.reports.live import Row

ARMS = ("variant", "baseline", "baseline again")


def row(tier: str, *blocks: tuple[float, float, float]) -> Row:
    figures = [dict(zip(ARMS, block, strict=True)) for block in blocks]
    (only,) = rows(compare([Measured("it", tier, "", figures)], ["variant"], *ARMS[1:]))
    return only


def test_a_ratio_keeps_its_interval() -> None:
    found = row("CPU time", (0.81, 0.99, 1.01), (0.79, 1.01, 0.99), (0.8, 1.0, 1.0))
    assert found.ratio == pytest.approx(0.8, rel=0.01)
    assert found.low < found.ratio < found.high < 1
    assert found.tone == "good"
    assert found.figure.startswith("0.80× [")


def test_an_exact_counter_is_a_point() -> None:
    found = row("counters", *[(12, 6, 6)] * 3)
    assert (found.low, found.ratio, found.high, found.tone) == (2, 2, 2, "bad")
    assert found.figure == "6 → 12"


def test_a_difference_is_drawn_as_a_part_of_the_baseline() -> None:
    found = row("CPU time", (0, 2, 2), (0, 2, 2), (0, 2, 2))
    assert (found.low, found.ratio, found.high) == (0, 0, 0)
    assert found.figure == "by −2 [−2]"


def test_one_block_has_no_bounds() -> None:
    found = row("wall time", (1, 1, 1))
    assert (found.low, found.ratio, found.high, found.tone) == (None, 1, None, "")
