"""What a recording finds in the cache as it begins is there in its replay."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.curves import Rules
from djtune.redis_memory.simulating.simulate import simulate
from djtune.redis_memory.trace import READ, WRITE, Trace, recorded_seconds
from djtune.redis_memory.tracing.accesses import Access, build
from djtune.redis_memory.tracing.entries import modelled_entry_bytes

PLENTY = 10**9


def trace(*accesses: Access) -> Trace:
    return build(accesses, modelled_entry_bytes).trace(
        rate=1.0, reads=0, hits=0, source="", notes=[]
    )


def get(time: float, key: str, *, found: bool = True) -> Access:
    return Access(time, "get", key, 10, "a*", found, 100 if found else -1)


def hits(made: Trace) -> int:
    return simulate(made, PLENTY, Rules("allkeys-lru"), engine="python").hits


def test_the_first_read_of_a_key_that_was_there_is_a_hit() -> None:
    made = trace(get(0, "a"), get(5, "b"), get(6, "a"))
    assert (made.op == WRITE).sum() == 2
    assert hits(made) == 3


def test_one_that_was_not_there_is_a_miss() -> None:
    assert hits(trace(get(0, "a", found=False), get(5, "b"))) == 1


def test_what_is_read_later_was_used_earlier() -> None:
    made = trace(get(0, "soon"), get(5, "late"))
    written = made.key[made.op == WRITE].tolist()
    assert written == [1, 0]


def test_what_was_there_stays_until_it_is_read() -> None:
    stored = Access(0, "set", "c", 10, "a*", None, 100, 0, 2.0)
    assert hits(trace(stored, get(600, "b"))) == 1


def test_the_time_before_is_not_recorded_time() -> None:
    made = trace(get(0, "a"), get(60, "b"), get(90, "a"))
    assert recorded_seconds(made) == 90.0


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 30),
)
def test_a_replay_in_plenty_of_memory_hits_as_the_cache_did(
    reads: list[tuple[int, bool]], step: int
) -> None:
    """In a cache that loses nothing, only a key's first read can miss."""
    seen: set[int] = set()
    accesses = []
    for number, (key, there) in enumerate(reads):
        found = there or key in seen
        accesses.append(get(number * step, str(key), found=found))
        if not found:
            accesses.append(
                Access(number * step, "set", str(key), 10, "a*", None, 100, 0, None, 0.001)
            )
        seen.add(key)
    made = trace(*accesses)
    assert hits(made) == sum(a.found is True for a in accesses)
    assert (made.op == READ).sum() == len(reads)
