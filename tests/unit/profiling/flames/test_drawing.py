"""What becomes of a recording: figures, blocks and pages."""

import msgspec
import pytest

from djtune.errors import DjtuneError, ExitCode
from djtune.model.workload import Journey, Step, Workload
from djtune.profiling.flames import drawing
from djtune.profiling.flames.drawing import Drawing
from djtune.profiling.flames.graph import Places
from djtune.profiling.flames.recording import Recorded
from djtune.reports.blocks import Flame, Heading, Note, Page, Report
from djtune.servers.pyspy import Options
from djtune.servers.sampler import Recording, Stack

LIST, DETAIL = "GET /shows/", "GET /shows/<int:pk>/"
WORKLOAD = Workload(
    [
        Journey("list", [Step("shows/")], weight=9.0),
        Journey("detail", [Step("shows/<int:pk>/")], weight=1.0),
    ]
)
MAIN = "<module> (/agent/bootstrap.py:1)"


def recorded(stacks: dict[Stack, int], requests=(10, 10), seconds=(1.0, 3.0)) -> Recorded:
    return Recorded(
        Recording(stacks, sum(stacks.values()), rate=100, seconds=4.0),
        markers={LIST: [0], DETAIL: [1]},
        requests=list(requests),
        seconds=list(seconds),
        places=Places(["/srv"], ["/v/django"], ["/v"], ["/usr"], ["/agent"]),
    )


def below(marker: str, *functions: str) -> Stack:
    return (MAIN, f"{marker} (<djtune>:1)", *functions)


def drawn(stacks: dict[Stack, int], options: Options | None = None) -> Drawing:
    return drawing.draw(recorded(stacks), WORKLOAD, set(), options or Options())


TWO = {below(LIST, "a"): 110, below(DETAIL, "b"): 290}


def test_shares_of_samples_stand_beside_those_of_wall_time():
    first, second = drawn(TWO).result.routes
    assert (first.route, first.share, first.wall_share) == ("/shows/<int:pk>/", 0.725, 0.75)
    assert (second.route, second.share, second.wall_share) == ("/shows/", 0.275, 0.25)


def test_the_merged_graph_is_weighted_as_the_workload_is():
    # 9 × 0.1 s against 1 × 0.3 s, whatever the recording's own shares.
    merged = drawn(TWO).inline[0]
    widths = {frame.name: frame.value for frame in merged.frames if frame.depth == 1}
    assert widths[LIST] / widths[DETAIL] == pytest.approx(3.0)


def test_samples_of_cpu_time_weigh_by_themselves():
    merged = drawn(TWO, Options(idle=False, gil=True)).inline[0]
    widths = {frame.name: frame.value for frame in merged.frames if frame.depth == 1}
    assert widths[LIST] / widths[DETAIL] == pytest.approx(9 * 110 / 290, rel=1e-3)


def test_every_route_that_was_seen_has_a_page_and_a_profile():
    made = drawn({below(LIST, "a"): 5})
    assert set(made.pages) == {"all.html", "GET-shows.html"}
    assert [one["name"] for one in made.speedscope["profiles"]] == ["all routes", LIST]
    files = {f"{route.method} {route.route}": route.file for route in made.result.routes}
    assert files == {LIST: "GET-shows.html", DETAIL: ""}


def test_no_graph_is_ever_empty():
    with pytest.raises(DjtuneError, match="none of 7 samples fell into a request") as raised:
        drawn({(MAIN,): 7})
    assert raised.value.exit_code == ExitCode.INCOMPLETE


class TestTheSection:
    def report(self, *pages: Page) -> Report:
        method = [Heading("How it was measured", anchor="method"), Note("so")]
        return Report("t", method, pages=list(pages))

    def test_comes_before_how_it_was_measured(self):
        made = drawing.add_section(self.report(), drawn(TWO), "flames/")
        headings = [block.anchor for block in made.blocks if isinstance(block, Heading)]
        assert headings == ["flamegraphs", "method"]
        flames = [block for block in made.blocks if isinstance(block, Flame)]
        assert [(one.file, one.folded) for one in flames] == [
            ("flames/all.html", False),
            ("flames/GET-shows-pk.html", True),
            ("flames/GET-shows.html", True),
        ]

    def test_a_route_with_a_page_has_its_graph_there(self):
        made = drawing.add_section(self.report(Page(LIST, "list", [])), drawn(TWO), "")
        heading, graph = made.pages[0].blocks
        assert isinstance(heading, Heading)
        assert isinstance(graph, Flame)
        assert (graph.file, graph.folded) == ("GET-shows.html", False)
        files = [block.file for block in made.blocks if isinstance(block, Flame)]
        assert files == ["all.html", "GET-shows-pk.html"]

    def test_the_result_can_be_written_as_json(self):
        result = drawn(TWO).result
        assert msgspec.json.decode(msgspec.json.encode(result), type=type(result)) == result
