"""A report as one HTML file: offline, light and dark, readable on a phone, safe to pass around."""

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.resources import files
from xml.etree.ElementTree import Element

import msgspec

from djtune.reports import format as f
from djtune.reports import palette, svg
from djtune.reports.blocks import (
    Bars,
    Block,
    Cell,
    Chart,
    Column,
    Command,
    Finding,
    Flame,
    Heading,
    Note,
    Page,
    Report,
    Stack,
    Table,
    Tone,
    Treemap,
)
from djtune.reports.flame import Functions, address, flame_parts, top_table
from djtune.reports.markup import extend, html, tag
from djtune.reports.palette import LOOKS, looks
from djtune.reports.text import clean, cleaned
from djtune.reports.treemap import hatching, treemap

_SIGNS: dict[Tone, str] = {"plain": "", "good": "✓", "warn": "!", "bad": "✗", "muted": ""}
_WORDS: dict[Tone, str] = {
    "plain": "",
    "good": "good",
    "warn": "warning",
    "bad": "bad",
    "muted": "",
}


LONGEST_NAME = 60
"""Letters of a row's name that break after slashes alone; what is longer reads like a sentence."""


def render_html(report: Report, *, version: str, command_line: str = "") -> str:
    """The report as a page of its own.

    Nothing is loaded from anywhere: the policy in its head allows its own style and script, by
    their hashes, and nothing else. Without scripts everything is there but sorting, copying and
    the switch between light and dark.
    """
    report = cleaned(report)
    style, script = _asset("report.css") + _palette_css(), _asset("report.js")
    blocks = [*report.blocks, *(block for page in report.pages for block in page.blocks)]
    if any(isinstance(block, Flame) for block in blocks):
        style, script = style + _asset("flame.css"), script + _asset("flame.js")
    maps = any(isinstance(block, Treemap) for block in blocks)
    if maps:
        style += _asset("treemap.css")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content=f"djtune {version}"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{report.title} · djtune"),
        tag("style", style),
    )
    content = _Body(report)
    body = tag(
        "body",
        svg.patterns(),
        hatching() if maps else None,
        _header(report),
        tag("main", *content.blocks()),
        content.functions.data(),
        _footer(version, clean(command_line)),
        tag("script", script),
    )
    return "<!doctype html>\n" + html(tag("html", head, body, lang="en")) + "\n"


def _asset(name: str) -> str:
    return (files("djtune.reports") / "assets" / name).read_text(encoding="utf-8")


def _palette_css() -> str:
    """The palette's colours as classes: ``f`` fills, ``l`` lines."""
    return "".join(
        f".f{look.number}{{fill:light-dark({look.light},{look.dark})}}"
        f".l{look.number}{{color:light-dark({look.light},{look.dark})}}\n"
        for look in LOOKS
    )


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _header(report: Report) -> Element:
    return tag(
        "header",
        tag("h1", report.title),
        tag("p", report.subtitle, class_="subtitle") if report.subtitle else None,
    )


def _footer(version: str, command_line: str) -> Element:
    return tag(
        "footer",
        tag("span", f"djtune {version}"),
        tag("code", command_line) if command_line else None,
    )


