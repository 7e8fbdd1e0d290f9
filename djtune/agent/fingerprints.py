"""Which statements are the same: SQL with everything that varies from one time to the next folded.

What is folded: placeholders and literals, lists of them (``IN (…)``, rows of ``VALUES``, equal
conditions joined by ``OR``), names of savepoints and server-side cursors, comments, white space.
What is not folded tells statements apart, so sub-selects that differ make different fingerprints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_TOKEN = r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<text>[Ee]'(?:[^'\\]|''|\\.)*(?:'|\Z)|[BbXxNn]?{text}|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<name>{name}|`(?:[^`]|``)*`)
    | (?P<placeholder>%\(\w+\)s|%s|\?|(?<!:):[A-Za-z_]\w*|\$\d+)
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>::|[<>!=|&~@\#+*/^-]+|.)
    """
# What is not closed is taken to be a text to its end: a value must not show.
_STANDARD = re.compile(
    _TOKEN.format(text=r"'(?:[^']|'')*(?:'|\Z)", name=r'"(?:[^"]|"")*"'), re.VERBOSE | re.DOTALL
)
_MYSQL = re.compile(
    _TOKEN.format(
        text=r"""(?:'(?:[^'\\]|''|\\.)*(?:'|\Z)|"(?:[^"\\]|""|\\.)*(?:"|\Z))""", name=r"(?!)"
    ),
    re.VERBOSE | re.DOTALL,
)
_CURSOR_NAME = re.compile(r"_django_curs_\w+")
_LISTS = re.compile(r"\[\?(?:, \?)+\]")
_CONSTANTS = frozenset(("?", "NULL", "TRUE", "FALSE", "DEFAULT"))
_ROWS_FOLLOW = frozenset(("VALUES", "VALUE"))
_CONDITION_FOLLOWS = frozenset(("WHERE", "AND", "ON"))
_TIGHT_BEFORE = frozenset((",", ")", ".", ";", "::", "]", "["))
_TIGHT_AFTER = frozenset(("(", ".", "::", "["))


@lru_cache(maxsize=4096)
def fingerprint(sql: str, *, mysql: bool = False) -> str:
    """The statement without what varies; ``mysql`` where ``"…"`` is a text and no name."""
    groups: list[list[str]] = [[]]
    for token in _tokens(sql, mysql):
        if token == "(":
            groups.append([])
        elif token == ")" and len(groups) > 1:
            group = groups.pop()
            once = _condition_once(group)
            if once and groups[-1] and groups[-1][-1].upper() in _CONDITION_FOLLOWS:
                groups[-1] += once  # as Django writes a list of one
            else:
                inner = _written(once or _folded_list(_folded_rows(group)))
                groups[-1].append(f"({inner})")
        else:
            groups[-1].append(token)
    return " (".join(_written(_folded_rows(group)) for group in groups)


def _tokens(sql: str, mysql: bool) -> Iterator[str]:
    savepoint = False
    for match in (_MYSQL if mysql else _STANDARD).finditer(sql):
        kind, token = match.lastgroup, match[0]
        if kind == "space":
            continue
        named = savepoint and kind in ("name", "word") and token.upper() != "SAVEPOINT"
        if named or kind in ("text", "tag", "placeholder", "number"):
            yield "?"
        else:
            yield _CURSOR_NAME.sub("_django_curs", token)
        savepoint = token.upper() in ("SAVEPOINT", "RELEASE") if kind == "word" else False


def _folded_list(tokens: list[str]) -> list[str]:
    """One ``?`` for a list of values, or of equal tuples of them; anything else as it is."""
    items = tokens[::2]
    commas = tokens[1::2]
    if len(items) < 2 or len(items) == len(commas) or any(comma != "," for comma in commas):
        return tokens
    if all(item.upper() in _CONSTANTS for item in items):
        return ["?"]
    if items[0].startswith("(") and len(set(items)) == 1:
        return items[:1]
    return tokens


def _condition_once(tokens: list[str]) -> list[str]:
    """The one condition of a list of equal ones, as which Django writes some ``IN``; else none."""
    if "OR" not in tokens:
        return []
    first = tokens[: tokens.index("OR")]
    times = (len(tokens) + 1) // (len(first) + 1)
    return first if [*first, "OR"] * times == [*tokens, "OR"] else []


def _folded_rows(tokens: list[str]) -> list[str]:
    """One row for the many of a multi-row ``VALUES``."""
    found: list[str] = []
    for token in tokens:
        row_before = (
            len(found) >= 3
            and found[-1] == ","
            and found[-3].upper() in _ROWS_FOLLOW
            and token.startswith("(")
        )
        if row_before:
            found.pop()
        else:
            found.append(token)
    return found


def _written(tokens: list[str]) -> str:
    text = ""
    before = ""
    for token in tokens:
        tight = (
            not text
            or token in _TIGHT_BEFORE
            or before in _TIGHT_AFTER
            or (token.startswith("(") and before.isalpha() and before.upper() not in _SPACED)
        )
        text += token if tight else " " + token
        before = token
    return _LISTS.sub("[?]", text)


_SPACED = frozenset(
    (
        *("SELECT", "DISTINCT", "FROM", "JOIN", "ON", "WHERE", "HAVING", "BY", "VALUES", "AS"),
        *("IN", "AND", "OR", "NOT", "EXISTS", "WHEN", "THEN", "ELSE", "BETWEEN", "LIKE"),
    )
)
