"""How a trial's time is shared out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.allocation import RouteCost, allocate, proportional

route_costs = st.builds(
    RouteCost,
    mean_s=st.floats(1e-4, 5),
    sd_s=st.one_of(st.just(0.0), st.floats(1e-6, 5)),
    weight=st.one_of(st.just(0.0), st.floats(0.01, 100)),
)
plans = st.tuples(
    st.floats(0, 60), st.lists(route_costs, min_size=1, max_size=12), st.integers(0, 20)
)


def spent(counts, costs):
    return math.fsum(n * cost.mean_s for n, cost in zip(counts, costs, strict=True))


@given(plans)
def test_the_budget_is_kept_but_for_the_floor(plan):
    budget, costs, minimum = plan
    counts = allocate(budget, costs, minimum)
    assert all(n >= minimum for n in counts)
    if any(n > minimum for n in counts):
        assert spent(counts, costs) <= budget * (1 + 1e-9)


@given(plans)
def test_what_is_left_over_would_not_pay_another_request(plan):
    budget, costs, minimum = plan
    useful = [cost for cost in costs if cost.weight and cost.sd_s]
    counts = allocate(budget, costs, minimum)
    if useful and spent(counts, costs) <= budget:
        left = budget - spent(counts, costs)
        assert left < 2 * max(cost.mean_s for cost in useful) + 1e-6


@given(plans)
def test_the_same_input_gives_the_same_numbers(plan):
    assert allocate(*plan) == allocate(*plan)


@given(plans)
def test_a_longer_budget_takes_requests_from_no_route(plan):
    budget, costs, minimum = plan
    shorter, longer = allocate(budget, costs, minimum), allocate(budget * 2 + 1, costs, minimum)
    # Rounding down and the left-over request may each move a route by one.
    assert all(after >= before - 2 for before, after in zip(shorter, longer, strict=True))


@given(st.lists(route_costs, min_size=2, max_size=6))
def test_no_other_split_of_the_same_time_gives_a_smaller_variance(costs):
    costs = [cost for cost in costs if cost.weight and cost.sd_s]
    if not costs:
        return
    minimum = 1
    # So much time that whole numbers of requests are as good as fractions of them.
    counts = allocate(100_000.0, costs, minimum)

    def variance(split):
        return math.fsum((c.weight * c.sd_s) ** 2 / n for n, c in zip(split, costs, strict=True))

    best = variance(counts)
    for i, giver in enumerate(costs):
        for j, taker in enumerate(costs):
            moved = counts[i] // 2
            gained = math.floor(moved * giver.mean_s / taker.mean_s)
            if i == j or counts[i] - moved < minimum or gained < 2:
                continue
            other = list(counts)
            other[i] -= moved
            other[j] += gained
            assert variance(other) >= best * 0.999


def test_a_route_that_spreads_twice_as_much_is_asked_twice_as_often():
    costs = [RouteCost(0.01, 0.002), RouteCost(0.01, 0.004)]
    assert allocate(3.0, costs, 10) == [100, 200]


def test_a_route_four_times_as_slow_is_asked_half_as_often():
    costs = [RouteCost(0.01, 0.01), RouteCost(0.04, 0.01)]
    slow, fast = sorted(allocate(30.0, costs, 1))
    assert fast == pytest.approx(2 * slow, rel=0.01)


def test_without_any_spread_the_budget_is_still_spent():
    costs = [RouteCost(0.01, 0.0), RouteCost(0.02, 0.0)]
    counts = allocate(1.0, costs, 1)
    assert spent(counts, costs) == pytest.approx(1.0, abs=0.03)


def test_a_time_of_zero_is_refused():
    with pytest.raises(ValueError, match="positive"):
        allocate(1.0, [RouteCost(0.0, 0.1)], 1)


weighted = st.lists(
    st.builds(RouteCost, mean_s=st.floats(1e-4, 5), sd_s=st.just(0.1), weight=st.floats(0.01, 100)),
    min_size=1,
    max_size=12,
)


@given(st.floats(0, 60), weighted, st.integers(0, 20))
def test_the_workloads_own_mix_is_kept_above_the_floor(budget, costs, minimum):
    counts = proportional(budget, costs, minimum)
    above = [(n, cost.weight) for n, cost in zip(counts, costs, strict=True) if n > minimum]
    for n, weight in above:
        for other, its_weight in above:
            assert n * its_weight < (other + 1) * weight * (1 + 1e-9)


def test_a_mix_without_any_weight_is_refused():
    with pytest.raises(ValueError, match="weight"):
        proportional(1.0, [RouteCost(0.1, 0.0, 0.0)], 4)
