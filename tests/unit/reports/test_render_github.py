"""Annotations and a summary on GitHub."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djtune.reports.blocks import (
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
from djtune.reports.github import SUMMARY_LIMIT, render_github, render_summary

HERE = Path("/checkout")


def annotations(*blocks: Block, directory: Path = HERE) -> list[str]:
    text = render_github(Report("Profile", list(blocks)), directory=directory, workspace=HERE)
    return text.splitlines()


def summary(*blocks: Block) -> str:
    return render_summary(Report("Profile", list(blocks)))


def test_a_finding_is_a_warning_at_its_line() -> None:
    finding = Finding("N+1", "GET /epg · app/views.py:41", ["48 queries"], "29 ms", "Do it.")
    assert annotations(finding) == [
        "::warning file=app/views.py,line=41,title=N+1::48 queries%0ASaves 29 ms%0ADo it."
    ]


def test_files_are_named_from_the_root_of_the_checkout() -> None:
    assert (
        "file=site/app/views.py,"
        in annotations(Finding("f", "app/views.py:4"), directory=HERE / "site")[0]
    )
    assert "file=app/views.py," in annotations(Finding("f", "/checkout/app/views.py:4"))[0]


@pytest.mark.parametrize(
    "where", ["GET /epg", "/usr/lib/python3/site.py:3", "profile:12345", "../x.py:3", "a.py:0"]
)
def test_where_there_is_no_line_in_the_checkout_the_message_says_where(where: str) -> None:
    assert annotations(Finding("f", where, severity="low")) == [f"::notice title=f::{where}"]


def test_what_was_breached_is_an_error() -> None:
    table = Table(
        [Column("Budget"), Column("Figure"), Column("n", priority=1)],
        [
            [Cell("p95<200ms"), Cell("261 ms", "[248–273]", "bad"), Cell("9")],
            [Cell("queries<60"), Cell("51", tone="good"), Cell("9")],
        ],
        title="Budgets",
    )
    assert annotations(Note("p99 breached", "bad"), table, Note("too high", "warn")) == [
        "::error title=Profile::p99 breached",
        "::error title=Budgets::Budget: p95<200ms · Figure: 261 ms [248–273]",
    ]


def test_the_gravest_come_first_and_ten_of_a_level_with_the_rest_counted() -> None:
    findings = [Finding(f"m{i}") for i in range(9)] + [
        Finding(f"h{i}", severity="high") for i in range(3)
    ]
    lines = annotations(*findings, Finding("i", severity="info"))
    titles = re.findall("title=(\\w+)", "\n".join(lines))
    assert titles == ["h0", "h1", "h2", *(f"m{i}" for i in range(7)), "i"]
    assert lines[10] == "2 more of level warning are in the report only."


def unescaped(text: str) -> str:
    for code, sign in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


@given(title=st.text("ab%:,=\n\r:0A2C3", min_size=1), message=st.text("ab%:,\n\r0AD25"))
def test_no_text_ends_a_command_or_a_property_early(title: str, message: str) -> None:
    (line,) = annotations(Finding(title, remedy=message or "x"))
    match = re.fullmatch(r"::warning title=([^:,]*)::(.*)", line)
    assert match is not None
    flat = re.sub(r"[\n\t]+", " ", title.replace("\r\n", "\n")).replace(
        "\r", "\N{REPLACEMENT CHARACTER}"
    )
    assert unescaped(match[1]) == flat


def test_hostile_text_makes_no_command_of_its_own(hostile: Report) -> None:
    for line in render_github(hostile).splitlines():
        assert re.match(r"::(error|warning|notice) [^:]*::(?!error)", line)
        assert "\x1b" not in line


def test_the_summary_has_every_block(demo: Report) -> None:
    text = render_summary(demo)
    assert text.startswith("## Profile of sample\\_site\n")
    assert "### Where the server's time goes" in text
    assert "| --: | :-- |" in text
    assert "❌ 261 ms<br><sub>\\[243–280\\]</sub>" in text
    assert "⚠️ DEBUG is on" in text
    assert "```diff\n--- a/sample_site/epg/views.py\n" in text
    assert "```sh\ndjtune profile 'GET /api/epg/'" in text
    assert "Response time under load: p50, p95" in text


def test_every_row_of_a_summary_s_table_has_its_cells(hostile: Report) -> None:
    rows = [line for line in render_summary(hostile).splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {14}


def test_a_stack_is_told_by_its_largest_parts() -> None:
    stack = Stack([Segment(label, i, f"{i} ms") for i, label in enumerate("abcd", 1)])
    assert "| <sub>d 4 ms, c 3 ms, b 2 ms</sub> |" in summary(
        Table([Column("x")], [[Cell(stack=stack)]])
    )


def test_markdown_in_a_text_is_text(hostile: Report) -> None:
    text = summary(Note("**x** [a](javascript:b) <b> `c` @me https://x.y #1"))
    assert "\\*\\*x\\*\\* \\[a\\](javascript:b) &lt;b&gt; \\`c\\` " in text
    assert "@me" not in text
    assert "https://" not in text
    outside_code = re.sub(r"^(`{3,})\w+\n.*?^\1$", "", render_summary(hostile), flags=re.S | re.M)
    assert set(re.findall(r"<[^!]*?>", outside_code)) == {
        "<br>", "<sub>", "</sub>", "<details>", "</details>", "<summary>", "</summary>"
    }  # fmt: skip


def test_a_patch_with_backticks_stays_inside_its_fence() -> None:
    text = summary(Finding("f", patch="+```\n+x\n"))
    assert "````diff\n+```\n+x\n````" in text


def test_a_long_report_is_cut_between_blocks_and_says_so() -> None:
    text = summary(*(Note("x" * 1000) for _ in range(2000)))
    assert len(text.encode()) < 1024 * 1024
    assert len(text.encode()) > SUMMARY_LIMIT * 0.9
    assert text.endswith("*The rest is too long for a summary: see `--html FILE`.*\n")


def test_a_report_without_findings_says_nothing() -> None:
    empty: list[Block] = [Heading("x"), Command("y"), Chart([Series("a", [])], "x", "y")]
    assert render_github(Report("Profile", empty)) == ""
