"""What is shown while an experiment runs: a bar, and below it the intervals that narrow."""

import math
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

WIDEST_BAR, NARROWEST_BAR = 41, 9
HEADS = ("Metric", "Against the baseline", "Blocks")
BESIDE = 6
"""Lines of the terminal that are left to the bar, to what came before, and to the cursor."""
GAP = "  "
ASCII = str.maketrans("×–−→µ·…─●│┼≤≥∞", "x-->u..-o|+<>8")
STYLES = {"good": "green", "bad": "red", "": ""}


class Row(Struct, frozen=True):
    """One comparison as it stands."""

    variant: str
    metric: str
    figure: str
    """The ratio or difference and its interval, as text."""
    blocks: int
    ratio: float | None
    """After over before, for the bar; ``None`` where there is none."""
    low: float | None
    high: float | None
    tone: Literal["good", "bad", ""] = ""


class Watching:
    """A progress bar with a table of comparisons below it."""

    def __init__(self, console: Console, description: str, total: float | None) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task(description, total=total)
        self._console = console
        self.live = Live(
            self._bar, console=console, transient=True, refresh_per_second=4, screen=False
        )

    def advance(self, steps: float = 1, *, description: str | None = None) -> None:
        """Move the bar on by ``steps``; a new ``description`` replaces the old one."""
        self._bar.update(self._task, advance=steps, description=description)

    def show(self, rows: Sequence[Row]) -> None:
        """Replace the table."""
        self.live.update(Group(self._bar, self._table(rows)))

    def _table(self, rows: Sequence[Row]) -> RenderableType:
        options = self._console.options
        shown = table(rows, options.max_width, max(1, self._console.height - BESIDE))
        if options.ascii_only:
            shown.plain = shown.plain.translate(ASCII)
        return shown


def table(rows: Sequence[Row], width: int, height: int) -> Text:
    """The comparisons by variant, a line each; lines that find no room are counted."""
    cells = [(f"  {row.metric}", row.figure, str(row.blocks)) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(HEADS, *cells, strict=True)]
    room = min(WIDEST_BAR, width - 1 - sum(widths) - len(GAP) * len(widths))
    span = spread(rows)
    lines = [_line(HEADS, widths, "dim")]
    variant = None
    for row, texts in zip(rows, cells, strict=True):
        if row.variant != variant:
            lines.append(Text(variant := row.variant, style="bold"))
        lines.append(_line(texts, widths, STYLES[row.tone]))
        if room >= NARROWEST_BAR:
            lines[-1].append(GAP + bar(row, room, span))
    if len(lines) > height:
        lines[height - 1 :] = [Text(f"and {len(lines) - height + 1} more lines", style="dim")]
    for line in lines:
        line.truncate(width - 1, overflow="ellipsis")
    return Text("\n").join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], style: str) -> Text:
    *texts, number = cells
    fitted = map(set_cell_size, texts, widths)
    return Text(GAP.join([*fitted, number.rjust(widths[-1])]), style=style)


def spread(rows: Sequence[Row]) -> float:
    """How far the bars reach to either side of 1, as a logarithm: to the widest interval.

    At least 1 %, and at most a factor of 2, so that one wild interval hides no others.
    """
    bounds = [x for row in rows for x in (row.low, row.ratio, row.high) if x is not None and x > 0]
    finite = [abs(math.log(x)) for x in bounds if math.isfinite(x)]
    return min(math.log(2), max([math.log(1.01), *finite]))


def bar(row: Row, width: int, span: float) -> str:
    """An interval on a line whose middle is 1: ``  ──●──   │``; ``span`` is what the ends are."""
    middle = (width - 1) // 2
    cells = [" "] * middle + ["│"] + [" "] * middle
    if row.ratio is None:
        return "".join(cells).rstrip()

    def place(x: float) -> int:
        log = math.log(x) if x > 0 else -math.inf
        return round(middle * (1 + max(-1.0, min(1.0, log / span))))

    low = 0 if row.low is None else place(row.low)
    high = 2 * middle if row.high is None else place(row.high)
    for at in range(low, high + 1):
        cells[at] = "┼" if at == middle else "─"
    cells[place(row.ratio)] = "●"
    return "".join(cells).rstrip()
