"""Pieces cut out of Python source, everything else kept to the byte."""

import ast
import io
import tokenize

from djtune.model.patches import lines_of

Position = tuple[int, int]
"""A line from 1 and a column from 0, in bytes, as in :mod:`ast`."""


class UnclearError(Exception):
    """The source does not show plainly what is to be changed; the message says why."""


class Cutting:
    """A source, and what is to be cut out of it."""

    def __init__(self, source: str) -> None:
        self.lines = [line.encode() for line in lines_of(source)]
        self.tree = ast.parse(source)
        self._source = source
        self._dropped: set[int] = set()
        self._replaced: dict[Position, tuple[int, int, str]] = {}

    def text(self, node: ast.expr) -> str:
        """A node as it is written."""
        return ast.get_source_segment(self._source, node) or ast.unparse(node)

    def indent(self, line: int) -> str:
        """The blanks that a line begins with."""
        text = self.lines[line - 1].decode()
        return text[: len(text) - len(text.lstrip())]

    def replace(self, node: ast.expr, text: str) -> None:
        """Write ``text`` in the place of a node."""
        self.replace_span(start_of(node), end_of(node), text)

    def replace_span(self, start: Position, end: Position, text: str) -> None:
        """Write ``text`` from ``start`` up to ``end``, where no comment may be lost."""
        tokens = tokenize.generate_tokens(io.StringIO(self._source).readline)
        if any(start < t.start < end for t in tokens if t.type == tokenize.COMMENT):
            raise UnclearError(f"a comment stands inside of what begins at line {start[0]}")
        for begun, (line, column, _) in self._replaced.items():
            if start < (line, column) and begun < end:
                raise UnclearError(f"two changes meet at line {start[0]}")
        self._replaced[start] = (*end, text)

    def drop_line(self, line: int) -> None:
        """Leave a line out."""
        self._dropped.add(line)

    def drop_statement(self, node: ast.stmt) -> None:
        """Leave a statement out, which must have its lines for itself."""
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        last = node.end_lineno or node.lineno
        before = self.lines[first - 1][: node.col_offset].strip()
        after = self.lines[last - 1][node.end_col_offset :].strip()
        if before or (after and not after.startswith(b"#")):
            raise UnclearError(f"line {first} holds more than one statement")
        self._dropped.update(range(first, last + 1))

    def replace_dropped(self, node: ast.stmt, text: str) -> None:
        """Write ``text`` in the place of a statement that was dropped."""
        line = node.lineno
        self._dropped.remove(line)
        self._replaced[line, node.col_offset] = (line, len(self.lines[line - 1].rstrip()), text)

    def is_dropped(self, node: ast.AST) -> bool:
        """Whether a node lies in lines that are left out."""
        return getattr(node, "lineno", 0) in self._dropped

    def result(self) -> str:
        """The source after it, without the blank lines that nothing divides any more."""
        lines = list(self.lines)
        for (line, column), (end_line, end_column, text) in sorted(self._replaced.items())[::-1]:
            whole = lines[line - 1][:column] + text.encode() + lines[end_line - 1][end_column:]
            lines[line - 1 : end_line] = [whole, *[b""] * (end_line - line)]
        dropped = self._dropped | self._blanks_beside(self._dropped)
        return b"".join(line for n, line in enumerate(lines, 1) if n not in dropped).decode()

    def _blanks_beside(self, dropped: set[int]) -> set[int]:
        """Blank lines before what is dropped if others follow it, or after it at a suite's top."""
        found: set[int] = set()
        for last in sorted(line for line in dropped if line + 1 not in dropped):
            first = last
            while first - 1 in dropped | found:
                first -= 1
            if not self._is_blank(last + 1):
                continue
            if self._is_blank(first - 1):
                found |= self._run(first - 1, -1)
            elif first > 1 and self.lines[first - 2].rstrip().endswith(b":"):
                found |= self._run(last + 1, 1)
        return found

    def _is_blank(self, line: int) -> bool:
        return not 0 < line <= len(self.lines) or not self.lines[line - 1].strip()

    def _run(self, line: int, step: int) -> set[int]:
        """The blank lines from one on."""
        found = set()
        while 0 < line <= len(self.lines) and self._is_blank(line):
            found.add(line)
            line += step
        return found


def start_of(node: ast.expr) -> Position:
    """Where a node begins."""
    return node.lineno, node.col_offset


def end_of(node: ast.expr) -> Position:
    """Where a node ends."""
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
