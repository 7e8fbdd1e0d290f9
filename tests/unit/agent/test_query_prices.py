"""Prices of queries: what passes in SQL and ORM between their marks, all of it and only once."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.agent.clock import CACHE, CURRENT, ORM, SQL_EXECUTE, SQL_FETCH, VIEW, Clock
from djtune.agent.prices import Prices

DATABASE = (SQL_EXECUTE, SQL_FETCH, ORM)
SLICES = st.lists(
    st.tuples(st.sampled_from([*DATABASE, VIEW, CACHE, "query"]), st.integers(0, 10**9)),
    max_size=40,
)


@given(SLICES)
def test_they_add_up_to_what_follows_the_first_mark(slices: list[tuple[int | str, int]]) -> None:
    clock, prices = Clock(), Prices()
    token = CURRENT.set(clock)
    expected: list[int] = []
    for phase, spent in slices:
        if phase == "query":
            prices.note_query("default", "SELECT 1", ())
            expected.append(0)
        else:
            assert isinstance(phase, int)
            clock.totals[phase] += spent
            if expected and phase in DATABASE:
                expected[-1] += spent
    CURRENT.reset(token)
    assert prices.costs() == expected


def test_those_of_a_thread_beside_have_a_clock_of_their_own() -> None:
    request = Clock()
    beside = request.beside(VIEW)
    prices = Prices()
    for clock in (request, beside):
        token = CURRENT.set(clock)
        prices.note_query("default", "SELECT 1", ())
        CURRENT.reset(token)
    request.totals[SQL_EXECUTE] += 5
    beside.totals[SQL_EXECUTE] += 7
    assert prices.costs() == [5, 7]


def test_a_new_request_begins_without_marks() -> None:
    prices = Prices()
    token = CURRENT.set(Clock())
    prices.note_query("default", "SELECT 1", ())
    CURRENT.reset(token)
    prices.start_step(0)
    assert prices.costs() == []
