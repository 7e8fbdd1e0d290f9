"""A report on GitHub: annotations from a workflow's log, and a summary in Markdown.

The format of workflow commands, their escaping and the limit of ten annotations a level and step
are GitHub's: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from djtune.reports.blocks import (
    Bars,
    Block,
    Cell,
    Chart,
    Command,
    Finding,
    Flame,
    Heading,
    Note,
    Report,
    Table,
    Tone,
)
from djtune.reports.flame import top_table
from djtune.reports.text import cleaned

Level = Literal["error", "warning", "notice"]

LIMIT = 10
"""GitHub shows ten annotations of a level from a step, and drops the others without a word."""
SUMMARY_LIMIT = 1_000_000
"""A step's summary may have 1 MiB; beyond it GitHub shows none."""
STACK_PARTS = 3
"""A stacked bar is told by its largest parts."""

_LEVELS: tuple[Level, ...] = ("error", "warning", "notice")
_SEVERITIES = ("high", "medium", "low", "info")
_SIGNS: dict[Tone, str] = {"plain": "", "good": "✅ ", "warn": "⚠️ ", "bad": "❌ ", "muted": ""}
_PLACE = re.compile(r"(?P<file>[^\s:,;()\"']+\.\w+):(?P<line>[1-9]\d*)")


class _Annotation(Struct):
    """One workflow command."""

    level: Level
    title: str
    message: str
    file: str = ""
    line: str = ""

    def __str__(self) -> str:
        properties = {"file": self.file, "line": self.line, "title": self.title}
        listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
        return f"::{self.level} {listed}::{_data(self.message)}"


def render_github(
    report: Report, *, directory: Path | None = None, workspace: Path | None = None
) -> str:
    """Workflow commands: errors for what was breached, warnings and notices for findings.

    The costliest come first, ten a level; a line says how many were left out. Files are named from
    ``directory`` (the current one) and become relative to ``workspace`` (``GITHUB_WORKSPACE``),
    as GitHub asks.
    """
    report = cleaned(report)
    root = workspace or Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    annotations = list(_annotations(report, directory or Path.cwd(), root))
    lines: list[str] = []
    for level in _LEVELS:
        found = [a for a in annotations if a.level == level]
        lines += map(str, found[:LIMIT])
        if len(found) > LIMIT:
            lines.append(f"{len(found) - LIMIT} more of level {level} are in the report only.")
    return "".join(line + "\n" for line in lines)


def render_summary(report: Report) -> str:
    """The report in GitHub's Markdown, for ``$GITHUB_STEP_SUMMARY``.

    What would pass the size that GitHub shows is cut off, between blocks, and that is said.
    """
    report = cleaned(report)
    parts = [f"## {_inline(report.title)}\n"]
    if report.subtitle:
        parts.append(_inline(report.subtitle) + "\n")
    length = sum(len(part.encode()) for part in parts)
    for block in report.blocks:
        part = "\n".join(_markdown(block)) + "\n"
        length += len(part.encode()) + 1
        if length > SUMMARY_LIMIT:
            parts.append("*The rest is too long for a summary: see `--html FILE`.*\n")
            break
        parts.append(part)
    return "\n".join(parts)


def _annotations(report: Report, directory: Path, root: Path) -> Iterator[_Annotation]:
    for block in report.blocks:
        match block:
            case Note(tone="bad"):
                yield _Annotation("error", report.title, block.text)
            case Table():
                for row in block.rows:
                    if any(cell.tone == "bad" for cell in row):
                        file, line = _row_place(row, directory, root)
                        text = _row_text(block, row)
                        yield _Annotation("error", block.title or report.title, text, file, line)
    findings = [block for block in report.blocks if isinstance(block, Finding)]
    # sorted() is stable: within a severity the order is the report's, which is by saving.
    for finding in sorted(findings, key=lambda f: _SEVERITIES.index(f.severity)):
        file, line = _place(finding.where, directory, root)
        saving = f"Saves {finding.saving}" if finding.saving else ""
        where = finding.where if not file else ""
        message = [where, *finding.evidence, saving, finding.remedy]
        yield _Annotation(
            "warning" if finding.severity in ("high", "medium") else "notice",
            finding.title,
            "\n".join(filter(None, message)) or finding.title,
            file,
            line,
        )


