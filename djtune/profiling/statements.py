"""Reads a SELECT as Django writes it: its tables, what narrows them, and the order asked for.

A modest reading, for what an index could serve. What is not understood is marked as such, so that
nothing is concluded from it. Values are never kept: each is a ``?`` here.
"""

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

TokenKind = Literal["name", "word", "value", "sign", "junk"]
Kind = Literal["equal", "range", "pattern", "containment", "function", "or", "other"]
"""How a condition holds a column: ``equal`` and ``range`` are what a plain index serves.

``pattern`` is LIKE and its kin, ``containment`` that of arrays and JSON, ``function`` compares an
expression of the column, ``or`` is one of several alternatives, and ``other`` is a join, a
negation, a sub-select or not understood.
"""

DEEPEST = 60
"""Levels of parentheses beyond which a statement is not read."""

LONGEST = 80
"""Characters of a condition that are shown."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    | (?P<value>'(?:[^']|'')*'|\$(?P<tag>[a-zA-Z_]*)\$.*?\$(?P=tag)\$|%s|%\(\w+\)s|\$\d+|\?
        |(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<junk>["'`].*|/\*.*)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>::|<=|>=|<>|!=|\|\||->>|->|\#>>|\#>|@>|<@|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = {"=": "equal", "<": "range", ">": "range", "<=": "range", ">=": "range"}
_PATTERNS = {"LIKE", "ILIKE", "GLOB", "REGEXP", "SIMILAR", "~"}
_COMBINED = {"UNION", "INTERSECT", "EXCEPT"}
_AFTER_FROM = {
    *("WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"),
    *_COMBINED,
}
_NO_ALIAS = _AFTER_FROM | {
    *("AS", "ON", "USING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER"),
    *("TABLESAMPLE", "INDEXED", "NOT"),
}
# Words of a value that name no column.
_VALUE_WORDS = {
    *("TRUE", "FALSE", "NULL", "INTERVAL", "DATE", "TIME", "TIMESTAMP", "ARRAY", "ANY", "ESCAPE"),
    *("AND", "CURRENT_DATE", "CURRENT_TIMESTAMP", "NOW"),
}

_KEYWORDS = _PATTERNS | {
    *("AND", "OR", "NOT", "IN", "BETWEEN", "EXISTS", "IS", "AS", "NULL", "ESCAPE", "TRUE", "FALSE"),
}


class Token(Struct, frozen=True):
    """A piece of SQL; ``text`` is without the quotes for a name."""

    kind: TokenKind
    text: str
    start: int
    end: int
    placeholder: int = -1
    """Which ``%s`` of the statement it is, counted from 0."""

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords or signs."""
        return self.kind in ("word", "sign") and self.text.upper() in words


Tree = list["Token | Tree"]
"""Tokens, with what stands in parentheses as a list of its own."""


class Column(Struct, frozen=True):
    """A column as the statement names it.

    ``alias`` is in lower case, as databases fold it, and empty where there is the name alone.
    """

    alias: str
    name: str


class Condition(Struct, frozen=True):
    """One of the conditions that a row must meet."""

    kind: Kind
    columns: tuple[Column, ...]
    text: str
    """For people: ``starts_at < ?``."""
    keys: int = 1
    """How many values an ``equal`` may take: those of its IN list."""
    placeholder: int = -1
    """Where a ``pattern`` comes from."""


class Block(Struct, frozen=True):
    """One SELECT; a statement has several where it has sub-selects or a UNION."""

    tables: dict[str, str]
    """Alias (in lower case) → table."""
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[Column, bool]] | None = None
    """Columns and whether descending; ``None`` where it is by something else, or none."""
    ordered: bool = False


