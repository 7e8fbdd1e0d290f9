"""A table as lines of text: what fits is laid out, what does not is named."""

import textwrap
from collections.abc import Iterator

from msgspec import Struct
from rich.cells import cell_len
from rich.text import Text

from djtune.reports import palette
from djtune.reports.blocks import Cell, Column, Stack, Table, Tone
from djtune.reports.columns import GAP, Extent, fit, fits
from djtune.reports.palette import Look

SIGNS: dict[Tone, str] = {"plain": "", "good": "✓", "warn": "!", "bad": "✗", "muted": ""}
STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "muted": "dim",
}
TEXT_MINIMUM = 26
"""Text columns are folded down to this before a column is dropped."""
BAR_MINIMUM, BAR_NATURAL = 6, 12
STACK_MINIMUM, STACK_NATURAL = 20, 36
_EIGHTHS = " ▏▎▍▌▋▊▉"
_BREAKS = " /.,_-)>]"


class _Needs(Struct, frozen=True):
    """What the cells of one column need: text, a note beside or under it, a bar."""

    column: Column
    index: int
    text: int
    note: int
    bar: Extent
    longest: float
    """The largest total of the column's stacks."""

    def figures(self, *, beside: bool) -> int:
        """The width of text and note together."""
        if beside and self.note:
            return self.text + 1 + self.note
        return max(self.text, self.note, *map(cell_len, self.column.title.split()), 1)

    def extent(self, *, beside: bool) -> Extent:
        """The width of the column at best and at least."""
        figures = (
            self.figures(beside=beside) if self.text or self.note or not self.bar.natural else 0
        )
        gap = 1 if figures and self.bar.natural else 0
        title = max(map(cell_len, self.column.title.split()), default=0)
        folded = min(figures, TEXT_MINIMUM) if self.column.align == "left" else figures
        return Extent(
            max(figures + gap + self.bar.natural, title),
            max(folded + gap + self.bar.minimum, title),
            self.column.priority,
        )


class _Slot(Struct, frozen=True):
    """The room that a column got."""

    needs: _Needs
    figures: int
    note: int
    """The part of ``figures`` for notes beside the text; 0 where they stand under it."""
    bar: int

    @property
    def width(self) -> int:
        return self.figures + self.bar + (1 if self.figures and self.bar else 0)

    @property
    def right(self) -> bool:
        return self.needs.column.align == "right"


def table_lines(table: Table, looks: dict[str, Look], width: int, *, mono: bool) -> Iterator[Text]:
    """The lines of a table ``width`` wide; under it its legend and the names of dropped columns."""
    if table.title:
        yield Text(table.title, "bold")
    slots = _slots(table, width)
    yield from _join([_title(slot) for slot in slots], slots, bottom=True)
    yield Text("─" * (sum(slot.width for slot in slots) + GAP * (len(slots) - 1)), "dim")
    for row in table.rows:
        cells = [_cell(row[slot.needs.index], slot, looks, mono=mono) for slot in slots]
        yield from _join(cells, slots)
    shown = {slot.needs.index for slot in slots}
    yield from _legend(palette.legend(table, shown), looks, width, mono=mono)
    yield from _dim(table.caption, width)
    dropped = [column.title for i, column in enumerate(table.columns) if i not in shown]
    if dropped:
        names = ", ".join(dropped)
        yield from _dim(
            f"Not shown at this width: {names}. They are in --html FILE and --format json.", width
        )


def stack_bar(
    stack: Stack, longest: float, width: int, looks: dict[str, Look], *, mono: bool
) -> Text:
    """A stacked bar, ``width`` long where its total is ``longest``.

    With colours a boundary falls on an eighth of a cell; without them each part has its own
    glyph. A part too short for a cell is left out.
    """
    scale = _total(stack) if stack.full else longest
    if scale <= 0 or _total(stack) <= 0:
        return Text()
    ends: list[tuple[float, str, str]] = []
    reached = 0.0
    for segment in stack.segments:
        reached += max(segment.value, 0.0)
        look = looks.get(segment.label)
        colour, glyph = (look.dark, look.glyph) if look else ("blue", "█")
        ends.append((reached / scale * width, colour, glyph))
    return _glyph_bar(ends) if mono else _colour_bar(ends)


def _slots(table: Table, width: int) -> list[_Slot]:
    """Notes go beside the text if all columns fit so, else under it; then columns are dropped."""
    needs = [_needs(table, i) for i in range(len(table.columns))]
    beside = fits([need.extent(beside=True).natural for need in needs], width)
    widths = fit([need.extent(beside=beside) for need in needs], width)
    return [
        _slot(need, got, beside=beside)
        for need, got in zip(needs, widths, strict=True)
        if got is not None
    ]


def _needs(table: Table, index: int) -> _Needs:
    cells = [row[index] for row in table.rows]
    stacks = [cell.stack for cell in cells if cell.stack is not None]
    if not stacks:
        bar = Extent(0, 0)
    elif all(len(stack.segments) <= 1 for stack in stacks):
        bar = Extent(BAR_NATURAL, BAR_MINIMUM)
    else:
        bar = Extent(STACK_NATURAL, STACK_MINIMUM)
    return _Needs(
        table.columns[index],
        index,
        text=max((_text(cell).cell_len for cell in cells), default=0),
        note=max((cell_len(cell.note) for cell in cells), default=0),
        bar=bar,
        longest=max((_total(stack) for stack in stacks), default=0.0),
    )


