"""From V8's nested counts to the spans of a script that ran."""

from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.browser.coverage import ran


def test_a_function_that_was_not_called_is_left_out():
    assert ran([(0, 100, True), (20, 60, False)]) == [(0, 20), (60, 100)]


def test_an_inner_block_decides_for_itself():
    blocks = [(0, 100, True), (20, 60, False), (30, 40, True)]
    assert ran(blocks) == [(0, 20), (30, 40), (60, 100)]


def test_spans_that_touch_are_one():
    assert ran([(0, 10, True), (10, 20, True)]) == [(0, 20)]


@st.composite
def nested(draw, begin=0, end=60, depth=0):
    """Blocks inside of blocks, as functions are in a script."""
    blocks = [(begin, end, draw(st.booleans()))]
    marks = sorted(draw(st.sets(st.integers(begin, end), max_size=4)))
    for inner_begin, inner_end in zip(marks[::2], marks[1::2], strict=False):
        if depth < 3 and (inner_begin, inner_end) != (begin, end):
            blocks += draw(nested(inner_begin, inner_end, depth + 1))
    return blocks


@given(nested())
def test_the_smallest_block_around_a_position_decides(blocks):
    spans = ran(blocks)
    for position in range(60):
        around = [block for block in blocks if block[0] <= position < block[1]]
        smallest = min(around, key=lambda block: block[1] - block[0])
        assert any(begin <= position < end for begin, end in spans) == smallest[2]
