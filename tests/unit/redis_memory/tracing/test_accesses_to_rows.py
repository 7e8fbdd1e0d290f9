"""From accesses to rows: a replay of them decides by itself which reads miss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE
from djtune.redis_memory.tracing.accesses import Access, build
from djtune.redis_memory.tracing.entries import Stored, allocated, modelled_entry_bytes


def trace_of(*accesses):
    numbered = [access._replace(time=float(place)) for place, access in enumerate(accesses)]
    builder = build(numbered, lambda stored: stored.payload + stored.key_length)
    return builder.trace(rate=1.0, reads=0, hits=0, source="", notes=[])


def access(op, key="a", **told):
    return Access(0.0, op, key, pattern=f"{key}:*", **told)


def read_sizes(trace):
    return trace.size[trace.op == READ].tolist()


MISS = access("get", found=False)


def test_a_miss_and_its_fill_are_one_read():
    trace = trace_of(MISS, access("set", payload=100, seconds=60.0, cost=0.5, key_length=7))
    assert trace.op.tolist() == [READ]
    assert trace.size.tolist() == [107]
    assert trace.ttl.tolist() == [60_000_000]
    assert trace.cost.tolist() == [0.5]


def test_two_who_miss_at_once_are_two_reads():
    fill = access("set", payload=100, cost=0.5)
    assert trace_of(MISS, MISS, fill, fill).size.tolist() == [100, 100]


def test_a_miss_that_nobody_fills_stores_nothing():
    assert read_sizes(trace_of(MISS, access("get", key="b", found=True, payload=5))) == [0, 5]


def test_what_is_stored_without_a_miss_of_its_own_is_a_write():
    trace = trace_of(MISS, access("set", payload=100))
    assert trace.op.tolist() == [READ, WRITE]
    assert trace.size.tolist() == [0, 100]


def test_an_update_keeps_the_size_and_the_time_that_is_left():
    trace = trace_of(access("set", payload=100, seconds=60.0), access("update"))
    assert trace.size.tolist() == [100, 100]
    assert trace.ttl.tolist() == [60_000_000, 59_000_000]


def test_what_is_refused_refreshes_and_changes_nothing():
    refused = access("add", found=True, payload=900, seconds=5.0)
    trace = trace_of(access("set", payload=100, seconds=60.0), refused)
    assert trace.size.tolist() == [100, 100]
    assert trace.ttl.tolist() == [60_000_000, 59_000_000]


def test_a_touch_to_the_past_deletes():
    trace = trace_of(
        access("set", payload=1), access("touch", seconds=9.0), access("touch", seconds=-1.0)
    )
    assert trace.op.tolist() == [WRITE, EXPIRE, DELETE]


def test_a_clear_deletes_every_key():
    trace = trace_of(
        access("set", payload=1), access("set", key="b", payload=1), access("clear", key="")
    )
    assert trace.op.tolist() == [WRITE, WRITE, DELETE, DELETE]
    assert sorted(trace.key.tolist()[2:]) == [0, 1]


def test_unknown_sizes_are_the_median_of_their_pattern():
    known = [access("get", key="a", found=True, payload=size) for size in (10, 20, 90)]
    other = access("get", key="b", found=True, payload=7000)
    trace = trace_of(access("get", key="a", found=True), *known, other)
    assert read_sizes(trace) == [20, 10, 20, 90, 7000]


@given(
    st.lists(st.sampled_from(["get", "set", "add", "update", "touch", "delete", "peek", "clear"]))
)
def test_columns_are_alike_in_length_and_in_order_of_time(ops):
    trace = trace_of(*(access(op, found=False, payload=5, cost=0.1) for op in ops))
    rows = len(trace.time)
    columns = (trace.op, trace.key, trace.size, trace.ttl, trace.cost, trace.pattern)
    assert all(len(column) == rows for column in columns)
    assert (np.diff(trace.time) >= 0).all()
    assert (trace.size >= 0).all()


@pytest.mark.parametrize(
    ("size", "given_"), [(1, 8), (8, 8), (9, 16), (33, 48), (129, 160), (257, 320)]
)
def test_the_allocator_rounds_to_its_classes(size, given_):
    assert allocated(size) == given_


@given(payload=st.integers(0, 100_000), key_length=st.integers(1, 300))
def test_an_entry_takes_more_than_its_contents_and_more_with_a_ttl(payload, key_length):
    plain, expiring = (
        modelled_entry_bytes(Stored(payload, 0, key_length, expires)) for expires in (False, True)
    )
    assert payload + key_length < plain < expiring
