"""What a journey asks for again is priced from the timing pass."""

from typing import Any

import pytest
from fabricated import phases, sample
from made_up import workload

from djtune.profiling.repeats import findings, journey_seconds, price_repeats

ASKED = workload((1, ["a/", "b/"]), (1, ["c/"]))


def repeat(steps: dict[str, float], kind: str = "query", journey: int = 0) -> dict[str, Any]:
    """As the agent reports it: steps are keys of a JSON object."""
    return {
        "journey": journey,
        "kind": kind,
        "alias": "default",
        "pattern": f"SELECT {kind} {sorted(steps)}",
        "steps": steps,
        "where": "shop/views.py:3",
        "times": sum(steps.values()) - 1,
    }


def test_every_time_beyond_the_first_costs_one_query_of_the_cheapest_step() -> None:
    samples = [
        sample(0, queries={"default": 2}, phases=phases(sql_execute=3, sql_fetch=1, orm=2, view=9)),
        sample(1, queries={"default": 1}, phases=phases(sql_execute=50)),
    ]
    (priced,) = price_repeats(ASKED, [repeat({"0": 1, "1": 3})], samples)
    assert priced.times == 3
    assert priced.seconds == pytest.approx(3 * 0.003)
    assert priced.steps == ["GET /a/", "GET /b/"]
    assert priced.journey == "journey 0"


def test_cached_values_cost_a_cache_call() -> None:
    samples = [sample(0, cache_hits=3, cache_misses=1, phases=phases(cache=8, sql_execute=90))]
    (priced,) = price_repeats(ASKED, [repeat({"0": 2}, "cache")], samples)
    assert priced.seconds == pytest.approx(0.002)


def test_the_dearest_comes_first() -> None:
    samples = [
        sample(0, queries={"default": 1}, phases=phases(orm=1)),
        sample(2, queries={"default": 1}, phases=phases(orm=5)),
    ]
    found = [repeat({"0": 2}), repeat({"2": 2}, journey=1)]
    assert [one.journey for one in price_repeats(ASKED, found, samples)] == [
        "journey 1",
        "journey 0",
    ]


def test_cold_and_unexpected_requests_price_nothing() -> None:
    slow = {"queries": {"default": 1}, "phases": phases(orm=500)}
    samples = [sample(0, cold=True, **slow), sample(0, ok=False, **slow)]
    (priced,) = price_repeats(ASKED, [repeat({"0": 2})], samples)
    assert priced.seconds == 0


def test_a_journey_takes_the_mean_of_each_of_its_steps() -> None:
    samples = [sample(0, 10), sample(0, 30), sample(1, 5), sample(0, 900, cold=True)]
    assert journey_seconds(ASKED, samples) == {"journey 0": 0.025, "journey 1": 0}


def test_each_journey_and_kind_is_one_finding_with_its_ceiling() -> None:
    samples = [sample(0, 10, queries={"default": 1}, phases=phases(orm=1))]
    found = [repeat({"0": n}) for n in range(2, 10)] + [repeat({"2": 2}, "cache", 1)]
    priced = price_repeats(ASKED, found, samples)
    query, cache = findings(priced, {"journey 0": 0.1}, ASKED)
    assert "journey 0" in query.title
    assert query.saving is not None
    assert query.saving.value == pytest.approx(0.036)
    assert "36 % of the" in query.remedy
    assert query.evidence[-1] == "and 3 more"
    assert "cached value" in cache.title
