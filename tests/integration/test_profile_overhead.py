"""The passes cost little enough to be believed."""

import pytest

from benchmarks.overhead import blocks
from benchmarks.overhead.pairs import COUNTED, measure, ratio, within_limits
from benchmarks.overhead.table import LIMITED, LIMITS
from benchmarks.overhead.table import ratio as ratio_of


@pytest.mark.slow
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_page_of_100_queries_costs_at_most_5_percent_more_processor_time(interface) -> None:
    pairs = measure(100, interface)
    assert len(pairs) == 100
    assert {row[COUNTED] for pair in pairs for row in pair} == {100}
    assert within_limits(ratio(pairs)), ratio(pairs)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_detail_pass_costs_at_most_15_percent_more_on_101_queries() -> None:
    measured = blocks.run(["djtune"], blocks=6, rounds=5, seed=1, tick=lambda done: None)
    cost = ratio_of(measured, "detail", LIMITED)
    assert cost.low <= LIMITS["detail"], cost
    assert cost.high > 1, "it was on"
