# ruff: noqa: RUF001 (typographic signs are meant)
"""A report on a terminal, in a pipe or in a file: dense, and readable without colours."""

import os
import stat
import sys
from io import StringIO
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from djtune.reports import plot
from djtune.reports.blocks import (
    Bar,
    Bars,
    Block,
    Chart,
    Command,
    Finding,
    Flame,
    Heading,
    Note,
    Report,
    Table,
    Treemap,
)
from djtune.reports.flame import top_table
from djtune.reports.palette import Look, looks
from djtune.reports.table import SIGNS, STYLES, table_lines
from djtune.reports.text import cleaned

PROSE = 100
"""Sentences are never wider than this: longer lines are hard to read."""
FILE_WIDTH = 240
"""In a file nothing need be dropped: tables get the room they need, up to this."""

_SEVERITY_STYLE = {"high": "bold red", "medium": "bold yellow", "low": "bold cyan", "info": "bold"}
_ASCII = str.maketrans(
    "µ×–−—…·✓✗█░▓▒╱▚▀▄▏▎▍▌▋▊▉─│└┤━■•≈≤≥∞",
    "ux---.-+x#.@:/%^_    ###-|+|-#*~<>8",
)
"""For terminals without Unicode; fills of bars stay distinct."""


class _PipedConsole(Console):
    """Lets its caller decide what a closed pipe means: rich would end the program with 1."""

    def on_broken_pipe(self) -> None:
        """Raise what is being handled."""
        raise


