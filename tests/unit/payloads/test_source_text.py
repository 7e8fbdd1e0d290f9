"""Positions in a source, as browsers count them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from djtune.payloads.source.scan import scan_text
from djtune.payloads.source.text import SourceText

LINE_END = re.compile("\r\n|[\n\r\u2028\u2029]")
TEXT = st.text(st.sampled_from("ab .é😀\n\r\u2028\t"), max_size=60)


def units(text):
    return len(text.encode("utf-16-le")) // 2


@given(TEXT, TEXT)
def test_a_place_is_the_line_and_the_units_before_it(before, after):
    source = SourceText("a.js", f"{before}X{after}")
    place = source.place(units(before))
    *ended, last = LINE_END.split(before)
    assert (place.line, place.column) == (len(ended) + 1, units(last) + 1)
    assert "X" in place.text
    assert source.offset(place) == units(before)


@given(TEXT)
def test_no_text_is_too_odd_to_be_scanned(text):
    for language in ("javascript", "tsx", "html", "kotlin", "swift", "python"):
        assert scan_text(f"{text} show.title", language, "a").bytes == len(text.encode()) + 11
