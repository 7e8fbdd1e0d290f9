"""Which columns stay when there is little room."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.reports.columns import GAP, Extent, fit


def extent(natural: int, extra: int, priority: int) -> Extent:
    return Extent(natural + extra, natural, priority)


EXTENTS = st.lists(
    st.builds(extent, st.integers(1, 30), st.integers(0, 20), st.integers(0, 5)), min_size=1
)


def total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


@given(extents=EXTENTS, width=st.integers(1, 200))
def test_what_is_kept_fits_unless_nothing_may_be_dropped(extents: list[Extent], width: int) -> None:
    widths = fit(extents, width)
    kept = [w for w in widths if w is not None]
    droppable = [w for w, e in zip(widths, extents, strict=True) if e.priority and w is not None]
    assert total(kept) <= width or not droppable


@given(extents=EXTENTS, width=st.integers(1, 200))
def test_a_column_is_never_dropped_before_one_of_a_higher_number(
    extents: list[Extent], width: int
) -> None:
    widths = fit(extents, width)
    pairs = list(zip(extents, widths, strict=True))
    dropped = [e.priority for e, w in pairs if w is None]
    kept = [e.priority for e, w in pairs if w is not None]
    assert not dropped or (min(dropped) > 0 and min(dropped) >= max(kept, default=0))


@given(extents=EXTENTS, width=st.integers(1, 200))
def test_a_width_lies_between_what_is_needed_and_what_is_wanted(
    extents: list[Extent], width: int
) -> None:
    for got, e in zip(fit(extents, width), extents, strict=True):
        assert got is None or e.minimum <= got <= e.natural


@given(extents=EXTENTS)
def test_with_room_enough_every_column_has_what_it_wants(extents: list[Extent]) -> None:
    naturals = [e.natural for e in extents]
    assert fit(extents, total(naturals)) == naturals


def test_the_rightmost_of_equals_goes_first_and_what_is_freed_is_used() -> None:
    extents = [Extent(20, 10), Extent(10, 10, 1), Extent(10, 10, 1)]
    assert fit(extents, 26) == [14, 10, None]