class _Body:
    """The blocks of a report as elements; findings are numbered, anchors unique."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.looks = looks(report)
        self.anchors = {b.anchor for b in report.blocks if isinstance(b, Heading) and b.anchor}
        self.anchors |= {page.anchor for page in report.pages}
        self.used: set[str] = set()
        self.findings = 0
        self.numbered = True
        self.functions = Functions()

    def blocks(self) -> Iterator[Element]:
        for block in self.report.blocks:
            yield from self.block(block)
        # On the pages stand the same findings again.
        self.numbered = False
        if self.report.pages:
            yield self.heading(Heading("One by one", anchor="pages"))
        for page in self.report.pages:
            yield self.page(page)

    def page(self, page: Page) -> Element:
        """A page, folded up; browsers unfold it for a link to what is inside."""
        return tag(
            "details",
            tag(
                "summary",
                tag("span", page.title, class_="title"),
                tag("span", page.summary, class_="muted") if page.summary else None,
            ),
            tag(
                "div",
                *(element for block in page.blocks for element in self.block(block)),
                id=page.anchor,
            ),
            class_="page",
        )

    def block(self, block: Block) -> Iterator[Element]:
        match block:
            case Heading():
                yield self.heading(block)
            case Table():
                yield self.table(block)
            case Bars():
                yield _bars(block)
            case Chart():
                yield self.chart(block)
            case Flame():
                yield self.flame(block)
            case Treemap():
                yield treemap(block)
            case Finding():
                self.findings += 1
                yield _finding(block, str(self.findings) if self.numbered else "")
            case Note():
                yield _note(block)
            case Command():
                yield _command(block)

    def heading(self, heading: Heading) -> Element:
        anchor = self.anchor(heading)
        return tag(
            f"h{min(heading.level + 1, 6)}",
            heading.text,
            tag("a", "#", class_="anchor", href=f"#{anchor}", aria_label="Link to this section"),
            id=anchor,
        )

    def anchor(self, heading: Heading) -> str:
        """The heading's own anchor, else one made of its text that is not taken."""
        if heading.anchor and heading.anchor not in self.used:
            self.used.add(heading.anchor)
            return heading.anchor
        stem = re.sub(r"[^a-z0-9]+", "-", heading.text.lower()).strip("-") or "section"
        anchor, number = stem, 2
        while anchor in self.used | self.anchors:
            anchor, number = f"{stem}-{number}", number + 1
        self.used.add(anchor)
        return anchor

    def table(self, table: Table) -> Element:
        longest = [_longest(table, i) for i in range(len(table.columns))]
        key = _key_column(table)
        head = tag("tr", *(_head(c, key=i == key) for i, c in enumerate(table.columns)))
        body = tag("tbody")
        for row in table.rows:
            cells = (
                self.cell(cell, table.columns[i], longest[i], key=i == key)
                for i, cell in enumerate(row)
            )
            extend(body, tag("tr", *cells))
        return tag(
            "figure",
            tag("figcaption", table.title) if table.title else None,
            self.legend(table),
            tag(
                "div",
                tag("table", tag("thead", head), body),
                class_="scroll",
                tabindex="0",
                role="region",
                aria_label=table.title or "Table",
            ),
            tag("p", table.caption, class_="caption") if table.caption else None,
            _column_help(table),
            class_="table",
        )

    def legend(self, table: Table) -> Element | None:
        labels = palette.legend(table)
        if not labels:
            return None
        entries = (tag("li", svg.swatch(self.looks[label]), label) for label in labels)
        return tag("ul", *entries, class_="legend")

    def cell(self, cell: Cell, column: Column, longest: float, *, key: bool) -> Element:
        classes = [column.align] + ["key"] * key + [cell.tone] * (cell.tone != "plain")
        classes += ["sentence"] * (key and len(cell.text) > LONGEST_NAME)
        value = _sort_value(cell)
        element = tag(
            "th" if key else "td",
            class_=" ".join(classes),
            scope="row" if key else None,
            data_v=f"{value:.6g}" if value is not None else None,
        )
        if cell.text:
            extend(element, tag("span", _sign(cell.tone), self.text(cell, key=key), class_="v"))
        if cell.note:
            extend(element, tag("small", cell.note))
        if cell.stack is not None:
            extend(element, self.stack(cell.stack, longest))
        return element

    def text(self, cell: Cell, *, key: bool) -> Element:
        """The text, a link where it leads somewhere; the name of a row may break after a slash."""
        href = f"#{cell.link}" if cell.link in self.anchors else address(cell.file)
        element = tag("a", href=href) if href else tag("span")
        if key and len(cell.text) <= LONGEST_NAME:
            for piece in re.findall(r".+?(?:/(?! )|$)", cell.text):
                extend(element, tag("span", piece, class_="piece"), tag("wbr"))
        else:
            extend(element, cell.text)
        return element

    def stack(self, stack: Stack, longest: float) -> Element:
        """The bar; one of several parts unfolds to its figures, with neither mouse nor script."""
        drawing = svg.stack_bar(stack, longest, self.looks)
        if len(stack.segments) < 2:
            return drawing
        total = sum(max(s.value, 0.0) for s in stack.segments)
        parts = (
            tag(
                "li",
                svg.swatch(self.looks[s.label]),
                tag("span", s.label),
                tag("span", svg.part(s.text, s.value, total), class_="figure"),
            )
            for s in stack.segments
        )
        return tag("details", tag("summary", drawing), tag("ul", *parts), class_="parts")

    def flame(self, flame: Flame) -> Element:
        """The graph, drawn by the script, and its figures for those who cannot see it."""
        table = self.table(msgspec.structs.replace(top_table(flame), title=""))
        top = tag("details", tag("summary", "Time by function"), table, class_="help")
        graph = tag("figure", *flame_parts(flame, self.functions), top, class_="flame")
        if not flame.folded:
            return graph
        return tag("details", tag("summary", flame.title), graph, class_="folded")

    def chart(self, chart: Chart) -> Element:
        drawing = svg.chart(chart, self.looks)
        keys = (
            tag("li", svg.chart_key(i, self.looks[s.label]), s.label)
            for i, s in enumerate(chart.series)
        )
        return tag(
            "figure",
            tag("figcaption", chart.title) if chart.title else None,
            tag("ul", *keys, class_="legend") if len(chart.series) > 1 else None,
            tag("p", chart.y_label, class_="axis-label"),
            tag("p", "No points to draw.", class_="caption") if drawing is None else drawing,
            tag("p", chart.x_label, class_="axis-label x"),
            _points(chart),
        )


