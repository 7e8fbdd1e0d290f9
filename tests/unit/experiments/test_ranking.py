"""Ranks with ties."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.experiments.intervals import Interval
from djtune.experiments.ranking import ranks

intervals = st.tuples(*[st.floats(0, 100)] * 3).map(
    lambda three: Interval(sorted(three)[1], min(three), max(three), 3)
)


def interval(low: float, high: float) -> Interval:
    return Interval((low + high) / 2, low, high, 3)


def labels(*items: Interval) -> list[str]:
    return [str(rank) for rank in ranks(items)]


def test_items_apart_are_ranked_by_value_greatest_first():
    assert labels(interval(1, 2), interval(5, 6), interval(3, 4)) == ["3", "1", "2"]


def test_overlapping_intervals_are_ties():
    assert labels(interval(9, 10), interval(4, 6), interval(5, 7)) == ["1", "2=", "2="]


def test_overlap_does_not_carry_over():
    assert labels(interval(6, 9), interval(4, 7), interval(3, 5)) == ["1=", "1=", "2="]


def test_an_item_without_an_interval_ties_with_all():
    unknown = Interval(5, float("-inf"), float("inf"), 1)
    assert labels(interval(8, 9), unknown, interval(1, 2)) == ["1=", "1=", "2="]


def test_nothing_to_rank():
    assert ranks([]) == []


@given(st.lists(intervals, min_size=1, max_size=12))
def test_what_surely_exceeds_another_ranks_before_it_and_the_greatest_is_first(items):
    places = ranks(items)
    assert places[items.index(max(items, key=lambda item: item.value))].position == 1
    for a, rank_a in zip(items, places, strict=True):
        for b, rank_b in zip(items, places, strict=True):
            if a.low > b.high:
                assert rank_a.position < rank_b.position
            elif a is not b and b.low <= a.high:
                assert rank_a.tied
                assert rank_b.tied
