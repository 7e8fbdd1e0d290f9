"""The expressions of HTML templates (Angular, Vue, Alpine) as JavaScript.

A fragment keeps its length, so that a position in it is one in its file.
"""

import re
from typing import NamedTuple


class Fragment(NamedTuple):
    """An expression, to be read as JavaScript."""

    start: int
    """Of its text in the file, in UTF-16 units."""
    text: str
    before: str = "("
    """Put around the text for reading alone."""
    after: str = ")"


_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`"
_PIPES = re.compile(rf"{_STRING}|\|\||[()\[\]{{}}|:,;]")
_SEGMENTS = re.compile(rf"(?:{_STRING}|[^;])+")
_KEYWORD = re.compile(
    r"\s*(?:let\s+\w+\s*(?:=\s*\$?\w+(?:\s*,\s*\w+\s*=\s*\$?\w+)*|of\b)?"
    r"|\w+\s+of\b|(?:track|when|else|then|of|as\s+\w+)\b|\w+\s*:(?!:))"
)
_LOOP = re.compile(r"(\s*)(.*?)\s+(?:in|of)\s+(.*)", re.DOTALL)


def plain(start: int, text: str) -> Fragment:
    """``{{ show.title | slice:0:20 }}``, without its braces."""
    return Fragment(start, _without_pipes(text))


def statements(start: int, text: str) -> Fragment:
    """``(click)="show.open = true; play(show)"``."""
    return Fragment(start, text, "", "")


def microsyntax(start: int, text: str) -> Fragment:
    """``*ngFor="let show of shows; trackBy: key"`` and ``@for (show of shows; track show.id)``."""
    kept = [" "] * len(text)
    for segment in _SEGMENTS.finditer(text):
        begin, end = segment.span()
        keyword = _KEYWORD.match(segment[0])
        if keyword:
            begin += keyword.end()
        kept[begin:end] = text[begin:end]
        if segment.end() < len(text):
            kept[segment.end()] = ","
    return plain(start, "".join(kept))


def loop(start: int, text: str) -> list[Fragment]:
    """``v-for="({ title }, n) in shows"``."""
    parts = _LOOP.fullmatch(text)
    if not parts:
        return [plain(start, text)]
    return [parameters(start + parts.start(2), parts[2]), plain(start + parts.start(3), parts[3])]


def parameters(start: int, text: str) -> Fragment:
    """``#item="{ title }"``: what a function's parameters may be."""
    if text.startswith("("):
        return Fragment(start, text, "", "=>0")
    return Fragment(start, text, "(", ")=>0")


def _without_pipes(text: str) -> str:
    """Put a comma for the ``:`` before a pipe's arguments, which are expressions too.

    The ``|`` itself is an operator of JavaScript already.
    """
    kept = list(text)
    within = [False]  # a pipe, at each depth of brackets
    for sign in _PIPES.finditer(text):
        if sign[0] in "([{":
            within.append(False)
        elif sign[0] in ")]}" and len(within) > 1:
            within.pop()
        elif sign[0] in "|,;":
            within[-1] = sign[0] == "|"
        elif sign[0] == ":" and within[-1]:
            kept[sign.start()] = ","
    return "".join(kept)
