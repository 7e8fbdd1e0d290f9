from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.estimated import Amount
from djtune.redis_memory.layouts.limits import Limits, Shape, freed, raised, share
from djtune.redis_memory.layouts.settings import for_server, limit

NOW = Limits(128, 64)
shapes = st.lists(st.builds(Shape, st.integers(1, 5000), st.integers(1, 9000)), max_size=50)


def test_only_the_limit_that_is_in_the_way_is_raised():
    assert raised([Shape(10, 65)] * 9 + [Shape(10, 20)], NOW) == Limits(128, 128)
    assert raised([Shape(500, 20)], NOW) == Limits(512, 64)


def test_one_large_key_among_many_does_not_raise_it_for_all():
    assert raised([Shape(10, 100)] * 40 + [Shape(10, 4000)], NOW) == Limits(128, 128)


def test_nothing_is_proposed_for_what_is_too_large_for_a_listpack():
    assert raised([Shape(100_000, 20), Shape(3, 100_000)], NOW) is None


@given(shapes)
def test_new_limits_hold_all_that_the_old_ones_held(some):
    limits = raised(some, NOW)
    if limits is not None:
        assert all(limits.hold(each) for each in some if NOW.hold(each))
        assert any(limits.hold(each) and not NOW.hold(each) for each in some)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_in_its_interval(pair):
    part = share(*pair)
    assert 0 <= part.low <= part.value <= part.high <= 1


def test_what_is_freed_is_as_sure_as_the_share_and_the_savings():
    part = Amount(0.1, 0.08, 0.12)
    alike = freed(part, [100.0] * 50, 1.0, 10_000)
    assert (alike.low, alike.value, alike.high) == (80_000, 100_000, 120_000)
    differing = freed(part, [50.0, 150.0] * 25, 1.0, 10_000)
    assert differing.low < alike.low
    assert differing.high > alike.high


def test_redis_6_has_other_names():
    assert limit({"hash-max-ziplist-value": "128"}, "hash-max-listpack-value", 64) == 128
    raised = {"hash-max-listpack-value": "256"}
    assert for_server(raised, "Redis 6.2.16") == {"hash-max-ziplist-value": "256"}
    assert for_server(raised, "Valkey 8.1.1") == raised
