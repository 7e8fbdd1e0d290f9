from hypothesis import given
from hypothesis import strategies as st

from djtune.redis_memory.copy_on_write import PAGE, copy_on_write, pages_written

counts = st.floats(0, 1e9)


def test_the_last_save_tells_first():
    info = {"rdb_last_cow_size": "50000000", "rdb_last_bgsave_time_sec": "3"}
    term = copy_on_write(2e9, 1e9, info, 1e6, 1000)
    assert (term.bytes, term.source) == (100e6, "measured")


def test_without_a_save_it_is_modelled_from_writes():
    term = copy_on_write(1e9, 1e9, {"rdb_last_cow_size": "0"}, 1000.0, 1000)
    assert term.source == "estimated"
    assert 1000 * 10 * PAGE < term.bytes < 1000 * 10 * 3 * PAGE


def test_a_longer_save_copies_more():
    short, long = (
        copy_on_write(1e9, 1e9, {"rdb_last_bgsave_time_sec": s}, 1000.0, 1000).bytes
        for s in ("2", "20")
    )
    assert long > 5 * short


def test_where_nothing_tells_nothing_is_said():
    assert copy_on_write(1e9, 1e9, {}, None, 1000) is None


@given(counts, counts, st.floats(0, 1e6))
def test_no_more_pages_are_written_than_there_are(pages, writes, size):
    assert 0 <= pages_written(pages, writes, size) <= pages
