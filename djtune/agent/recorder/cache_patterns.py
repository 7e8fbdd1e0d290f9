"""The pattern of a key: words of the code as they are, what is somebody's as ``*``."""

from __future__ import annotations

import re

KEYS_OF_A_WORD = 8
"""A word is shown once so many keys have it at its place: a name has fewer."""
WORDS_OF_A_PLACE = 32
"""More words than this at one place are values, whatever they look like."""
MAX_PLACES = 2000
MAX_KNOWN = 10_000
LONGEST_WORD = 32
LONGEST_KEY = 500
"""Characters of a key that its pattern is made of: the app waits for it."""

_WORDS = re.compile(r"([^\W_]+)")
_NEIGHBOURS = re.compile(r"\*(?:[^\w:/*]+\*|_+\*)+")
_EMAIL = re.compile(r"(?<![^\s:/|{}@])[^\s:/|{}@]+@[^\s:/|{}@]+")
_DJANGO = re.compile(
    r"django\.contrib\.sessions\.cache(?:d_db)?|views\.decorators\.cache\.cache_(?:page|header)\."
)
"""What Django itself begins keys with; the rest of such a key is an id, a path or a digest."""


class Patterns:
    """Learns from the keys of one process which of their words belong to the code.

    A word is shown where :data:`KEYS_OF_A_WORD` keys agree on it and few other words compete for
    its place. Digits never are. So a pattern begins as stars and is spelt out as keys come by.
    """

    def __init__(self) -> None:
        self._places: dict[str, dict[str, set[bytes]]] = {}
        self._known: dict[bytes, str] = {}

    def of(self, key: str, digest: bytes, prefix: str = "") -> str:
        """The pattern of a key that begins with ``prefix``, which the settings name."""
        known = self._known.get(digest)
        if known is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            known = self._known[digest] = self._spelt(key, digest, prefix)
        return known

    def _spelt(self, key: str, digest: bytes, prefix: str) -> str:
        shown = prefix if key.startswith(prefix) else ""
        rest = key[len(shown) :]
        if known := _DJANGO.match(rest):
            return f"{shown}{known[0]}*"
        if len(rest) > LONGEST_KEY:
            rest = rest[:LONGEST_KEY] + "0"
        for place, piece in enumerate(_WORDS.split(_EMAIL.sub("0", rest))):
            is_word = place % 2
            shown += piece if not is_word or self._is_code(shown, piece, digest) else "*"
        return _NEIGHBOURS.sub("*", shown)

    def _is_code(self, place: str, word: str, digest: bytes) -> bool:
        if not (word.isalpha() and word.isascii()) or len(word) > LONGEST_WORD:
            return False
        words = self._places.get(place)
        if words is None:
            if len(self._places) >= MAX_PLACES:
                return False
            words = self._places[place] = {}
        if len(words) > WORDS_OF_A_PLACE:
            return False
        if word not in words and len(words) == WORDS_OF_A_PLACE:
            self._known.clear()  # they may be spelt with words of this place
        keys = words.setdefault(word, set())
        if len(keys) < KEYS_OF_A_WORD:
            keys.add(digest)
            if len(keys) < KEYS_OF_A_WORD:
                return False
            self._known.clear()  # they were spelt without this word
        return True
