"""Keys are measured where one more says most about the total."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.looking.allocation import COMMON, Piloted, allocate, pilot, piloted

patterns = st.builds(
    lambda keys, n, mean, spread: Piloted(keys, min(keys, 5000), min(n, keys, 5000), mean, spread),
    st.integers(1, 10**6),
    st.integers(1, 400),
    st.floats(16, 1e7),
    st.floats(0, 1e7),
)


def test_small_patterns_are_measured_whole_and_a_pilot_of_the_others():
    assert pilot([1, 99, 500, 10**6], [1, 99, 500, 20_000]) == [1, 99, 500, 400]


def test_with_many_patterns_the_pilots_are_smaller():
    assert sum(pilot([10**4] * 1000, [500] * 1000)) == 10_000


def test_most_of_the_second_phase_goes_where_the_total_is_least_known():
    wide = Piloted(100_000, 20_000, 400, 5_000, 8_000)
    narrow = Piloted(100_000, 20_000, 400, 500, 20)

    first, second = allocate([wide, narrow], precision=0.02, most=20_000)

    assert first > 5 * COMMON
    assert second == 0


def test_the_precision_that_was_asked_for_is_reached():
    rng = np.random.default_rng(1)
    census = [np.exp(rng.normal(5, 1, 50_000)), rng.normal(300, 30, 80_000)]
    told = [piloted(sizes.size, 20_000, sizes[:400]) for sizes in census]

    more = allocate(told, precision=0.02, most=20_000)

    total = sum(sizes.sum() for sizes in census)
    variance = sum(
        sizes.size**2 * sizes.var() / max(400, n) for sizes, n in zip(census, more, strict=True)
    )
    assert 1.96 * variance**0.5 / total < 0.021


def test_a_pattern_without_more_names_takes_nothing_from_the_others():
    wide = Piloted(100_000, 20_000, 400, 5_000, 8_000)
    giant = Piloted(1.7, 1, 1, 41e6, 41e6)

    more, nothing = allocate([wide, giant], 0.02, 20_000)

    assert more > 10_000
    assert nothing == 0


@given(st.lists(patterns, min_size=1, max_size=20), st.integers(0, 20_000))
def test_never_more_than_there_are_and_than_were_allowed(told, most):
    more = allocate(told, 0.02, most)

    assert sum(more) <= most + len(more)
    assert all(0 <= n <= each.drawn - each.n for n, each in zip(more, told, strict=True))


def test_no_patterns_need_no_keys():
    assert pilot([], []) == allocate([], 0.02, 100) == []
