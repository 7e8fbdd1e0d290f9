"""Trace files: what is in them comes out, and what is wrong with them is said in one line."""

import struct

import numpy as np
import pytest

from djtune.errors import DjtuneError
from djtune.redis_memory.trace import DELETE, EXPIRE, READ, WRITE
from djtune.redis_memory.tracing.files import read_trace_file


@pytest.fixture
def written(tmp_path):
    def write(text, name="trace.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_trace_file(path)

    return write


def test_columns_may_be_in_any_order_and_rows_too(written):
    trace = written(
        "key,op,time,size,ttl,cost\na,get,100.5,700,60,0.02\nb,set,100,500,,\na,delete,101,0,,\n"
        "b,touch,102,0,5,\n"
    )
    assert trace.time.tolist() == [0, 500_000, 1_000_000, 2_000_000]
    assert trace.op.tolist() == [WRITE, READ, DELETE, EXPIRE]
    assert trace.key.tolist() == [1, 0, 0, 1]
    assert trace.size.tolist() == [500, 700, 0, 0]
    assert trace.ttl.tolist() == [0, 60_000_000, 0, 5_000_000]
    assert trace.cost[1] == 0.02
    assert np.isnan(trace.cost[0])
    assert (trace.keys, trace.reads, trace.rate) == (2, 1, 1.0)


def test_time_key_and_size_are_enough(written):
    trace = written("time,key,size\n1,a,10\n1.000001,a,10\n")
    assert trace.time.tolist() == [0, 1]
    assert trace.op.tolist() == [READ, READ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,a,10\n", "no column time"),
        ("time,key,size,colour\n", "a column 'colour'"),
        ("time,key,size\n", "has no row"),
        ("", "no column time"),
        ("time,key,size\nnoon,a,10\n", "line 2: .*'noon'"),
        ("time,key,size\n1,a,-1\n", "line 2: -1 is no number"),
        ("time,key,size\n1,a\n", "line 2: size is missing"),
        ("time,key,size,op\n1,a,1,fetch\n", "no operation is called 'fetch'"),
        ("time,key,size\n1,a,nan\n", "line 2"),
        (b"\x28\xb5\x2f\xfd1234", "is compressed"),
        (b"time,key,size\n1,\xff,3\n", "is no text"),
    ],
)
def test_what_is_wrong_is_said(text, said, written):
    with pytest.raises(DjtuneError, match=said):
        written(text)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DjtuneError, match="No such file"):
        read_trace_file(tmp_path / "nowhere.csv")


def test_oracle_general_is_read(written):
    rows = [(10, 7, 500, 2), (11, 2**63, 40, -1), (12, 7, 500, -1)]
    trace = written(b"".join(struct.pack("<IQIq", *row) for row in rows), "cdn.oracleGeneral.bin")
    assert trace.time.tolist() == [0, 1_000_000, 2_000_000]
    assert trace.key.tolist() == [0, 1, 0]
    assert trace.size.tolist() == [500, 40, 500]
    assert trace.reads == 3


@pytest.mark.parametrize("data", [b"", b"x" * 25, struct.pack("<IQIqIQIq", 9, 1, 1, 1, 8, 1, 1, 1)])
def test_what_is_no_oracle_general_is_said(data, written):
    with pytest.raises(DjtuneError, match="oracleGeneral"):
        written(data, "a.oracleGeneral")
