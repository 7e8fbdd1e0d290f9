"""A report on terminals of any width, with and without colours, in pipes and in files."""

import io
import os
import pty
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from djtune.reports.blocks import (
    Bar,
    Bars,
    Block,
    Cell,
    Chart,
    Column,
    Command,
    Finding,
    Heading,
    Note,
    Report,
    Segment,
    Series,
    Stack,
    Table,
)
from djtune.reports.terminal import FILE_WIDTH, console_for, render_terminal

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def shown(report: Report, width: int = 100, *, color: bool = False, encoding: str = "utf-8") -> str:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, newline="")
    system = "truecolor" if color else None
    console = Console(file=stream, width=width, force_terminal=color, color_system=system)
    render_terminal(report, console)
    stream.flush()
    return buffer.getvalue().decode(encoding)


def blocks(*items: Block, width: int = 100, color: bool = False) -> str:
    return shown(Report("title", list(items)), width, color=color)


@pytest.mark.parametrize("width", [60, 80, 100, 140, 240])
@pytest.mark.parametrize("color", [False, True])
def test_only_what_is_to_be_copied_passes_the_width(demo: Report, width: int, color: bool) -> None:
    to_copy = [block.text for block in demo.blocks if isinstance(block, Command)]
    for block in demo.blocks:
        to_copy += block.patch.splitlines() if isinstance(block, Finding) else []
    lines = ANSI.sub("", shown(demo, width, color=color)).splitlines()
    long = [line for line in lines if cell_len(line) > width]
    assert {line.strip() for line in long} <= {line.strip() for line in to_copy}


def test_a_narrow_terminal_drops_the_least_important_columns_and_names_them(demo: Report) -> None:
    text = " ".join(shown(demo, 80).split())
    assert "Not shown at this width: p50, p95, p99, n, Bytes, gzip, Hit ratio, Phases." in text
    assert "--html FILE and --format json" in text
    assert "Queries" in text
    assert "SQL execute" not in text  # no legend for a column that is not there


def test_a_wide_one_shows_all_with_the_intervals_beside_their_figures(demo: Report) -> None:
    text = shown(demo, 280)
    assert "Not shown" not in text
    assert re.search(
        r"^ 1  GET /api/epg/ +41\.2 % \[39\.1–43\.3\] █+ +184 ms \[177–191\]", text, re.M
    )


def test_signs_and_words_say_what_colours_say(demo: Report) -> None:
    text = shown(demo, FILE_WIDTH)
    assert "\x1b" not in text
    assert "! DEBUG is on" in text
    assert "✗ budget 'GET /api/epg*: p95<200ms' breached" in text
    assert "✓ budget 'queries<60' met" in text
    assert "✗ 261 ms" in text
    assert "! 302" in text
    assert "1. HIGH  N+1" in text


def test_colours_add_nothing_but_colours_and_finer_bars(demo: Report) -> None:
    def words(text: str) -> list[str]:
        return re.findall(r"[A-Za-z0-9]+", ANSI.sub("", text))

    plain, coloured = shown(demo, 140), shown(demo, 140, color=True)
    assert "\x1b[" in coloured
    assert words(coloured) == words(plain)


def test_no_color_leaves_no_colour(demo: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    console = Console(file=stream, width=140, force_terminal=True, color_system="truecolor")
    render_terminal(demo, console)
    text = stream.getvalue()
    assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|38|48|9[0-7])[;m]", text)
    assert "░░ SQL execute" in text


def test_parts_of_a_stacked_bar_are_told_apart_without_colours() -> None:
    stack = Stack([Segment("SQL", 5), Segment("Python", 3), Segment("cache", 2)], full=True)
    text = blocks(Table([Column("Phases")], [[Cell(stack=stack)]]), width=20)
    assert "█████████" + "█░░░░░░▓▓▓▓" in text
    assert "██ SQL" in text
    assert "░░ Python" in text