def console_for(stream: TextIO, *, color: bool | None = None) -> Console:
    """The console for a stream: ``color`` forces colours on or off, ``None`` asks the stream.

    On a terminal, or piped on to one, the width is the terminal's; ``COLUMNS`` overrules it. In a
    file, or where there is no terminal at all, tables get all the room that they need.
    """
    width = None if os.environ.get("COLUMNS") or _has_terminal(stream) else FILE_WIDTH
    return _PipedConsole(
        file=stream,
        width=width,
        no_color=None if color is None else not color,
        force_terminal=True if color else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def render_terminal(report: Report, console: Console) -> None:
    """Print the report; signs and words carry what colours say."""
    report = cleaned(report)
    if console.options.ascii_only:
        copy = Console(file=StringIO(), width=console.width, color_system=None)
        with copy.capture() as capture:
            _Writer(copy, looks(report)).report(report)
        plain = capture.get().translate(_ASCII).encode("ascii", "replace").decode()
        console.file.write(plain)
    else:
        _Writer(console, looks(report)).report(report)


def _has_terminal(stream: TextIO) -> bool:
    try:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            return False
    except (OSError, ValueError):
        return False
    return any(s is not None and s.isatty() for s in (stream, sys.stderr, sys.stdin))


class _Writer:
    """Prints blocks, one below the other."""

    def __init__(self, console: Console, looks: dict[str, Look]) -> None:
        self.console = console
        self.looks = looks
        self.mono = console.no_color or console.color_system is None
        self.prose = min(console.width, PROSE)
        self.findings = 0

    def report(self, report: Report) -> None:
        self.wrapped(Text(report.title, "bold"))
        if report.subtitle:
            self.wrapped(Text(report.subtitle, "dim"))
        previous: Block | None = None
        for block in report.blocks:
            if isinstance(block, Treemap) or (isinstance(block, Flame) and block.folded):
                continue
            if not (isinstance(block, Note) and isinstance(previous, Note | Table | Heading)):
                self.line(Text())
            self.block(block)
            previous = block

    def block(self, block: Block) -> None:
        match block:
            case Heading():
                self.heading(block)
            case Table():
                for line in table_lines(block, self.looks, self.console.width, mono=self.mono):
                    self.line(line)
            case Bars():
                self.bars(block)
            case Chart():
                self.chart(block)
            case Flame():
                self.block(top_table(block))
            case Finding():
                self.finding(block)
            case Note():
                self.note(block)
            case Command():
                self.command(block)

    def heading(self, heading: Heading) -> None:
        if heading.level > 1:
            self.wrapped(Text.assemble(("── ", "dim"), (heading.text, "bold")))
            return
        rule = "─" * max(self.prose - cell_len(heading.text) - 4, 0)
        self.wrapped(Text.assemble(("── ", "dim"), (heading.text, "bold"), (" " + rule, "dim")))

    def note(self, note: Note) -> None:
        sign = SIGNS[note.tone]
        self.wrapped(
            Text(note.text, "dim" if note.tone == "muted" else ""),
            first=Text(f"{sign} ", STYLES[note.tone]) if sign else None,
        )

    def command(self, command: Command) -> None:
        if command.why:
            self.wrapped(Text(f"Next: {command.why}", "dim"))
        self.line(Text.assemble("  ", (command.text, "bold")))

    def finding(self, finding: Finding) -> None:
        self.findings += 1
        number = f"{self.findings}. "
        word = finding.severity.upper()
        self.wrapped(
            Text(finding.title, "bold"),
            first=Text.assemble((number, "bold"), (word, _SEVERITY_STYLE[finding.severity]), "  "),
        )
        margin = " " * len(number)
        facts = [("where", [finding.where], "cyan"), ("saves", [finding.saving], "green")]
        if not finding.brief:
            facts += [
                ("because", finding.evidence, ""),
                ("remedy", [finding.remedy], ""),
                ("sure?", [finding.confidence], "dim"),
            ]
        for label, texts, style in facts:
            bullet = "· " if len(texts) > 1 else ""
            for text in filter(None, texts):
                first = Text(f"{margin}{label:<9}{bullet}", "dim")
                self.wrapped(Text(text, style), first=first)
                label = ""
        if finding.patch and not finding.brief:
            self.patch(finding.patch)

    def patch(self, patch: str) -> None:
        """At the left margin and unwrapped, so that what is copied applies."""
        self.line(Text())
        for line in patch.rstrip("\n").split("\n"):
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            style = "bold" if line.startswith(("+++", "---")) else style
            # Segments are written as they are; a Text would lose its tabs.
            segments = [Segment(line, Style.parse(style)), Segment.line()]
            self.console.print(Segments(segments), soft_wrap=True, end="")

    def bars(self, bars: Bars) -> None:
        if bars.title:
            self.wrapped(
                Text.assemble((bars.title, "bold"), (f" ({bars.unit})" * bool(bars.unit), "dim"))
            )
        labels = max((cell_len(bar.label) for bar in bars.bars), default=0)
        texts = max((cell_len(bar.text) for bar in bars.bars), default=0)
        room = max(min(self.prose - labels - texts - 4 - 2, 60), 8)
        longest = max((max(bar.value, bar.high or 0.0) for bar in bars.bars), default=0.0)
        for bar in bars.bars:
            fill = _fading(bar, room, longest)
            sign = SIGNS[bar.tone] or " "
            self.line(
                Text.assemble(
                    bar.label.ljust(labels + len(bar.label) - cell_len(bar.label)),
                    "  ",
                    (fill.ljust(room), STYLES[bar.tone] or "blue"),
                    "  ",
                    (sign + " ", STYLES[bar.tone]) if any(SIGNS[b.tone] for b in bars.bars) else "",
                    bar.text,
                )
            )
        if any(bar.low is not None for bar in bars.bars):
            self.wrapped(Text("▒░ the 95 % interval", "dim"))

    def chart(self, chart: Chart) -> None:
        if chart.title:
            self.wrapped(Text(chart.title, "bold"))
        lines = plot.plot(chart, self.looks, min(self.prose, 80), mono=self.mono)
        if not lines:
            self.wrapped(Text("no points to draw", "dim"))
            return
        key = plot.key(chart, self.looks, mono=self.mono)
        if key:
            self.line(key)
        self.line(Text(chart.y_label, "dim"))
        for line in lines:
            self.line(line)
        self.line(Text(chart.x_label.rjust(lines[0].cell_len), "dim"))

    def wrapped(self, text: Text, first: Text | None = None) -> None:
        """Prose, wrapped to the width; ``first`` stands before it, in a margin of its own."""
        margin = first.cell_len if first else 0
        for i, line in enumerate(text.wrap(self.console, max(self.prose - margin, 20))):
            lead = first if first is not None and i == 0 else Text(" " * margin)
            line.rstrip()
            self.line(Text.assemble(lead, line))

    def line(self, text: Text) -> None:
        """One line as it is, longer than the terminal if it must be."""
        self.console.print(text, soft_wrap=True)


def _fading(bar: Bar, room: int, longest: float) -> str:
    """A bar that is solid where the value is certain and fades across its interval."""
    if longest <= 0:
        return ""
    value = round(room * max(bar.value, 0) / longest)
    low = value if bar.low is None else round(room * max(bar.low, 0) / longest)
    high = value if bar.high is None else round(room * max(bar.high, 0) / longest)
    solid = min(low, value)
    return "█" * solid + "▒" * (value - solid) + "░" * max(high - value, 0)
