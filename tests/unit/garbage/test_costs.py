import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.garbage.costs import Observed, fit, non_negative_least_squares, paired, price
from djtune.garbage.fitting import fitted
from djtune.garbage.heap import Collected
from djtune.garbage.recording import Costs, Curve, Heap, Played, Recording, Timed
from djtune.garbage.simulate import replayed
from djtune.model.policy import parse

TRUE = Costs(
    visited_ns=(120.0, 120.0, 200.0),
    doubling_ns=(30.0, 30.0, 0.0),
    freed_ns=(250.0, 450.0, 450.0),
    start_ns=2000.0,
)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=4), st.integers(0, 10**6))
def test_exact_equations_are_solved(answer: list[float], seed: int) -> None:
    dice = random.Random(seed)
    rows = [[dice.uniform(0.0, 1.0) for _ in answer] for _ in range(20)]
    values = [sum(a * b for a, b in zip(row, answer, strict=True)) for row in rows]
    found = non_negative_least_squares(rows, values)
    assert found == pytest.approx(answer, abs=0.5)


def test_no_price_is_negative() -> None:
    assert non_negative_least_squares([[1.0, 0.0], [1.0, 1.0]], [2.0, 1.0])[1] == 0.0


def test_prices_are_found_from_collections_of_many_sizes() -> None:
    sizes = [(0, 700, 0), (0, 700, 500), (0, 40_000, 100), (0, 40_000, 30_000)]
    sizes += [(1, 6000, 5000), (1, 300_000, 200_000), (2, 80_000, 0), (2, 200_000, 90_000)]
    found = fit(
        [
            Timed(each, visited, freed, price(TRUE, Collected(0, each, visited, freed)), 50)
            for each, visited, freed in sizes
        ]
    )
    assert found.visited_ns == pytest.approx(TRUE.visited_ns, rel=0.1)
    assert found.freed_ns == pytest.approx(TRUE.freed_ns, rel=0.1)
    assert found.pauses == 400


def test_a_generation_seen_on_one_side_alone_is_left_out() -> None:
    log = [Collected(1, 0, 700.0, 0.0)]
    observed = Observed(parse("default"), [0], [(0, 1000, 0), (2, 9000, 10)])
    assert [each.generation for each in paired(log, observed)] == [0]


def test_a_fitted_recording_prices_other_settings_right() -> None:
    def recording(costs: Costs) -> Recording:
        return Recording(
            python="3.13.0",
            thresholds=(2000, 10, 10),
            heap=Heap(tracked=50_000, bytes_per_object=300.0),
            curves=[Curve(0, [9000, 6000], garbage=5000), Curve(1, [400, 150], garbage=150)],
            journeys=[Played(1.0, [0, 1, 1, 1])],
            costs=costs,
        )

    order = [0] * 100
    runs = []
    for setting in ("default", "40000,10,10"):
        log = replayed(recording(TRUE), parse(setting), order=order).log
        pauses = [(c.generation, int(price(TRUE, c)), int(c.freed)) for c in log]
        runs.append(Observed(parse(setting), order, pauses))
    found = fitted(recording(Costs()), runs)
    for setting in ("5000,10,10", "10000,5,2", "100000,10,10"):
        truth = replayed(recording(TRUE), parse(setting), order=order).summary()
        ours = replayed(found, parse(setting), order=order).summary()
        assert ours.collections == truth.collections
        assert ours.gc_ns == pytest.approx(truth.gc_ns, rel=0.15)