def test_stacks_are_compared_within_their_column_unless_they_are_full() -> None:
    def bars(*, full: bool) -> list[int]:
        rows = [[Cell(stack=Stack([Segment("a", n), Segment("b", n)], full))] for n in (1, 4)]
        return [
            line.count("█")
            for line in blocks(Table([Column("x")], rows)).splitlines()
            if "█░" in line.strip() or "█░" in line
        ]

    assert bars(full=False)[0] * 4 == pytest.approx(bars(full=False)[1], abs=3)
    assert bars(full=True)[0] == bars(full=True)[1]


def test_one_part_alone_is_a_plain_bar_without_legend() -> None:
    rows = [[Cell(f"{n} %", stack=Stack([Segment("share", n)]))] for n in (50, 25)]
    text = blocks(Table([Column("Share", "right")], rows))
    assert "50 % ████████████\n" in text
    assert "25 % ██████\n" in text
    assert "share" not in text


def test_long_names_fold_after_a_slash() -> None:
    rows = [[Cell("GET /api/hls/<slug:channel>/playlist.m3u8"), Cell("1" * 40)]]
    text = blocks(Table([Column("Route"), Column("n", "right")], rows), width=75)
    assert "GET /api/hls/<slug:channel>/ " in text
    assert "\nplaylist.m3u8\n" in text


def test_an_interval_shows_as_the_fading_end_of_its_bar() -> None:
    text = blocks(Bars([Bar("a", 50, "50 ms", 25, 100)]))
    solid, fading, beyond = (text.count(sign) for sign in "█▒░")
    assert solid == pytest.approx(fading - 1, abs=1)  # and one of each in the key
    assert beyond - 1 == pytest.approx(solid + fading - 1, abs=1)


def test_patches_and_commands_are_whole_lines_to_copy() -> None:
    patch = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-" + "x" * 150 + "\n+\ty\n "
    command = "djtune profile " + "x" * 150
    text = blocks(Finding("f", patch=patch), Command(command), width=60)
    assert f"\n{patch.rstrip()}" in text
    assert f"\n  {command}\n" in text


def test_a_finding_says_all_it_has_and_nothing_it_has_not() -> None:
    finding = Finding("Slow", "a.py:3", ["one", "two"], "3 ms", "Do it.", confidence="likely")
    assert blocks(finding).splitlines()[2:] == [
        "1. MEDIUM  Slow",
        "   where    a.py:3",
        "   saves    3 ms",
        "   because  · one",
        "            · two",
        "   remedy   Do it.",
        "   sure?    likely",
    ]
    assert blocks(Finding("Slow")).splitlines()[2:] == ["1. MEDIUM  Slow"]


def chart(*series: Series, **options: object) -> Chart:
    return Chart(list(series), "load", "time", **options)


def test_a_chart_rises_where_its_points_do() -> None:
    text = blocks(chart(Series("p50", [(0, 0), (1, 1), (2, 2)]), y_unit="s"))
    rows = [
        line.split("┤")[-1].split("│")[-1]
        for line in text.splitlines()
        if "┤" in line or "│" in line
    ]
    columns = [min((i for i, c in enumerate(row) if c.strip()), default=-1) for row in rows]
    assert columns == sorted(columns, reverse=True)
    assert columns[0] > columns[-1] == 0
    assert re.search(r"^ *2 s ┤", text, re.M)


def test_two_lines_have_signs_of_their_own_without_colours() -> None:
    text = blocks(chart(Series("p50", [(0, 1), (1, 1)]), Series("p95", [(0, 2), (1, 2)])))
    assert "• p50   + p95" in text
    assert re.search(r"┤\+{60,}", text)
    assert re.search(r"[┤│]•{60,}", text)


@pytest.mark.parametrize(
    "item",
    [
        chart(),
        chart(Series("a", [])),
        chart(Series("a", [(0, float("nan"))])),
        chart(Series("a", [(0, 1), (-1, 1)]), log_x=True),
    ],
)
def test_a_chart_of_nothing_says_so(item: Chart) -> None:
    assert "no points to draw" in blocks(item)