def tokens(sql: str) -> Iterator[Token]:
    """Cut SQL into tokens, without spaces and comments. What cannot be read is ``junk``."""
    placeholder = 0
    for match in _TOKEN.finditer(sql):
        # The last group to match is not always the alternative: a dollar quote has a tag in it.
        kind = "value" if match["value"] is not None else match.lastgroup
        if kind == "space":
            continue
        text, number = match[0], -1
        if kind == "name":
            text = text[1:-1].replace(text[0] * 2, text[0])
        elif text == "%s":
            number, placeholder = placeholder, placeholder + 1
        yield Token(kind, text, match.start(), match.end(), number)  # type: ignore[arg-type]


def tree(sql: str) -> Tree | None:
    """Fold parentheses into lists; ``None`` where they do not match or something is unreadable."""
    top: Tree = []
    stack = [top]
    for token in tokens(sql):
        if token.kind == "junk":
            return None
        if token.says("("):
            inner: Tree = []
            stack[-1].append(inner)
            stack.append(inner)
            if len(stack) > DEEPEST:
                return None
        elif token.says(")"):
            if len(stack) == 1:
                return None
            stack.pop()
        else:
            stack[-1].append(token)
    return top if len(stack) == 1 else None


def read(sql: str) -> list[Block] | None:
    """Every SELECT of a statement, the outermost first; ``None`` where it cannot be read."""
    found = tree(sql)
    if found is None:
        return None
    return list(_blocks(found, _table_expressions(found)))


def _table_expressions(items: Tree) -> frozenset[str]:
    """Names that ``WITH`` gives to sub-selects: what stands before ``AS (``."""
    names: set[str] = set()
    if _has_word(items, "WITH"):
        for position, item in enumerate(items):
            if isinstance(item, list):
                names |= _table_expressions(item)
            elif _is_named_select(items, position):
                names.add(item.text)
    return frozenset(names)


def _is_named_select(items: Tree, position: int) -> bool:
    after = [item for item in items[position + 1 : position + 5] if not _is(item, "MATERIALIZED")]
    after = [item for item in after if not _is(item, "NOT")]
    # The columns may be listed: WITH name (column) AS (…).
    if after and isinstance(after[0], list):
        after = after[1:]
    return len(after) > 1 and _is(after[0], "AS") and isinstance(after[1], list)


def _has_word(items: Tree, *words: str) -> bool:
    return any(
        _has_word(item, *words) if isinstance(item, list) else item.says(*words) for item in items
    )


def _blocks(items: Tree, named: frozenset[str]) -> Iterator[Block]:
    parts = list(_split(items, *_COMBINED))
    for part in parts:
        select = next((n for n, item in enumerate(part) if _is(item, "SELECT")), None)
        if select is not None:
            yield _block(part[select:], named, combined=len(parts) > 1)
    for item in items:
        if isinstance(item, list):
            yield from _blocks(item, named)


def _is(item: "Token | Tree", *words: str) -> bool:
    return isinstance(item, Token) and item.says(*words)


def _split(items: Tree, *words: str) -> Iterator[Tree]:
    part: Tree = []
    for item in items:
        if _is(item, *words):
            yield part
            part = []
        else:
            part.append(item)
    yield part


def _block(items: Tree, named: frozenset[str], *, combined: bool) -> Block:
    clauses = _clauses(items)
    tables = {alias: name for alias, name in _tables(clauses["FROM"]) if name not in named}
    ordered = bool(clauses["ORDER"]) and not combined
    plain = ordered and not clauses["GROUP"] and not _is_distinct(items)
    return Block(
        tables=tables,
        conditions=[_condition(part) for part in _conjuncts(clauses["WHERE"])],
        order=_order(clauses["ORDER"]) if plain else None,
        ordered=ordered,
    )


def _is_distinct(items: Tree) -> bool:
    return len(items) > 1 and _is(items[1], "DISTINCT")


def _clauses(items: Tree) -> dict[str, Tree]:
    """What follows each clause's keyword, on this level of parentheses."""
    found: dict[str, Tree] = {name: [] for name in ("SELECT", "FROM", *_AFTER_FROM)}
    name, previous = "SELECT", items[0]
    for item in items:
        # "IS DISTINCT FROM" opens no clause.
        if (
            isinstance(item, Token)
            and item.says("FROM", *_AFTER_FROM)
            and not _is(previous, "DISTINCT")
        ):
            name = item.text.upper()
        else:
            found[name].append(item)
        previous = item
    return found


