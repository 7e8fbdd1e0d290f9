"""Parses text and finds in it what a query describes, with tree-sitter."""

from collections import defaultdict
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from djtune.errors import DjtuneError

_MODULES = {
    "html": ("tree_sitter_html", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "kotlin": ("tree_sitter_kotlin", "language"),
    "python": ("tree_sitter_python", "language"),
    "swift": ("tree_sitter_swift", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}


class Found(NamedTuple):
    """A piece of text that a query has a name for."""

    start: int
    """In UTF-16 units."""
    text: str
    node: Any


class Tree:
    """A text, parsed."""

    def __init__(self, grammar: str, units: str) -> None:
        """Parse ``units``, a string of UTF-16 code units (:class:`~.text.SourceText`).

        Raises:
            DjtuneError: tree-sitter or its grammar is not installed.

        """
        self.grammar = grammar
        self.units = units
        encoded = units.encode("utf-16-le", "surrogatepass")
        self.root = _parser(grammar).parse(encoded, encoding="utf16le").root_node

    def errors(self) -> list[Found]:
        """Return the pieces of text that could not be parsed."""
        found, left = [], [self.root]
        while left:
            node = left.pop()
            if node.type == "ERROR":
                found.append(Found(node.start_byte // 2, self.text(node), node))
            elif node.has_error:
                left += node.children
        return found

    def find(self, query: str) -> dict[str, list[Found]]:
        """Return what a query captures, by the names that it gives."""
        from tree_sitter import QueryCursor

        captures = QueryCursor(_query(self.grammar, query)).captures(self.root)
        return defaultdict(
            list,
            {
                name: [Found(node.start_byte // 2, self.text(node), node) for node in nodes]
                for name, nodes in captures.items()
            },
        )

    def text(self, node: Any) -> str:
        """The text of a node."""
        return self.units[node.start_byte // 2 : node.end_byte // 2]


@cache
def _language(grammar: str) -> Any:
    module, function = _MODULES[grammar]
    try:
        from tree_sitter import Language

        return Language(getattr(import_module(module), function)())
    except ImportError as error:
        raise DjtuneError(
            "reading a client's source needs tree-sitter and its grammars",
            hint="pip install 'djtune[payloads]'",
        ) from error


@cache
def _parser(grammar: str) -> Any:
    language = _language(grammar)
    from tree_sitter import Parser

    return Parser(language)


@cache
def _query(grammar: str, query: str) -> Any:
    from tree_sitter import Query

    return Query(_language(grammar), query)