@pytest.mark.parametrize(
    "item",
    [
        Table([], []),
        Table([Column("a")], []),
        Table([Column("")], [[Cell()]]),
        Table([Column("a", priority=9)], [[Cell("x" * 500)]]),
        Table([Column("a")], [[Cell(stack=Stack([]))]]),
        Table([Column("a")], [[Cell(stack=Stack([Segment("s", 0)]))]]),
        Table([Column("a")], [[Cell(stack=Stack([Segment("s", -1), Segment("t", 2)]))]]),
        Bars([]),
        Bars([Bar("a", 0, "0")]),
        Bars([Bar("a", -1, "−1", -2, 0)]),
        chart(Series("a", [(1, 1)])),
        chart(Series("a", [(1, -1), (2, 5)]), kind="step"),
        chart(Series("a", [(1, 1), (1000, 5)]), log_x=True),
        Heading(""),
        Note(""),
        Finding(""),
        Command(""),
    ],
)
@pytest.mark.parametrize("color", [False, True])
def test_the_smallest_and_strangest_blocks_render(item: Block, color: bool) -> None:
    assert blocks(item, width=40, color=color).startswith(("title", "\x1b[1mtitle"))


def test_nothing_in_a_text_drives_the_terminal(hostile: Report) -> None:
    text = shown(hostile, 140)
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "<img src=x" in text
    assert ANSI.sub("", shown(hostile, 140, color=True)).count("\x1b") == 0


def test_markup_of_the_terminal_library_is_text() -> None:
    assert "[bold red]x[/] :smile:" in blocks(Note("[bold red]x[/] :smile:"))


def test_a_terminal_without_unicode_gets_ascii_and_bars_that_differ(demo: Report) -> None:
    text = shown(demo, 140, encoding="ascii")
    assert "## Python" in text
    assert ".. SQL execute" in text
    assert "842 us" in text
    assert "[1.84-2.00]" in text
    fills = re.findall(r"(\S)\1 [A-Z]?[a-zA-Z ]+?(?=   |\n)", text[text.index("## Python") :])
    assert len(set(fills[:10])) == 10


def test_a_file_drops_nothing(demo: Report, tmp_path: Path) -> None:
    with (tmp_path / "report.txt").open("w", encoding="utf-8") as stream:
        console = console_for(stream)
        render_terminal(demo, console)
    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "Not shown" not in text
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines() if not line.startswith(" 1")) < FILE_WIDTH


def test_columns_overrules_the_room_of_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    with (tmp_path / "report.txt").open("w") as stream:
        assert console_for(stream).width == 72


def test_a_terminal_has_colours_unless_they_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    main, other = pty.openpty()
    with os.fdopen(main), os.fdopen(other, "w") as stream:
        assert console_for(stream).color_system is not None
        assert console_for(stream, color=False).no_color
        monkeypatch.setenv("NO_COLOR", "1")
        assert console_for(stream).no_color


def test_colours_can_be_forced_into_a_pipe() -> None:
    stream = io.StringIO()
    render_terminal(Report("t", [Note("x", "bad")]), console_for(stream, color=True))
    assert "\x1b[31m" in stream.getvalue()


def test_a_closed_pipe_is_the_callers_to_judge(demo: Report) -> None:
    read, write = os.pipe()
    os.close(read)
    console = console_for(os.fdopen(write, "w", buffering=1))
    with pytest.raises(BrokenPipeError):
        render_terminal(demo, console)
    os.dup2(os.open(os.devnull, os.O_WRONLY), write)
    console.file.close()


def test_a_finding_in_brief_is_its_title_place_and_saving() -> None:
    stream = io.StringIO()
    finding = Finding(
        "Too many queries", "shop/views.py:3", ["24 × SELECT"], "2 ms", "Add it.", "+ x", brief=True
    )
    render_terminal(Report("t", [finding]), Console(file=stream, width=80))
    told = stream.getvalue()
    assert all(word in told for word in ("Too many queries", "shop/views.py:3", "2 ms"))
    assert not any(word in told for word in ("24 ×", "Add it.", "+ x"))
