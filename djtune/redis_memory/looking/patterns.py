"""Names of keys put into patterns that form by themselves, one batch after another."""

import re
import sys
from collections import Counter
from collections.abc import Sequence
from fnmatch import translate

import numpy as np
from msgspec import Struct

from djtune.redis_memory.facts import Kind
from djtune.redis_memory.looking.kinds import kind_of
from djtune.redis_memory.looking.reservoir import PARTS, Draw, Place, Reservoir
from djtune.redis_memory.looking.shapes import masked
from djtune.redis_memory.looking.tree import SUPPORT, Node, endings, fixed_words, give, leaf, tidy

MOST_NAMES = 120_000
"""Names that are held at a time, of all patterns together."""
MOST_OF_ONE = 20_000
MOST_PATTERNS = 1_000
MOST_TEMPLATES = 20_000
OTHERS = "(other names)"
MAIL = re.compile(rb"(?<![^\s:/|,;])[^\s:/|,;]+@[^\s:/|,;]+")
PIECES = re.compile(rb"(?:(?<=:)[-_]+)?\*(?:[-.+=~_]+\*)*(?:[-_=]+(?=:|\Z))?")
"""Digests with hyphens, addresses, dates: pieces that vary side by side are one."""
CLOSE = re.compile(rb"\*(?:[-.]\*)+")


class Group(Struct):
    """The keys of one pattern."""

    pattern: str
    kind: Kind
    keys: int
    """Names that were seen."""
    parts: list[int]
    """The same in each part of the visit."""
    draws: list[Draw]
    """A uniform random sample of them, in random order."""
    fixed: bool
    """Whether nothing varies in the pattern: its keys are these, whatever was not seen."""


class Patterns:
    """All names so far.

    ``globs`` are patterns that the user gave, which come first; ``prefixes`` are what the project's
    caches begin their keys with, and are shown as they are; ``everything`` keeps all names.
    """

    def __init__(
        self,
        globs: Sequence[str] = (),
        prefixes: Sequence[str] = (),
        seed: int = 0,
        *,
        everything: bool = False,
    ) -> None:
        self.prefixes = prefixes
        self.random = np.random.default_rng(seed)
        self.given = {glob: Reservoir() for glob in globs}
        self._globs = [(glob, re.compile(translate(glob).encode(), re.DOTALL)) for glob in globs]
        self._root = Node()
        for template in masked([prefix.encode() for prefix in prefixes if prefix]):
            give(self._root, template)
        self._known: dict[bytes, Reservoir] = {}
        self._room = sys.maxsize if everything else MOST_NAMES
        self._most = sys.maxsize if everything else MOST_OF_ONE
        self._held = self._part = 0

    def add(self, names: Sequence[bytes], place: Place) -> None:
        """Count the names, and draw some of them."""
        self._part = (self._part + 1) % PARTS
        templates = self._templates(names)
        crowded: list[Node] = []
        reservoirs: dict[bytes, Reservoir] = {}
        for template, keys in Counter(templates).items():
            reservoirs[template] = self._reservoir(template, crowded)
            reservoirs[template].count(keys, self._part)
        self._draw(names, templates, reservoirs, place)
        if crowded or len(self._known) > MOST_TEMPLATES:
            self._known.clear()
        for node in crowded:
            node.close(fixed_words(node))

    def _templates(self, names: Sequence[bytes]) -> list[bytes]:
        """What the names look like; a pattern that was given stands for itself, after a newline."""
        templates = masked(names)
        for glob, matching in reversed(self._globs):
            own = b"\n" + glob.encode()
            templates = [
                own if matching.match(name) else template
                for name, template in zip(names, templates, strict=True)
            ]
        return templates

    def _reservoir(self, template: bytes, crowded: list[Node]) -> Reservoir:
        found = self._known.get(template)
        if found is None:
            if template.startswith(b"\n"):
                found = self.given[template[1:].decode()]
            else:
                plain = CLOSE.sub(b"*", MAIL.sub(b"*", template) if b"@" in template else template)
                found, full = leaf(self._root, plain)
                crowded += full
            self._known[template] = found
        return found

    def _draw(
        self,
        names: Sequence[bytes],
        templates: list[bytes],
        reservoirs: dict[bytes, Reservoir],
        place: Place,
    ) -> None:
        below = {template: found.below for template, found in reservoirs.items()}
        limits = np.fromiter(map(below.__getitem__, templates), float, len(names))
        chances = self.random.random(len(names))
        drawn = np.flatnonzero(chances < limits).tolist()
        for i in drawn:
            reservoirs[templates[i]].draws.append(Draw(float(chances[i]), place, names[i]))
        self._held += len(drawn)
        for found in reservoirs.values():
            if len(found.draws) > 2 * self._most:
                self._cut([found])
        while self._held > self._room:
            self._most = max(1, self._most // 2)
            self._cut([found for _, found in endings(self._root)] + list(self.given.values()))

    def _cut(self, reservoirs: list[Reservoir]) -> None:
        for found in reservoirs:
            held = len(found.draws)
            found.cut(self._most)
            self._held += len(found.draws) - held

    def groups(self, *, keep_values: bool = False) -> list[Group]:
        """The patterns, those with the most keys first; after this no names can be added."""
        support = SUPPORT
        while True:
            tidy(self._root, support)
            found = self._by_text()
            if len(found) <= MOST_PATTERNS or support > 1 << 24:
                break
            support *= 4
        ordered = sorted(found.items(), key=lambda pair: -pair[1].keys)
        rest = Reservoir()
        for _, reservoir in ordered[MOST_PATTERNS:]:
            rest.absorb(reservoir)
        if rest.keys:
            ordered = [*ordered[:MOST_PATTERNS], (OTHERS, rest)]
        return [self._group(text, reservoir, keep_values) for text, reservoir in ordered]

    def _by_text(self) -> dict[str, Reservoir]:
        found = {glob: reservoir for glob, reservoir in self.given.items() if reservoir.keys}
        for text, reservoir in endings(self._root):
            found.setdefault(readable(text), Reservoir()).absorb(reservoir)
        return found

    def _group(self, text: str, reservoir: Reservoir, keep_values: bool) -> Group:
        reservoir.cut(self._most)
        # A table that is being resized is listed twice in part.
        draws = list({draw.key: draw for draw in sorted(reservoir.draws)}.values())
        keys = len(draws) if reservoir.below == 1 else reservoir.keys
        kind = kind_of(text, self.prefixes)
        fixed = text not in self.given and "*" not in text and text != OTHERS
        if keep_values and keys == 1:
            text = printable(draws[0].name.decode(errors="replace"))
        return Group(text, kind, keys, reservoir.parts, draws, fixed)


def readable(text: bytes) -> str:
    """A pattern as reports show it."""
    joined = PIECES.sub(b"*", text)
    # A session's random key follows Django's prefix without a separator.
    joined = re.sub(rb"contrib\.sessions\.\*", b"contrib.sessions.cache*", joined)
    joined = re.sub(rb"contrib\.sessions\.cached_\*", b"contrib.sessions.cached_db*", joined)
    return printable(joined.decode(errors="replace")) or "(empty name)"


def printable(text: str) -> str:
    """The text with control characters as escapes."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