def _longest(table: Table, index: int) -> float:
    totals = (
        sum(max(s.value, 0.0) for s in stack.segments)
        for row in table.rows
        if (stack := row[index].stack) is not None
    )
    return max(totals, default=0.0)


def _key_column(table: Table) -> int:
    """The column that names the row: the first of text, which stays in sight on a phone."""
    texts = (i for i, column in enumerate(table.columns) if column.align == "left")
    return next(texts, 0)


def _head(column: Column, *, key: bool) -> Element:
    return tag(
        "th",
        column.title,
        scope="col",
        class_=f"{column.align} key" if key else column.align,
        title=column.help,
    )


def _sort_value(cell: Cell) -> float | None:
    if cell.text:
        return f.value_of(cell.text)
    return sum(s.value for s in cell.stack.segments) if cell.stack is not None else None


def _column_help(table: Table) -> Element | None:
    helped = [column for column in table.columns if column.help]
    if not helped:
        return None
    entries = tag("dl")
    for column in helped:
        extend(entries, tag("dt", column.title), tag("dd", column.help))
    return tag("details", tag("summary", "What the columns mean"), entries, class_="help")


def _bars(bars: Bars) -> Element:
    longest = max((max(b.value, b.high or 0.0) for b in bars.bars), default=0.0)
    rows = (
        tag(
            "tr",
            tag("th", bar.label, scope="row"),
            tag("td", svg.bar(bar, longest), class_="drawing"),
            tag("td", _sign(bar.tone), bar.text, class_=f"right {bar.tone}"),
        )
        for bar in bars.bars
    )
    title = f"{bars.title} ({bars.unit})" if bars.title and bars.unit else bars.title or bars.unit
    whiskers = any(bar.low is not None for bar in bars.bars)
    return tag(
        "figure",
        tag("figcaption", title) if title else None,
        tag("table", tag("tbody", *rows), class_="bars"),
        tag("p", "Whiskers: 95 % interval.", class_="caption") if whiskers else None,
    )


def _points(chart: Chart) -> Element | None:
    """The chart's figures as a table, for those who cannot see it."""
    count = sum(len(series.points) for series in chart.series)
    if not 0 < count <= 200:
        return None
    x, y = f.by_unit(chart.x_unit), f.by_unit(chart.y_unit)
    rows = (
        tag(
            "tr",
            tag("td", s.label),
            tag("td", x(a), class_="right"),
            tag("td", y(b), class_="right"),
        )
        for s in chart.series
        for a, b in s.points
    )
    head = tag("tr", *(tag("th", t) for t in ("", chart.x_label, chart.y_label)))
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return tag(
        "details", tag("summary", "Figures"), tag("div", table, class_="scroll"), class_="help"
    )


def _finding(finding: Finding, number: str) -> Element:
    facts = tag("dl")
    for label, content in (
        ("Because", _evidence(finding.evidence)),
        ("Remedy", tag("p", finding.remedy) if finding.remedy else None),
        ("Confidence", tag("p", finding.confidence) if finding.confidence else None),
    ):
        if content is not None:
            extend(facts, tag("dt", label), tag("dd", content))
    return tag(
        "article",
        tag(
            "h3",
            tag("span", number, class_="number") if number else None,
            tag("span", finding.severity, class_=f"severity {finding.severity}"),
            finding.title,
        ),
        tag("p", tag("code", finding.where), class_="where") if finding.where else None,
        tag("p", tag("span", "Saves ", class_="label"), finding.saving, class_="saving")
        if finding.saving
        else None,
        facts if len(facts) else None,
        _patch(finding.patch) if finding.patch else None,
        class_="finding",
        id=f"finding-{number}" if number else None,
    )


def _evidence(evidence: list[str]) -> Element | None:
    return tag("ul", *(tag("li", item) for item in evidence)) if evidence else None


def _patch(patch: str) -> Element:
    lines = tag("code")
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    for line in patch.removesuffix("\n").split("\n"):
        kind = "file" if line.startswith(("+++", "---")) else kinds.get(line[:1])
        extend(lines, tag("span", line, class_=kind) if kind else line, "\n")
    return tag("pre", lines, class_="copy")


def _note(note: Note) -> Element:
    return tag("p", _sign(note.tone), note.text, class_=f"note {note.tone}")


def _command(command: Command) -> Element:
    return tag(
        "div",
        tag("p", f"Next: {command.why}") if command.why else None,
        tag("pre", tag("code", command.text), class_="copy"),
        class_="command",
    )


def _sign(tone: Tone) -> Element | None:
    sign = _SIGNS[tone]
    return tag("span", sign, class_="sign", role="img", aria_label=_WORDS[tone]) if sign else None
