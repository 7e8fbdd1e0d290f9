"""What the timing pass costs, from bare and timed requests in turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.profiling.overhead import FEWEST_BLOCKS, price_probes


def block(*rows: tuple[float, float, int]) -> list[list[float]]:
    """Rows of bare and timed CPU seconds and queries, one a step."""
    return [[step, bare, timed, queries] for step, (bare, timed, queries) in enumerate(rows)]


@given(
    st.floats(1e-6, 1e-3),
    st.floats(1e-7, 1e-4),
    st.lists(st.integers(0, 500), min_size=2, max_size=6, unique=True),
)
def test_the_cost_of_a_request_and_of_a_query_are_told_apart(
    per_request: float, per_query: float, queries: list[int]
) -> None:
    rows = [(0.01, 0.01 + per_request + per_query * n, n) for n in queries]
    priced = price_probes([block(*rows)] * FEWEST_BLOCKS)
    assert priced is not None
    assert priced.per_query == pytest.approx(per_query, rel=1e-6, abs=1e-12)
    assert priced.per_request == pytest.approx(per_request, rel=1e-4, abs=1e-9)


def test_the_ratio_is_of_all_steps_together() -> None:
    priced = price_probes([block((0.010, 0.011, 3), (0.090, 0.094, 1))] * 9)
    assert priced is not None
    assert priced.ratio.value == pytest.approx(1.05)
    assert (priced.pairs, priced.ratio.n) == (9, 9)


def test_what_slows_a_whole_round_does_not_show() -> None:
    rounds = [block((0.01 * slow, 0.0103 * slow, 5)) for slow in (1, 3, 1.5, 8, 1, 2)]
    priced = price_probes(rounds)
    assert priced is not None
    assert priced.ratio.low == pytest.approx(1.03)
    assert priced.ratio.high == pytest.approx(1.03)


def test_steps_with_as_many_queries_cannot_tell_the_price_of_one() -> None:
    priced = price_probes([block((0.01, 0.012, 4), (0.02, 0.022, 4))] * FEWEST_BLOCKS)
    assert priced is not None
    assert priced.per_query is None
    assert priced.per_request == pytest.approx(0.002)


def test_one_round_in_which_the_machine_stalls_decides_nothing() -> None:
    rounds = [block((0.01, 0.0103, 5))] * 20
    priced = price_probes([*rounds, block((0.01, 0.5, 5))])
    assert priced is not None
    assert priced.ratio.value == pytest.approx(1.03)
    assert priced.ratio.high == pytest.approx(1.03)


@pytest.mark.parametrize("rounds", range(FEWEST_BLOCKS))
def test_too_few_rounds_price_nothing(rounds: int) -> None:
    assert price_probes([block((0.01, 0.011, 1))] * rounds + [[]]) is None
