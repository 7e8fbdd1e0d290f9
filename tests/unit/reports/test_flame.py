"""Flame graphs in every renderer, and what the page's script makes of them."""

import json
import re
import shutil
import subprocess
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from report_demo import HOSTILE

from djtune.errors import DjtuneError
from djtune.reports import folder
from djtune.reports.blocks import Flame, FlameFrame, Page, Report, Segment
from djtune.reports.github import render_summary
from djtune.reports.html import render_html
from djtune.reports.terminal import console_for, render_terminal

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=1000",
    "--dump-dom",
]


def frame(depth: int, name: str, value: float, own: float = 0, origin="app") -> FlameFrame:
    return FlameFrame(name, value, own, depth, f"{name}.py:1", origin)


FRAMES = [
    frame(0, "GET /shows/", 100),
    frame(1, "handle", 100, 2, "django"),
    frame(2, "middleware", 98, 0, "django"),
    frame(3, "resolve", 97, 0, "django"),
    frame(4, "show_list", 95, 5),
    frame(5, "query", 60, 60, "django"),
    frame(5, "render", 30, 30, "library"),
]
"""A request in which three frames of Django's only pass the call on."""
TOP = [frame(0, "query", 60, 60, "django"), frame(0, "render", 30, 30, "library")]


def graph(**changes: object) -> Flame:
    origins = [Segment("django", 62), Segment("library", 30), Segment("app", 5)]
    return Flame(FRAMES, TOP, origins, title="GET /shows/", **changes)


def data(page: str, name: str) -> list:
    return json.loads(re.findall(rf'class="{name}">(.*?)</script>', page, re.DOTALL)[0])


def html(*blocks: Flame) -> str:
    return render_html(Report("t", list(blocks)), version="1")


class TestInAPage:
    def test_functions_are_written_once_for_all_graphs(self):
        page = html(graph(), graph())
        functions = data(page, "flame-functions")
        assert len(functions) == len({tuple(function) for function in functions}) == len(FRAMES)
        boxes = data(page, "flame-boxes")
        assert [functions[number][0] for number in boxes[1::4]] == [f.name for f in FRAMES]
        assert boxes[2::4] == [f.value for f in FRAMES]

    def test_it_can_be_read_without_seeing_or_scripts(self):
        page = html(graph())
        assert "Time by function" in page
        assert "query.py:1" in page
        assert "<noscript>" in page
        assert re.search(r"Django<b>63.9 %</b>", page)

    def test_a_page_without_graphs_carries_nothing_of_them(self):
        assert "flame" not in render_html(Report("t", []), version="1")

    def test_a_graph_on_a_route_s_page_is_drawn_too(self):
        report = Report("t", [], pages=[Page("GET /shows/", "shows", [graph()])])
        page = render_html(report, version="1")
        assert data(page, "flame-functions")
        assert "Flame graphs. A box" in page

    def test_fifty_routes_with_graphs_stay_under_a_megabyte(self):
        def large(route: int) -> Flame:
            boxes = [frame(0, f"GET /{route}/", 400)]
            boxes += [
                frame(1 + depth, f"{package}.package.function_{depth}_{package}", 400 - depth, 1)
                for package in range(8)
                for depth in range(50)
            ]
            return Flame(boxes[:400], boxes[:10], title=f"GET /{route}/", folded=True)

        assert len(html(*map(large, range(50))).encode()) < 1_000_000

    def test_hostile_names_end_no_element(self):
        hostile = FlameFrame(HOSTILE, 1, 1, 0, HOSTILE)
        page = html(Flame([hostile], [hostile], title=HOSTILE, caption=HOSTILE, file=HOSTILE))
        assert "<script>alert" not in page
        assert "<img" not in page
        assert data(page, "flame-functions")[0][0].startswith("</script><script>alert(1)")

    def test_a_link_leads_to_a_page_beside_it_and_nowhere_else(self):
        page = html(graph(file="javascript:alert(1)"))
        assert 'href="javascript%3Aalert%281%29"' in page


class TestElsewhere:
    def terminal(self, *blocks: Flame) -> str:
        stream = StringIO()
        render_terminal(Report("t", list(blocks)), console_for(stream))
        return stream.getvalue()

    def test_a_terminal_shows_where_the_time_is_spent_itself(self):
        shown = self.terminal(graph())
        assert re.search(r"query +60\.0 % +60\.0 % +query\.py:1 +Django", shown)

    def test_a_terminal_leaves_one_of_many_to_the_page(self):
        assert "query" not in self.terminal(graph(folded=True))

    def test_a_summary_on_github_has_the_same_table(self):
        assert "| query | 60.0 % | 60.0 % |" in render_summary(Report("t", [graph()]))
        assert "query" not in render_summary(Report("t", [graph(folded=True)]))


