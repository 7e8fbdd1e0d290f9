"""Treemaps: every box as large as its part, and what fits of its label; drawn in HTML alone."""

import re
from html.parser import HTMLParser
from io import StringIO
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_demo import HOSTILE

from djtune.reports.blocks import Area, Group, Heading, Note, Page, Report, Treemap
from djtune.reports.github import render_summary
from djtune.reports.html import render_html
from djtune.reports.squarify import Box, squarify
from djtune.reports.terminal import console_for, render_terminal
from djtune.reports.treemap import HEIGHT, WIDTH, fitting, place, roots

GROUPS = [Group("used", "plain"), Group("unused", "bad"), Group("unknown", "muted", hatched=True)]
AREAS = [
    Area("response", 1000, "1 kB"),
    Area("shows[]", 900, "900 B", 1),
    Area("title", 300, "300 B", 2, "used", "read by guide.js:4"),
    Area("credits", 600, "600 B", 2, "unused"),
    Area("next", 80, "80 B", 1, "unknown"),
]


class Elements(HTMLParser):
    """The names of a page's elements, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.append(tag)


VALUES = st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=60).map(
    lambda values: sorted(values, reverse=True)
)
BOXES = st.builds(Box, st.just(0.0), st.just(0.0), st.floats(1, 2000), st.floats(1, 2000))


def shown(*areas: Area, **changes: object) -> str:
    block = Treemap(list(areas or AREAS), GROUPS, title="Bytes", **changes)
    return render_html(Report("t", [block]), version="1")


@given(VALUES, BOXES)
def test_boxes_are_as_large_as_their_values_and_fill_the_whole(
    values: list[float], whole: Box
) -> None:
    boxes = squarify(values, whole)
    area = whole.width * whole.height
    for value, box in zip(values, boxes, strict=True):
        assert box.width * box.height == pytest.approx(area * value / sum(values), rel=1e-3)
        assert box.x >= -1e-6
        assert box.x + box.width <= whole.width * (1 + 1e-6)
        assert box.y >= -1e-6
        assert box.y + box.height <= whole.height * (1 + 1e-6)


@given(VALUES, BOXES)
def test_boxes_do_not_overlap(values: list[float], whole: Box) -> None:
    for a, b in combinations(squarify(values, whole)[:15], 2):
        beside = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        below = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        assert min(beside, below) <= 1e-6 * max(whole.width, whole.height)


def test_equal_values_in_a_square_are_squares() -> None:
    assert squarify([1.0] * 4, Box(0, 0, 10, 10))[-1] == Box(5, 5, 5, 5)


def test_boxes_lie_inside_of_what_holds_them() -> None:
    placed = {p.node.area.label: p for p in place(roots(AREAS), Box(0, 0, WIDTH, HEIGHT))}
    assert [label for label, each in placed.items() if each.holds] == ["response", "shows[]"]
    outer = placed["shows[]"].box
    for inside in (placed["title"].box, placed["credits"].box):
        assert outer.x <= inside.x
        assert outer.y <= inside.y
        assert inside.x + inside.width <= outer.x + outer.width
        assert inside.y + inside.height <= outer.y + outer.height


def test_what_is_no_one_s_stays_empty() -> None:
    inside = Area("half", 5, depth=1, group="used")
    _, half = place(roots([Area("all", 10), inside]), Box(0, 0, 402, 422))
    assert half.box.width * half.box.height == pytest.approx(0.5 * 396 * 400)


def test_boxes_are_drawn_where_they_are_placed() -> None:
    drawn = re.findall(r'class="area" x="([\d.]+)%" y="([\d.]+)" width="([\d.]+)%"', shown())
    placed = [p.box for p in place(roots(AREAS), Box(0, 0, WIDTH, HEIGHT))]
    expected = [(100 * b.x / WIDTH, b.y, 100 * b.width / WIDTH) for b in placed]
    for figures, box in zip(drawn, expected, strict=True):
        assert tuple(map(float, figures)) == pytest.approx(box, abs=0.01)


def test_what_is_too_small_to_be_divided_has_its_largest_group() -> None:
    [whole] = place(roots(AREAS), Box(0, 0, 4, 4))
    assert (whole.holds, whole.group) == (False, "unused")


def test_each_box_says_what_it_is_to_who_points_at_it() -> None:
    titles = re.findall(r"<title>([^<]*)</title>", shown())
    assert "title\n300 B (30.0 %)\nused\nread by guide.js:4" in titles
    assert "shows[]\n900 B (90.0 %)" in titles


def test_the_legend_gives_the_groups_their_shares() -> None:
    page = shown()
    assert re.search(r"unused<b>60.0 %</b>", page)
    assert re.search(r"used<b>30.0 %</b>", page)
    assert page.count("url(#hatched)") == 2
    assert len(re.findall('id="hatched"', page)) == 1


def test_it_can_be_read_without_seeing() -> None:
    assert "Bytes. The largest: credits 60.0 %, title 30.0 %, next 8.0 %" in shown()


def test_a_page_without_one_carries_nothing_of_them() -> None:
    assert "treemap" not in render_html(Report("t", []), version="1")


def test_one_on_a_route_s_page_is_styled_too() -> None:
    block = Treemap(AREAS, GROUPS)
    page = render_html(Report("t", [], pages=[Page("r", "r", [block])]), version="1")
    assert ".treemap {" in page


def test_a_thousand_fields_stay_small() -> None:
    areas = [Area("all", 1e6, "1 MB")]
    areas += [Area(f"field_{n}", 1e6 / 2 ** (n / 20), "…", 1, "unused") for n in range(1000)]
    assert len(shown(*areas).encode()) < 200_000


@pytest.mark.parametrize("areas", [[], [Area("nothing", 0)]])
def test_nothing_to_draw_is_said(areas: list[Area]) -> None:
    page = render_html(Report("t", [Treemap(areas, GROUPS)]), version="1")
    assert "Nothing to draw." in page


def test_hostile_names_are_text() -> None:
    area = Area(HOSTILE, 10, HOSTILE, 0, HOSTILE, HOSTILE)
    block = Treemap([area], [Group(HOSTILE)], HOSTILE, HOSTILE)
    found = Elements()
    found.feed(render_html(Report("t", [block]), version="1"))
    assert "img" not in found.names
    assert found.names.count("script") == 1


def test_terminal_and_github_leave_it_to_the_table_beside_it() -> None:
    beside: list = [Heading("Fields"), Note("a note")]
    alone, both = Report("t", beside), Report("t", [beside[0], Treemap(AREAS, GROUPS), beside[1]])
    assert terminal(alone) == terminal(both)
    assert "credits" not in render_summary(both)


def terminal(report: Report) -> str:
    out = StringIO()
    render_terminal(report, console_for(out, color=False))
    return out.getvalue()


@given(st.text(), st.integers(0, 40))
def test_a_label_never_takes_more_room_than_there_is(label: str, letters: int) -> None:
    kept = fitting(label, letters)
    assert len(kept) <= letters
    assert kept in ("", label) or label.startswith(kept.removesuffix("…"))