def _slot(needs: _Needs, width: int, *, beside: bool) -> _Slot:
    note = needs.note if beside else 0
    if not needs.bar.natural:
        return _Slot(needs, width, note, bar=0)
    if not needs.text and not needs.note:
        return _Slot(needs, 0, 0, bar=width)
    figures = min(needs.figures(beside=beside), width - 1 - needs.bar.minimum)
    return _Slot(needs, figures, note, bar=width - 1 - figures)


def _text(cell: Cell) -> Text:
    sign = SIGNS[cell.tone]
    return Text(f"{sign} {cell.text}" if sign else cell.text, STYLES[cell.tone])


def _title(slot: _Slot) -> list[Text]:
    """The title over the figures, broken between words; a long word reaches over the notes."""
    title = slot.needs.column.title
    room = slot.width
    if slot.figures and slot.right:
        longest = max(map(cell_len, title.split()), default=0)
        room = min(room, max(slot.figures - slot.note, longest))
    lines = [Text(line, "bold") for line in textwrap.wrap(title, max(room, 1)) or [""]]
    return [_padded(_aligned(line, room, right=slot.right), slot.width) for line in lines]


def _cell(cell: Cell, slot: _Slot, looks: dict[str, Look], *, mono: bool) -> list[Text]:
    """The lines of one cell, all as wide as its column."""
    lines = _figures(cell, slot) if slot.figures else [Text()]
    if slot.bar and cell.stack is not None:
        bar = stack_bar(cell.stack, slot.needs.longest, slot.bar, looks, mono=mono)
        lines[0] = Text.assemble(lines[0], " " if slot.figures else "", bar)
    return [_padded(line, slot.width) for line in lines]


def _figures(cell: Cell, slot: _Slot) -> list[Text]:
    text = _text(cell)
    if slot.note:
        room = slot.figures - slot.note - 1
        note = _padded(Text(cell.note, "dim"), slot.note)
        return [Text.assemble(_aligned(text, room, right=slot.right), " ", note)]
    lines = [Text(line, text.style) for line in folded(text.plain, slot.figures)]
    if cell.note:
        lines += [Text(line, "dim") for line in folded(cell.note, slot.figures)]
    return [_aligned(line, slot.figures, right=slot.right) for line in lines]


def _glyph_bar(ends: list[tuple[float, str, str]]) -> Text:
    bar = ""
    for end, _, glyph in ends:
        bar += glyph * (round(end) - len(bar))
    return Text(bar or ends[-1][2])


def _colour_bar(ends: list[tuple[float, str, str]]) -> Text:
    """Cells in the colour of what fills them; one with a boundary inside has two colours."""
    bar = Text()
    eighths = [(round(end * 8), colour) for end, colour, _ in ends]
    last = max(eighths[-1][0], 1)  # what is there is seen
    for start in range(0, last, 8):
        inside = [(min(end, start + 8) - start, colour) for end, colour in eighths if end > start]
        filled, colour = inside[0] if inside else (1, eighths[-1][1])
        if filled == 8:
            bar.append("█", colour)
        elif len(inside) > 1:
            bar.append(_EIGHTHS[filled], f"{colour} on {inside[1][1]}")
        else:
            bar.append(_EIGHTHS[filled], colour)
    return bar


def _total(stack: Stack) -> float:
    return sum(max(segment.value, 0.0) for segment in stack.segments)


def _join(cells: list[list[Text]], slots: list[_Slot], *, bottom: bool = False) -> Iterator[Text]:
    """Cells side by side, as many lines as the tallest has."""
    height = max(map(len, cells), default=0)
    for i in range(height):
        parts: list[Text] = []
        for lines, slot in zip(cells, slots, strict=True):
            at = i - (height - len(lines)) if bottom else i
            parts.append(lines[at] if 0 <= at < len(lines) else Text(" " * slot.width))
        joined = Text(" " * GAP).join(parts)
        joined.rstrip()
        yield joined


def _aligned(text: Text, width: int, *, right: bool) -> Text:
    padding = " " * max(width - text.cell_len, 0)
    return Text.assemble(padding, text) if right else Text.assemble(text, padding)


def _padded(text: Text, width: int) -> Text:
    return _aligned(text, width, right=False)


def folded(text: str, width: int) -> list[str]:
    """Text folded to a width, if it can be after a blank or a slash, else after another sign."""
    lines, rest = [], text
    while cell_len(rest) > max(width, 1):
        cut = len(rest)
        while cut > 1 and cell_len(rest[:cut]) > width:
            cut -= 1
        cut = _break(rest, cut)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, rest] if rest or not lines else lines


def _break(text: str, cut: int) -> int:
    """Where to break at ``cut`` at the latest; a break in the first half wastes too much."""
    for signs in (" /", _BREAKS):
        for i in range(cut, cut // 2, -1):
            if text[i - 1] in signs or (text[i] == " " and " " in signs):
                return i
    return cut


def _legend(labels: list[str], looks: dict[str, Look], width: int, *, mono: bool) -> Iterator[Text]:
    line = Text()
    for label in labels:
        look = looks[label]
        sign = Text(look.glyph * 2) if mono else Text("■", look.dark)
        entry = Text.assemble(sign, f" {label}")
        if line and line.cell_len + 3 + entry.cell_len > width:
            yield line
            line = Text()
        line = Text.assemble(line, "   " if line else "", entry)
    if line:
        yield line


def _dim(text: str, width: int) -> Iterator[Text]:
    if text:
        yield from (Text(line, "dim") for line in folded(text, width))