def browse(source: str, folder: Path) -> str:
    """What Chromium makes of a page; nothing may be said on its console."""
    if CHROMIUM is None:
        pytest.skip("no Chromium found: graphs were not drawn")
    file = folder / "page.html"
    file.write_text(source, encoding="utf-8")
    command = [CHROMIUM, *OPTIONS, f"--user-data-dir={folder / 'profile'}", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    return done.stdout


def test_the_policy_lets_the_page_draw_its_graph(tmp_path: Path) -> None:
    assert browse(html(graph()), tmp_path).count('role="treeitem"') == 5


TRIED = """
  const [figure, folded] = document.querySelectorAll("figure.flame");
  const boxes = (within = figure) => [...within.querySelectorAll(".box")];
  const shown = () => boxes().map(
    (b) => `${b.firstChild.textContent} ${parseFloat(b.style.width).toFixed(0)}`);
  const named = (name) => boxes().find((b) => b.textContent.startsWith(name));
  const button = (name) =>
    [...figure.querySelectorAll("button")].find((b) => b.textContent === name);
  const press = (key) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true }));
  const saw = { first: shown() };

  button("All frames").click(); saw.allFrames = shown(); button("All frames").click();
  named("query").click(); saw.zoomed = shown();
  button("Whole graph").click(); saw.wholeAgain = shown();

  boxes()[0].focus();
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"]) press(key);
  saw.moved = document.activeElement.textContent;
  press("Enter"); saw.entered = shown();
  press("Escape"); press("ArrowDown");
  saw.told = figure.querySelector(".flame-now").innerText;

  const input = figure.querySelector("input");
  input.value = "RENDER"; input.dispatchEvent(new Event("input"));
  saw.found = figure.querySelector("output").textContent;
  saw.marked = [...figure.querySelectorAll(".match")].map((b) => b.firstChild.textContent);

  saw.folded = boxes(folded).length;
  folded.parentElement.addEventListener("toggle", () => {
    saw.unfolded = boxes(folded).length;
    document.title = JSON.stringify(saw);
  });
  folded.parentElement.open = true;
"""


@pytest.fixture(scope="module")
def saw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen in a page with a graph, and another one that is folded up."""
    source = html(graph(), graph(folded=True))
    source = re.sub(r"<meta [^>]*Content-Security-Policy[^>]*>", "", source)
    source = source.replace("</body>", f"<script>{TRIED}</script></body>")
    dom = browse(source, tmp_path_factory.mktemp("flame"))
    title = re.search(r"<title>(.*?)</title>", dom)
    assert title is not None
    seen: dict[str, Any] = json.loads(unescape(title[1]))
    return seen


class TestInABrowser:
    def test_boxes_are_as_wide_as_their_share_and_runs_are_one(self, saw):
        assert saw["first"] == [
            "GET /shows/ 100",
            "⋯ 3 frames, down to resolve 100",
            "show_list 95",
            "query 60",
            "render 30",
        ]

    def test_all_frames_are_there_on_demand(self, saw):
        assert "middleware 98" in saw["allFrames"]

    def test_a_click_zooms_and_a_button_goes_back(self, saw):
        assert saw["zoomed"][-2:] == ["show_list 100", "query 100"]
        assert saw["wholeAgain"] == saw["first"]

    def test_keys_move_and_zoom(self, saw):
        assert saw["moved"].startswith("render")
        assert saw["entered"][-1] == "render 100"

    def test_the_box_in_focus_is_told_of(self, saw):
        assert "3 frames, down to resolve" in saw["told"]
        assert "100.0 %" in saw["told"]
        assert "2.0 % itself" in saw["told"]
        assert "handle → middleware → resolve" in saw["told"]

    def test_a_search_marks_boxes_and_sums_their_share(self, saw):
        assert (saw["found"], saw["marked"]) == ("30.0 % in matches", ["render"])

    def test_a_folded_graph_is_drawn_when_it_is_unfolded(self, saw):
        assert (saw["folded"], saw["unfolded"]) == (0, 5)


class TestFolder:
    PAGE = render_html(Report("t", []), version="1")

    def test_is_made_and_written_again(self, tmp_path: Path):
        where = tmp_path / "deep" / "flames"
        for _ in range(2):
            folder.prepare(where, "--flamegraph", ["all.html"])
            folder.write(where, "--flamegraph", {"all.html": self.PAGE})
        assert [file.name for file in where.iterdir()] == ["all.html"]

    def test_keeps_what_djtune_did_not_make(self, tmp_path: Path):
        mine = tmp_path / "GET-shows.html"
        mine.write_text("<p>my notes</p>")
        with pytest.raises(DjtuneError, match=r"GET-shows\.html is there already"):
            folder.write(
                tmp_path, "--flamegraph", {"all.html": self.PAGE, "GET-shows.html": self.PAGE}
            )
        assert mine.read_text() == "<p>my notes</p>"
        assert not (tmp_path / "all.html").exists()

    def test_is_refused_before_anything_is_measured(self, tmp_path: Path):
        (tmp_path / "all.html").write_text("mine")
        with pytest.raises(DjtuneError, match="djtune did not make it"):
            folder.prepare(tmp_path, "--flamegraph", ["all.html"])
        with pytest.raises(DjtuneError, match="--flamegraph"):
            folder.prepare(tmp_path / "all.html", "--flamegraph")
        with pytest.raises(DjtuneError, match="needs a folder"):
            folder.prepare(Path("--html"), "--flamegraph")
