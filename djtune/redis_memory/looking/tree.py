"""The words and separators of names as a tree, and which of its words a report may show."""

import re
from collections.abc import Iterator

from djtune.redis_memory.looking.kinds import WORDS
from djtune.redis_memory.looking.reservoir import Reservoir

TOKENS = re.compile(rb"[A-Za-z0-9*]+|[^A-Za-z0-9*]+")
DEEPEST = 40
CROWD = 200
"""Words at one position beyond which it holds values, but for words with very many keys."""
SUPPORT = 16
"""A word needs so many keys, times the words at its position, to be a fixed part."""
VERSIONS = 3


class Node:
    """A word, a separator or ``*``, after those that lead to it."""

    __slots__ = ("children", "closed", "given", "reservoir")

    def __init__(self) -> None:
        self.children: dict[bytes, Node] = {}
        self.closed = False
        """Whether words that are not among the children are ``*`` from now on."""
        self.given = False
        """Whether the project's settings name it: it is shown whatever it is."""
        self.reservoir: Reservoir | None = None
        """Of the names that end here."""

    def child(self, token: bytes) -> "Node":
        """The node that the token leads to; made where there is none."""
        found = self.children.get(token)
        if found is None:
            if self.closed and is_word(token):
                token = b"*"
            found = self.children.setdefault(token, Node())
        return found

    def keys(self) -> int:
        """Names that go through or end here."""
        ending = self.reservoir.keys if self.reservoir else 0
        return ending + sum(child.keys() for child in self.children.values())

    def absorb(self, other: "Node") -> None:
        """Take in the other one's names, below and here."""
        if other.reservoir:
            self.ending().absorb(other.reservoir)
        for token, child in other.children.items():
            self.child(token).absorb(child)

    def ending(self) -> Reservoir:
        """The names that end here."""
        self.reservoir = self.reservoir or Reservoir()
        return self.reservoir

    def close(self, shown: set[bytes]) -> None:
        """Let ``*`` stand for all words but those to be shown."""
        self.closed = True
        for word in [token for token in self.children if is_word(token) and token not in shown]:
            self.child(b"*").absorb(self.children.pop(word))


def is_word(token: bytes) -> bool:
    """Whether the token is a word or a version: neither a separator nor ``*``."""
    return token[:1].isalnum()


def leaf(root: Node, template: bytes) -> tuple[Reservoir, list[Node]]:
    """The names that have this template, and the nodes on the way that are crowded."""
    node, crowded = root, []
    for token in TOKENS.findall(template)[:DEEPEST]:
        node = node.child(token)
        if len(node.children) > CROWD and not node.closed:
            crowded.append(node)
    return node.ending(), crowded


def give(root: Node, template: bytes) -> None:
    """Have what names begin with shown as it is."""
    node = root
    for token in TOKENS.findall(template)[:DEEPEST]:
        node = node.child(token)
        node.given = True


def tidy(node: Node, support: int = SUPPORT, before: tuple[bytes, ...] = ()) -> None:
    """Put ``*`` for all words below the node that may be values."""
    node.close(fixed_words(node, support, before))
    for token, child in node.children.items():
        tidy(child, support, (*before, token))


def fixed_words(node: Node, support: int = SUPPORT, before: tuple[bytes, ...] = ()) -> set[bytes]:
    """The words after ``before`` that are part of the code that makes the names.

    A word is taken for a value (a person's name, say) unless the settings name it, it is well
    known, or it has many keys for the number of words at its position: with ``w`` of them,
    ``support · w`` names or more. Well known ones among a crowd must be frequent.
    """
    given = {token for token, child in node.children.items() if child.given}
    words = {
        token: child.keys()
        for token, child in node.children.items()
        if is_word(token) and token not in given
    }
    versions = {token for token in words if token.isdigit()}
    crowded = node.closed or len(words) > CROWD
    known = {
        token for token, n in words.items() if token in WORDS and (n >= support or not crowded)
    }
    others = {token: n for token, n in words.items() if token not in known | versions}
    frequent = {token for token, n in others.items() if n >= support * len(others)}
    return given | known | _fixed_versions(versions, words, before) | frequent


def _fixed_versions(
    versions: set[bytes], keys: dict[bytes, int], before: tuple[bytes, ...]
) -> set[bytes]:
    """The numbers that are a cache's versions: after nothing but a colon, or few and frequent."""
    if before == (b":",):
        return versions
    frequent = all(keys[token] >= SUPPORT for token in versions)
    return versions if frequent and len(versions) <= VERSIONS else set()


def endings(node: Node, text: bytes = b"") -> Iterator[tuple[bytes, Reservoir]]:
    """Each text that names end with, and those names."""
    if node.reservoir:
        yield text, node.reservoir
    for token, child in node.children.items():
        yield from endings(child, text + token)
