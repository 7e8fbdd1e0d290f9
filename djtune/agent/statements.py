"""Statements and their parameters as apps hand them over, which may be objects of any kind.

Nothing here runs the app's code: a ``__repr__`` may raise, or make a query in the middle of one.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import Any

_READS = ("SELECT", "WITH", "VALUES")
_DRIVERS = ("psycopg", "psycopg2")
_PLAIN = (str, bytes, int, float, complex)
_ALL_PLAIN = frozenset((*_PLAIN, bool, type(None))).issuperset
_KNOWN = frozenset((*sys.stdlib_module_names, *_DRIVERS))
_numbers = count()


def text_of(statement: Any) -> str:
    """The statement's text; of one that a driver composes, with ``%s`` for its literals."""
    if isinstance(statement, str):
        return str.__str__(statement)
    if isinstance(statement, (bytes, bytearray)):
        return statement.decode("utf-8", "replace")
    try:
        return _composed(statement)
    except Exception:
        return f"<{type(statement).__name__}>"


def _composed(part: Any) -> str:
    """What ``psycopg.sql`` and ``psycopg2.sql`` compose, without a connection and its values."""
    kind = type(part).__name__
    if type(part).__module__.partition(".")[0] not in _DRIVERS:
        return f"<{kind}>"
    inner: Any = getattr(part, "_obj", getattr(part, "_wrapped", None))
    if kind == "Composed":
        return "".join(map(_composed, inner))
    if kind == "SQL":
        return str(inner)
    if kind == "Identifier":
        names = [inner] if isinstance(inner, str) else inner
        return ".".join('"' + name.replace('"', '""') + '"' for name in names)
    return "%s"


def reads(text: str) -> bool:
    """Whether a statement is one that brings rows."""
    return text.lstrip(" (\n\r\t")[:6].upper().startswith(_READS)


def digest_of(params: Any) -> int:
    """A number that equal parameters share, for as long as this process lasts.

    Parameters of kinds that are not known equal nothing else.
    """
    try:
        return hash(written(params))
    except Exception:
        return next(_numbers)


def written(params: Any) -> str:
    """Parameters as text that tells different ones apart."""
    kind = type(params)
    if kind in (tuple, list) and _ALL_PLAIN(map(type, params)):
        return repr(params)
    if _ALL_PLAIN((kind,)):
        return repr(params)
    if kind in (tuple, list, set, frozenset):
        return f"{kind.__name__}({','.join(map(written, params))})"
    if kind is dict:
        return f"dict({','.join(f'{written(key)}:{written(params[key])}' for key in params)})"
    if isinstance(params, (memoryview, bytearray)):
        return repr(bytes(params))
    for base in _PLAIN:  # text of a choice, a number with a type of the database's
        if isinstance(params, base):
            return base.__repr__(params)
    module = kind.__module__.partition(".")[0]
    if module in _DRIVERS and hasattr(params, "obj"):  # Json, which shortens what it shows
        return f"{kind.__name__}({written(params.obj)})"
    return repr(params) if module in _KNOWN else f"<{next(_numbers)}>"
