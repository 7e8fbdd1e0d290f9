"""Tells the layout of a text log from its first lines: combined, with more columns or fewer."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from djtune.errors import DjtuneError

from . import patterns
from .columns import COLUMNS, UNITS, Column, Memo, duration
from .layout import HINT_FORMAT, TextLayout

_HEAD = (
    rf'^[^"\n\[]*+(?:\[({patterns.LOCAL_TIME}|{patterns.ISO_TIME})\])?+[^"\n]*+'
    rf'"{patterns.request(chr(34))}" ({patterns.STATUS})\b(?: ({patterns.SIZE})(?![^ \n]))?+'
)
"""Up to the size, which not all servers write; groups: time, method, path, status, size."""
_HEAD_GROUPS: tuple[Column, ...] = ("time", "method", "path", "status", "bytes")
_LINE = re.compile(rf"{_HEAD}([^\n]*)$", re.MULTILINE)
_QUOTED = r'"(?:[^"\\\n]++|\\.)*+"'
_TOKEN = rf'(?:[\w.-]++=)?+(?:{_QUOTED}|[^\s"]\S*+)'
_TOKENS = re.compile(_TOKEN)

_FRACTION = r"\d++\.(?:\d{6}|\d{3})(?!\d)"
"""How nginx writes seconds (three decimals) and gunicorn (six)."""
_WITH_UNIT = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|s)")
_LATEST = 1e6
"""Seconds; a larger number is a time of day."""
_NAMES = (
    ("urt", "upstream_response_time", "upstream_time"),
    ("rt", "request_time", "response_time", "duration"),
)
"""Names before ``=``, the better first: an upstream's time has no slow client in it."""


@dataclass(frozen=True)
class _Found:
    """A column of durations."""

    tail: str
    """The expression of what follows the size, with the duration as its group."""
    lenient_tail: str
    called: str
    unit: str


def detect(lines: Sequence[str], unit: str = "") -> TextLayout | None:
    """Return the layout that the lines have; ``None`` where none of them is a request.

    ``unit`` says what a column of whole numbers counts, which the lines do not tell. Raises
    :class:`DjtuneError` where it could be that of several columns.
    """
    matches = [match for line in lines if (match := _LINE.match(line))]
    if not matches:
        return None
    tails = [_TOKENS.findall(match[6]) for match in matches]
    found = _durations(tails, unit)
    whole = [] if found else _whole_numbers(tails)
    if unit and whole:
        if len(whole) > 1:
            raise DjtuneError(
                f"--duration-unit {unit} could be that of {len(whole)} columns", hint=HINT_FORMAT
            )
        found = _at(whole[0], _typical(tails), r"\d++", unit)
    has = {column for n, column in enumerate(_HEAD_GROUPS, 1) if any(m[n] for m in matches)}
    return _layout(has, found, tails, whole)


def _layout(
    has: set[Column], found: _Found | None, tails: Sequence[Sequence[str]], whole: Sequence[int]
) -> TextLayout:
    scale = UNITS[found.unit] if found else 1.0
    groups: list[Column] = [*_HEAD_GROUPS, *(["duration"] if found else [])]  # type: ignore[list-item]
    order = [groups.index(c) if c in groups else len(groups) for c in COLUMNS]
    tail, lenient = (found.tail, found.lenient_tail) if found else (r"[^\n]*+", r"[^\n]*+")
    return TextLayout(
        name=_name(has, found, tails),
        strict=re.compile(rf"{_HEAD}{tail}()$", re.MULTILINE),
        lenient=re.compile(rf"{_HEAD}{lenient}()$", re.MULTILINE),
        places=tuple(order),
        has=frozenset({*has, "duration"} if found else has),
        durations=Memo(lambda text: duration(text, scale)),
        duration_from=found.called if found else "",
        unclear=_unclear(whole) if not found else "",
    )


def _name(has: set[Column], found: _Found | None, tails: Sequence[Sequence[str]]) -> str:
    combined = "bytes" in has and _typical(tails)[:2] == [True, True]
    name = "combined" if combined else "common" if {"bytes", "time"} <= has else "access lines"
    return f"{name} with durations" if found else name