def _tables(items: Tree) -> Iterator[tuple[str, str]]:
    """Alias and name of each table of a FROM clause."""
    expected, position = True, 0
    while position < len(items):
        item = items[position]
        position += 1
        if isinstance(item, list):
            if expected and not _has_select(item):
                yield from _tables(item)
            expected = False
        elif item.says("JOIN", ","):
            expected = True
        elif expected and not item.says("ONLY", "LATERAL"):
            expected = False
            while position + 1 < len(items) and _is(items[position], "."):
                item, position = items[position + 1], position + 2
            if isinstance(item, Token) and not _called(items, position):
                yield (_alias(items, position) or item.text).lower(), item.text


def _has_select(items: Tree) -> bool:
    return bool(items) and (_is(items[0], "SELECT", "WITH", "VALUES") or isinstance(items[0], list))


def _called(items: Tree, position: int) -> bool:
    return position < len(items) and isinstance(items[position], list)


def _alias(items: Tree, position: int) -> str:
    rest = items[position : position + 2]
    if rest and _is(rest[0], "AS"):
        rest = rest[1:]
    if not rest or not isinstance(rest[0], Token) or rest[0].kind not in ("name", "word"):
        return ""
    return "" if rest[0].says(*_NO_ALIAS) else rest[0].text


def _conjuncts(items: Tree) -> Iterator[Tree]:
    """Conditions joined by AND, out of any parentheses that only group them."""
    part: Tree = []
    between = False
    cases = 0
    for item in [*items, None]:
        if item is None or (_is(item, "AND") and not between and not cases):
            inner = part[0] if len(part) == 1 else None
            if isinstance(inner, list) and not _is(inner[0] if inner else [], "SELECT"):
                yield from _conjuncts(inner)
            elif part:
                yield part
            part = []
            continue
        cases += _is(item, "CASE") - _is(item, "END")
        between = _is(item, "BETWEEN") or (between and not _is(item, "AND"))
        part.append(item)


def _condition(items: Tree) -> Condition:
    columns = tuple(dict.fromkeys(_columns(items)))
    text = _shortened(written(items))
    if any(_is(item, "OR") for item in items):
        return Condition("or", columns, text)
    negated = _is(items[0], "NOT")
    column, rest = _leading_column(items[1:] if negated else items)
    if column is None:
        several = isinstance(items[0], list) and any(_is(each, ",") for each in items[0])
        plain = columns and _compares(items) and not negated and not several
        kind: Kind = "function" if plain else "other"
        return Condition(kind, columns, text, placeholder=_pattern(items))
    if not rest:
        return Condition("equal", (column,), text)  # A true/false column by itself.
    if negated:
        return Condition("other", columns, text)
    return _compared(column, rest, columns, text)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _compared(column: Column, rest: Tree, columns: tuple[Column, ...], text: str) -> Condition:
    """A condition that begins with a column."""
    cast = _is(rest[0], "::")
    if cast:
        rest = rest[3:] if len(rest) > 2 and isinstance(rest[2], list) else rest[2:]
    sign, right = rest[0] if rest else None, rest[1:]
    if not isinstance(sign, Token):
        return Condition("other", columns, text)
    word = sign.text.upper()
    if word in _PATTERNS:
        return Condition("pattern", columns, text, placeholder=_pattern(rest))
    if word == "IS" and len(right) == 1 and _is(right[0], "NULL"):
        return Condition("equal", (column,), text)
    if not _is_value(right):
        return Condition("other", columns, text)
    if cast or word in ("->", "->>", "#>", "#>>"):
        return Condition("function", columns, text)
    if word == "IN" and len(right) == 1 and isinstance(right[0], list):
        keys = sum(1 for _ in _split(right[0], ","))
        return Condition("equal", (column,), f"{column.name} in ({keys} values)", keys=keys)
    if word in ("@>", "<@"):
        return Condition("containment", columns, text)
    if word == "BETWEEN":
        return Condition("range", (column,), text)
    if word in _COMPARISONS:
        kind: Kind = "equal" if word == "=" else "range"
        array = bool(right) and _is(right[0], "ANY")
        return Condition(kind, (column,), text, keys=2 if array else 1)
    return Condition("other", columns, text)


