"""A source file whose positions are counted as browsers and editors count them."""

import re
from bisect import bisect_right
from functools import cached_property

from djtune.payloads.clients import Place

SHOWN = 120
"""Characters of a line that are kept for reports."""
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_LINE_END = re.compile("\r\n|[\n\r\u2028\u2029]")


class SourceText:
    """A text in UTF-16 code units: a string index is what JavaScript calls a column."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.units = _ASTRAL.sub(_surrogates, text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in _LINE_END.finditer(self.units))]

    def place(self, offset: int) -> Place:
        """Where the unit at ``offset`` stands, with its line or what surrounds it there."""
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.units)
        begin = start if end - start <= SHOWN else max(start, offset - SHOWN // 2)
        shown = self.units[begin : min(end, begin + SHOWN)].strip()
        return Place(self.file, line, offset - start + 1, whole(shown))

    def offset(self, place: Place) -> int:
        """The opposite: where a place of this file is, in units from its beginning."""
        return self._starts[place.line - 1] + place.column - 1


def whole(units: str) -> str:
    """Text made of code units as characters again."""
    if units.isascii():
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _surrogates(match: re.Match[str]) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))
