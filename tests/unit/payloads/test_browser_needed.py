"""From plays of a journey to what cannot go: how many plays, and when they run out."""

from djtune.payloads.browser.ablation import MOST_LOADS, needed
from djtune.payloads.browser.jobs import Outcome, Seen
from djtune.payloads.clients import Endpoint

ROWS = Endpoint("GET", "/api/rows/")


class Page:
    """Shows these fields, each at a place of its own."""

    def __init__(self, shown):
        self.shown = shown

    def play(self, look):
        gone = {path for removal in look.remove for path in removal.paths}
        places = {text: "as ever" for (text,) in self.shown if (text,) not in gone}
        return Outcome(seen=[Seen("look", places)])


def fields(count):
    return [(f"field_{number}",) for number in range(count)]


def test_what_is_shown_cannot_go():
    found = needed(Page(fields(2)), {ROWS: fields(8)})
    assert found.visible == {ROWS: fields(2)}
    assert [each.detail for each in found.differences] == ["places in the page: 2 missing"]


def test_what_was_written_is_taken_back_before_every_play():
    restored = []
    found = needed(Page([]), {ROWS: fields(8)}, lambda: restored.append(1))
    assert found.page_loads == len(restored) == 3


def test_what_is_still_open_when_the_plays_run_out_is_taken_as_needed():
    found = needed(Page(fields(150)), {ROWS: fields(400)})
    assert not found.complete
    assert found.page_loads == MOST_LOADS
    assert set(fields(150)) <= set(found.visible[ROWS])