def _unclear(whole: Sequence[int]) -> str:
    if not whole:
        return ""
    columns = "a column" if len(whole) == 1 else f"{len(whole)} columns"
    return f"{columns} of whole numbers after the request may be µs, ms or something else"


def _typical(tails: Iterable[Sequence[str]]) -> list[bool]:
    """The shape of what follows the size in most lines: for each token, whether it is quoted."""
    shapes = Counter(tuple(token.startswith('"') for token in tail) for tail in tails)
    return list(shapes.most_common(1)[0][0])


def _durations(tails: Sequence[Sequence[str]], unit: str) -> _Found | None:
    named = _named(tails, unit)
    if named is not None:
        return named
    shape = _typical(tails)
    alike = [tail for tail in tails if len(tail) == len(shape)]
    for place in range(len(shape)):
        texts = [text for tail in alike if (text := tail[place].strip('"')) not in ("-", "")]
        if texts and all(_is_fraction(text) for text in texts):
            return _at(place, shape, _FRACTION, unit or "s")
        units = {match[2] for text in texts if (match := _WITH_UNIT.fullmatch(text))}
        if len(units) == 1 and all(_WITH_UNIT.fullmatch(text) for text in texts):
            (written,) = units
            return _at(place, shape, rf"\d++(?:\.\d++)?+(?={written})", _unit(written), written)
    return None


def _unit(written: str) -> str:
    return "us" if written == "µs" else written


def _is_fraction(text: str) -> bool:
    """Tell seconds from other fractions; an upstream's list has the form of its first."""
    first = re.split(r"[,:\s]+", text)[0]
    return bool(re.fullmatch(_FRACTION, first)) and float(first) < _LATEST


def _named(tails: Sequence[Sequence[str]], unit: str) -> _Found | None:
    """``urt=0.012``, ``request_time="0.012"``: seconds where there are decimals."""
    values: dict[str, list[str]] = {}
    for tail in tails:
        for token in tail:
            name, equals, value = token.partition("=")
            if equals and re.fullmatch(r"[\w.-]+", name):
                values.setdefault(name, []).append(value)
    for name in (name for names in _NAMES for name in names):
        texts = values.get(name, [])
        told = [text for value in texts if (text := value.strip('",')) not in ("-", "")]
        if told and (unit or all(_is_fraction(text) for text in told)):
            return _at_name(name, unit or "s", quoted=texts[0].startswith('"'))
    return None


_VALUES = r"[-\d.]++(?:(?: : |, )[-\d.]++)*+"
"""One number, or nginx's list of them."""


def _at_name(name: str, unit: str, *, quoted: bool) -> _Found:
    value = rf'"({_VALUES})"' if quoted else rf"({_VALUES})"
    named = rf"{re.escape(name)}={value}(?![^ \n])"
    return _Found(
        tail=rf"(?: (?!{re.escape(name)}=){_TOKEN})*+ {named}(?: {_TOKEN})*+$",
        lenient_tail=rf"[^\n]* {named}[^\n]*+",
        called=f"{name}=",
        unit=unit,
    )


def _at(place: int, shape: Sequence[bool], number: str, unit: str, suffix: str = "") -> _Found:
    """A column by its place among the tokens; in a line that is not regular, from its end."""
    after = len(shape) - place - 1
    several = "" if suffix or number != _FRACTION else r"(?:(?: : |, )[-\d.]++)*+"
    value = rf"({number}{several}|-){suffix}"
    column = rf'"{value}"' if shape[place] else rf"{value}(?![^ \n])"
    rest = rf"(?: {_TOKEN}){{{after}}}$"
    return _Found(
        tail=rf"(?: {_TOKEN}){{{place}}} {column}{rest}",
        lenient_tail=rf"[^\n]* {column}{rest}",
        called=f"column {place + 1} after the size",
        unit=unit,
    )


def _whole_numbers(tails: Sequence[Sequence[str]]) -> list[int]:
    """Columns that hold nothing but whole numbers."""
    shape = _typical(tails)
    alike = [tail for tail in tails if len(tail) == len(shape)]
    return [
        place
        for place in range(len(shape))
        if all(re.fullmatch(r'"?\d+"?', tail[place]) for tail in alike)
    ]
