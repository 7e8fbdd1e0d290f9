"""Sizes of keys without ``MEMORY USAGE``: what any allocator and any table imply."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.server.modelling import allocated, elements_in, model

KINDS = st.sampled_from(
    [
        ("string", "raw"),
        ("hash", "listpack"),
        ("hash", "hashtable"),
        ("list", "quicklist"),
        ("set", "intset"),
        ("zset", "skiplist"),
        ("stream", "stream"),
    ]
)


@given(size=st.floats(1, 1e9))
def test_the_allocator_rounds_up_by_at_most_a_quarter(size: float) -> None:
    assert size <= allocated(size) <= max(size * 1.25, size + 16)


@given(kind=KINDS, length=st.integers(1, 10**6), part=st.integers(1, 200))
def test_a_longer_key_is_never_smaller(kind: tuple[str, str], length: int, part: int) -> None:
    sizes = [model(*kind, 10, more, [[part, part]]) for more in (length, 2 * length)]
    assert sizes[0] <= sizes[1]


@given(kind=KINDS, length=st.integers(1, 1000), part=st.integers(8, 200))
def test_a_key_is_at_least_as_large_as_what_it_holds(
    kind: tuple[str, str], length: int, part: int
) -> None:
    held = length if kind[0] == "string" else 2 * length if kind[1] == "intset" else length * part
    assert model(*kind, 10, length, [[part]]) >= held


def test_the_parts_of_elements_are_counted_by_type() -> None:
    assert elements_in("hash", [b"0", [b"field", b"v"]]) == [[5, 1]]
    assert elements_in("zset", [b"0", [b"member", b"1.5"]]) == [[6, 3]]
    assert elements_in("set", [b"0", [b"abc"]]) == [[3]]
    assert elements_in("list", [b"ab", b"c"]) == [[2], [1]]
    assert elements_in("stream", [[b"1-1", [b"f", b"value"]]]) == [[5]]
    assert elements_in("string", b"string") == []
