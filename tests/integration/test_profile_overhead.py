"""The timing pass costs little enough to be believed."""

import pytest

from benchmarks.overhead.pairs import COUNTED, measure, ratio, within_limits


@pytest.mark.slow
@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_a_page_of_100_queries_costs_at_most_5_percent_more_processor_time(interface) -> None:
    blocks = measure(100, interface)
    assert len(blocks) == 100
    assert {row[COUNTED] for block in blocks for row in block} == {100}
    assert within_limits(ratio(blocks)), ratio(blocks)