def _leading_column(items: Tree) -> tuple[Column | None, Tree]:
    first = items[0] if items else None
    if (
        not isinstance(first, Token)
        or first.kind not in ("name", "word")
        or first.says("EXISTS", "CASE")
    ):
        return None, items
    if len(items) > 2 and _is(items[1], ".") and isinstance(items[2], Token):
        return Column(first.text.lower(), items[2].text), items[3:]
    if _called(items, 1):
        return None, items
    return Column("", first.text), items[1:]


def _columns(items: Tree) -> Iterator[Column]:
    """Columns of an expression, as far as they are qualified or quoted; not of sub-selects."""
    position = 0
    while position < len(items):
        column, rest = _leading_column(items[position:])
        item = items[position]
        if column is not None and (column.alias or _is_quoted(item)):
            yield column
            position = len(items) - len(rest)
            continue
        if isinstance(item, list) and not (item and _is(item[0], "SELECT", "WITH")):
            yield from _columns(item)
        position += 1


def _is_quoted(item: "Token | Tree") -> bool:
    return isinstance(item, Token) and item.kind == "name"


def _compares(items: Tree) -> bool:
    return any(_is(item, *_COMPARISONS, *_PATTERNS, "IN", "BETWEEN", "IS") for item in items)


def _is_value(items: Tree) -> bool:
    """Whether an expression holds values alone, no column and no sub-select."""
    return not any(_columns(items)) and all(
        _is_value(item)
        if isinstance(item, list)
        else item.kind in ("value", "sign")
        or item.says(*_VALUE_WORDS)
        or (position > 0 and _is(items[position - 1], "::"))
        for position, item in enumerate(items)
    )


def _pattern(items: Tree) -> int:
    """Return the number of the ``%s`` after LIKE, also as ``UPPER(%s)``; -1 for none."""
    after = next((n for n, item in enumerate(items) if _is(item, *_PATTERNS)), len(items))
    return next((t.placeholder for t in _flat(items[after:]) if t.placeholder >= 0), -1)


def _flat(items: Tree) -> Iterator[Token]:
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _order(items: Tree) -> list[tuple[Column, bool]] | None:
    """Columns of an ORDER BY; ``None`` where one is an expression or says where NULLs go."""
    found = []
    for part in _split(items[1:] if items and _is(items[0], "BY") else items, ","):
        column, rest = _leading_column(part)
        if column is None or len(rest) > 1 or not all(_is(r, "ASC", "DESC") for r in rest):
            return None
        found.append((column, any(_is(r, "DESC") for r in rest)))
    return found


def written(items: Tree) -> str:
    """Write an expression for people: names without quotes and tables, every value as ``?``."""
    words: list[str] = []
    for position, item in enumerate(items):
        if isinstance(item, list):
            inner = "(…)" if _has_select(item) else f"({written(item)})"
            if position and _calls(items[position - 1]):
                words[-1] += inner
            else:
                words.append(inner)
        elif item.says(".") and words:
            words.pop()
        else:
            words.append("?" if item.kind == "value" else _plain(item))
    return " ".join(words).replace(" ,", ",").replace(" :: ", "::").removesuffix(" escape ?")


def _calls(before: "Token | Tree") -> bool:
    return isinstance(before, Token) and before.kind == "word" and not before.says(*_KEYWORDS)


def _plain(token: Token) -> str:
    return token.text.lower() if token.says(*_KEYWORDS) else token.text