def _row_text(table: Table, row: list[Cell]) -> str:
    """The row's main figures, and those that are bad, with their columns' titles."""
    return " · ".join(
        f"{column.title}: {cell.text} {cell.note}".rstrip()
        for column, cell in zip(table.columns, row, strict=True)
        if cell.text and (column.priority == 0 or cell.tone == "bad")
    )


def _row_place(row: list[Cell], directory: Path, root: Path) -> tuple[str, str]:
    """The place that the note of one of the row's cells is."""
    notes = [cell.note for cell in row if _PLACE.fullmatch(cell.note)]
    return _place(notes[0], directory, root) if notes else ("", "")


def _place(where: str, directory: Path, root: Path) -> tuple[str, str]:
    """File and line, relative to the root of the checkout; empty where there are none inside."""
    match = _PLACE.search(where)
    if match is None:
        return "", ""
    path = os.path.relpath(os.path.normpath(directory / match["file"]), root)
    if path.startswith(".."):
        return "", ""
    return Path(path).as_posix(), match["line"]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * min(block.level + 2, 6)} {_inline(block.text)}"
        case Table():
            yield from _table(block)
        case Bars():
            if block.title:
                yield f"**{_inline(block.title)}**\n"
            yield from (
                f"- {_inline(bar.label)}: {_SIGNS[bar.tone]}{_inline(bar.text)}"
                for bar in block.bars
            )
        case Chart():
            names = ", ".join(series.label for series in block.series)
            yield f"*{_inline(f'{block.title or block.y_label}: {names}')} (see the HTML report)*"
        case Flame():
            if not block.folded:
                yield from _table(top_table(block))
        case Finding():
            yield from _finding(block)
        case Note():
            yield _SIGNS[block.tone] + _inline(block.text)
        case Command():
            yield f"Next: {_inline(block.why)}\n" if block.why else "Next:\n"
            yield from _fence(block.text, "sh")


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"**{_inline(table.title)}**\n"
    yield _line([_inline(column.title) or " " for column in table.columns])
    yield _line(["--:" if column.align == "right" else ":--" for column in table.columns])
    for row in table.rows:
        yield _line([_cell(cell) for cell in row])
    if table.caption:
        yield f"\n{_inline(table.caption)}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    parts = [_SIGNS[cell.tone] + _inline(cell.text)] if cell.text else []
    if cell.note:
        parts.append(f"<sub>{_inline(cell.note)}</sub>")
    if cell.stack is not None and len(cell.stack.segments) > 1:
        largest = sorted(cell.stack.segments, key=lambda s: -s.value)[:STACK_PARTS]
        described = ", ".join(f"{s.label} {s.text}".rstrip() for s in largest)
        parts.append(f"<sub>{_inline(described)}</sub>")
    return "<br>".join(parts) or " "


def _finding(finding: Finding) -> Iterator[str]:
    yield f"**{_inline(finding.title)}** ({finding.severity})\n"
    if finding.where:
        yield f"- where: {_inline(finding.where)}"
    if finding.saving:
        yield f"- saves: **{_inline(finding.saving)}**"
    for item in finding.evidence:
        yield f"- {_inline(item)}"
    if finding.remedy:
        yield f"- remedy: {_inline(finding.remedy)}"
    if finding.confidence:
        yield f"- confidence: {_inline(finding.confidence)}"
    if finding.patch:
        yield "\n<details><summary>Patch</summary>\n"
        yield from _fence(finding.patch.rstrip("\n"), "diff")
        yield "\n</details>"


def _fence(text: str, language: str) -> Iterator[str]:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    yield f"{fence}{language}\n{text}\n{fence}"


def _inline(text: str) -> str:
    """Text that Markdown shows as it is: no markup, links, mentions or HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]#|~$]|^[-+=])", r"\\\1", text)
    return text.replace("@", "@<!-- -->").replace("://", ":<!-- -->//")
