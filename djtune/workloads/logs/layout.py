"""Layouts of text logs, from the format that the server is configured with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from djtune.errors import DjtuneError

from . import patterns
from .columns import COLUMNS, UNITS, Column, Duration, Memo, Row, duration

HINT_FORMAT = "give the server's own format: --log-format '…' (docs/workload.md)"


class Layout(Protocol):
    """How the requests of a file are written."""

    name: str
    """As reports show it."""
    has: frozenset[Column]
    duration_from: str
    """Which column the durations come from; empty without them."""
    unclear: str
    """Why a column that may be a duration was not read; empty where there is none."""
    durations: Memo[Duration | None]

    def rows(self, lines: str) -> tuple[list[Row], list[int]]:
        """Read whole lines: their requests, and the places of those that are none, from 0."""


@dataclass
class TextLayout:
    """Lines that one regular expression reads."""

    name: str
    strict: re.Pattern[str]
    lenient: re.Pattern[str]
    places: tuple[int, ...]
    """The group of each of :data:`COLUMNS`."""
    has: frozenset[Column]
    durations: Memo[Duration | None]
    duration_from: str = ""
    unclear: str = ""

    def rows(self, lines: str) -> tuple[list[Row], list[int]]:
        """Read whole lines at once, and one by one where some do not fit."""
        arranged = itemgetter(*self.places)
        found = self.strict.findall(lines)
        if len(found) == lines.count("\n") + (not lines.endswith("\n")):
            return list(map(arranged, found)), []
        rows, bad = [], []
        for number, line in enumerate(lines.split("\n")):
            match = self.strict.match(line) or self.lenient.match(line)
            if match is not None:
                rows.append(arranged(match.groups("")))
            elif line.strip():
                bad.append(number)
        return rows, bad


@dataclass(frozen=True)
class _Variable:
    """What a variable of a format is, and how it is written."""

    columns: tuple[Column, ...] = ()
    pattern: str = ""
    """With a group per column; without it, text up to what follows."""
    unit: str = "s"
    rank: int = 0
    """Of several durations the one with the lowest is taken."""


_REQUEST: tuple[Column, ...] = ("method", "path")
_TIMES = f"({patterns.NUMBER})"
_NGINX = {
    "request": _Variable(_REQUEST),
    "request_method": _Variable(("method",), f"({patterns.METHOD}|)"),
    "request_uri": _Variable(("path",)),
    "uri": _Variable(("path",)),
    "document_uri": _Variable(("path",)),
    "status": _Variable(("status",), f"({patterns.STATUS})"),
    "body_bytes_sent": _Variable(("bytes",), f"({patterns.SIZE})"),
    "bytes_sent": _Variable(("bytes",), f"({patterns.SIZE})", rank=1),
    "upstream_response_time": _Variable(("duration",), r"([-\d.,: ]+?)", rank=0),
    "request_time": _Variable(("duration",), _TIMES, rank=1),
    "time_local": _Variable(("time",), f"({patterns.LOCAL_TIME})"),
    "time_iso8601": _Variable(("time",), f"({patterns.ISO_TIME})"),
    "msec": _Variable(("time",), r"(\d+\.\d+)"),
    "remote_addr": _Variable(pattern=r"\S++"),
}
_GUNICORN = {
    "r": _Variable(_REQUEST),
    "m": _Variable(("method",), f"({patterns.METHOD}|)"),
    "U": _Variable(("path",)),
    "s": _Variable(("status",), f"({patterns.STATUS})"),
    "B": _Variable(("bytes",), f"({patterns.SIZE})"),
    "b": _Variable(("bytes",), f"({patterns.SIZE})", rank=1),
    "D": _Variable(("duration",), r"(\d++)", unit="us", rank=0),
    "L": _Variable(("duration",), r"(\d++\.\d++)", unit="s", rank=1),
    "M": _Variable(("duration",), r"(\d++)", unit="ms", rank=2),
    "t": _Variable(("time",), rf"\[({patterns.LOCAL_TIME})\]"),
    "h": _Variable(pattern=r"\S++"),
    "l": _Variable(pattern=r"\S++"),
}
_COMMON = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
NAMED_FORMATS = {
    "common": _COMMON,
    "combined": f'{_COMMON} "$http_referer" "$http_user_agent"',
    "gunicorn": '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"',
}
"""The formats that servers have a name for, and gunicorn's own."""

_PIECE = re.compile(r"%\((?P<gunicorn>[^)]*)\)[sd]|\$(?:\{(?P<braced>\w+)\}|(?P<nginx>\w+))|%%")
_DECLARED = re.compile(r"\s*(?:log_format\s+\S+|[\w.]*access_log_?format\s*[=:])", re.IGNORECASE)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


