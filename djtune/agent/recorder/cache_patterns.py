"""The pattern of a key: words of the code as they are, what is somebody's as ``*``."""

from __future__ import annotations

import re

KEYS_OF_A_WORD = 8
"""A word is shown once so many keys, times the words at its place, have it: a name has fewer."""
FEWEST_WORDS = 4
"""More may be still to come, so that a place counts as so many words from the first one on."""
WORDS_OF_A_PLACE = 32
"""More words than this at one place are values, whatever they look like."""
MAX_PLACES = 2000
MAX_KNOWN = 10_000
TALLY = 1024
"""Bits in which the keys of a word are counted, by their digests."""
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

    A word is shown where enough keys agree on it, for the number of words that compete for its
    place (:data:`KEYS_OF_A_WORD`). Digits never are. So a pattern begins as stars and is spelt out
    as keys come by; it goes back to stars where too many words come by.
    """

    def __init__(self) -> None:
        self._places: dict[str, dict[str, int]] = {}
        """Each word's tally. Two keys may have one bit: it counts too few, never too many."""
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
        bit = 1 << int.from_bytes(digest[:4], "big") % TALLY
        for place, piece in enumerate(_WORDS.split(_EMAIL.sub("0", rest))):
            is_word = place % 2
            shown += piece if not is_word or self._is_code(shown, piece, bit) else "*"
        return _NEIGHBOURS.sub("*", shown)

    def _is_code(self, place: str, word: str, bit: int) -> bool:
        if not (word.isalpha() and word.isascii()) or len(word) > LONGEST_WORD:
            return False
        words = self._places.get(place)
        if words is None:
            if len(self._places) >= MAX_PLACES:
                return False
            words = self._places[place] = {}
        if len(words) > WORDS_OF_A_PLACE:
            return False
        if word not in words:
            self._add(word, words)
        tally, needed = words[word], _needed(words)
        if not tally & bit:
            words[word] = tally = tally | bit
            if tally.bit_count() == needed:
                self._known.clear()  # they were spelt without this word
        return tally.bit_count() >= needed

    def _add(self, word: str, words: dict[str, int]) -> None:
        before = _needed(words)
        words[word] = 0
        if any(before <= tally.bit_count() < _needed(words) for tally in words.values()):
            self._known.clear()  # they may be spelt with words that are no longer shown


def _needed(words: dict[str, int]) -> int:
    """Keys that a word of this place must have to be shown."""
    count = len(words)
    return KEYS_OF_A_WORD * max(count, FEWEST_WORDS) if count <= WORDS_OF_A_PLACE else TALLY + 1