def from_format(given: str, unit: str = "") -> TextLayout:
    """Return the layout of a log that a server writes with this nginx or gunicorn format.

    The whole directive may be given: ``log_format main '…' '…';``, ``access_log_format = "…"``.
    ``unit`` overrides that of the durations. Raises :class:`DjtuneError` for a format that does
    not say what was asked for.
    """
    pieces = _pieces(NAMED_FORMATS.get(given.strip(), _undeclared(given)))
    chosen = _chosen(pieces)
    for column in ("method", "path", "status"):
        if column not in chosen:
            raise DjtuneError(
                f"the log format has no {column}",
                hint="nginx: $request $status; gunicorn: %(r)s %(s)s; common, combined and "
                "gunicorn are names of formats",
            )
    strict, places = _expression(pieces, chosen)
    lenient, _ = _expression(pieces, chosen, lenient=True)
    timed = chosen.get("duration")
    variable = _variable(pieces[timed]) if timed is not None else _Variable()
    scale = UNITS[unit or variable.unit]
    return TextLayout(
        name=given.strip() if given.strip() in NAMED_FORMATS else "the format of --log-format",
        strict=strict,
        lenient=lenient,
        places=places,
        has=frozenset(chosen),
        durations=Memo(lambda text: duration(text, scale)),
        duration_from="" if timed is None else pieces[timed].written,
    )


@dataclass(frozen=True)
class _Piece:
    """A variable of a format, or the text between two."""

    written: str
    name: str = ""
    gunicorn: bool = False


def _undeclared(given: str) -> str:
    """Take the format out of the directive that it stands in."""
    declared = _DECLARED.match(given)
    if not declared:
        return given.strip("\r\n")
    rest = given[declared.end() :]
    parts = [one or other for one, other in _QUOTED.findall(rest)]
    return re.sub(r"\\(['\"\\])", r"\1", "".join(parts)) if parts else rest.strip(" ;\n")


def _pieces(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    end = 0
    literal = ""
    for match in _PIECE.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        if match[0] == "%%":
            literal += "%"
            continue
        pieces.append(_Piece(literal))
        literal = ""
        name = match["gunicorn"] or match["braced"] or match["nginx"] or ""
        pieces.append(_Piece(match[0], name, match["gunicorn"] is not None))
    return [piece for piece in [*pieces, _Piece(literal + text[end:])] if piece.written]


def _variable(piece: _Piece) -> _Variable:
    return (_GUNICORN if piece.gunicorn else _NGINX).get(piece.name, _Variable())


def _chosen(pieces: Sequence[_Piece]) -> dict[Column, int]:
    """Column → the piece that it is read from: the best of several."""
    found: dict[Column, int] = {}
    for place, piece in enumerate(pieces):
        variable = _variable(piece) if piece.name else _Variable()
        for column in variable.columns:
            if column not in found or variable.rank < _variable(pieces[found[column]]).rank:
                found[column] = place
    return found


def _expression(
    pieces: Sequence[_Piece], chosen: dict[Column, int], *, lenient: bool = False
) -> tuple[re.Pattern[str], tuple[int, ...]]:
    """The expression of a line, and the group of each column: the last, empty one for none.

    A lenient one lets anything stand between the columns that are read, but for the text beside
    them. That is one choice a column at most: a long line that does not fit is soon given up.
    """
    read = set(chosen.values())
    written = ""
    groups: list[Column] = []
    for place, piece in enumerate(pieces):
        before = pieces[place - 1].written[-1:] if place else ""
        after = pieces[place + 1].written[:1] if place + 1 < len(pieces) else ""
        if place in read:
            columns = [column for column in _variable(piece).columns if chosen[column] == place]
            groups += columns
            written += _column(_variable(piece), columns, before, after)
        elif not piece.name and (not lenient or {place - 1, place + 1} & read):
            written += re.escape(piece.written)
        elif not lenient:
            written += _anything(_variable(piece), before, after)
        elif not written.endswith(_GAP):
            written += _GAP
    expression = re.compile(rf"^{written}()\r?$", re.MULTILINE)
    order = [groups.index(c) if c in groups else len(groups) for c in COLUMNS]
    return expression, tuple(order)


_GAP = r"[^\n]*?"
_QUOTES = ('"', "'", "|")


def _anything(variable: _Variable, before: str, after: str) -> str:
    """A variable that is not read."""
    if variable.pattern:
        return re.sub(r"\((?!\?)", "(?:", variable.pattern)
    if before == after and before in _QUOTES:
        return patterns.text(after)
    return rf"[^{re.escape(after)}\n]*+"


def _column(variable: _Variable, columns: Sequence[Column], before: str, after: str) -> str:
    """A variable that is read, with a group for each of its columns."""
    if variable.pattern:
        return variable.pattern
    quoted = before == after and before in _QUOTES
    if len(variable.columns) == 1:
        return patterns.path(after if quoted else (after or "\n"))
    whole = patterns.request(after) if quoted else patterns.bare_request()
    for place, column in enumerate(_REQUEST):
        if column not in columns:  # another variable of the format says it
            whole = _without_group(whole, place)
    return whole


def _without_group(pattern: str, place: int) -> str:
    """Make the capturing group at ``place`` a plain one."""
    opening = [match.start() for match in re.finditer(r"(?<!\\)\((?!\?)", pattern)][place]
    return f"{pattern[:opening]}(?:{pattern[opening + 1 :]}"
