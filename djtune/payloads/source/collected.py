"""Names as one file has them, before they are put in order."""

import re
from collections.abc import Collection, Iterable, Mapping

from djtune.payloads.clients import Composed, Named, Naming, SourceScan

from .addresses import pieces_of
from .grammar import Found
from .text import SourceText, whole

_STRENGTH: tuple[Naming, ...] = ("quoted", "declared", "read", "written")
"""Of two patterns that meet at one place, the later here describes it more closely."""

FEWEST_LETTERS = 3
"""Of a name that is put together, that have to be written."""
_ARITHMETIC = re.compile(r"[-+*/%:]|\.length\b|\blen\(")
_MEMBER = re.compile(r"\.\s*([^\W\d]\w*)")
_QUOTED = re.compile(r"""["'`]([^\W\d]\w*)["'`]""")
_POSITION = re.compile(r"[ijkn]|idx|\w*[iI]ndex|\d+")


class Collected:
    """What was found in one file, each place once."""

    def __init__(self, source: SourceText, *, generated: bool = False) -> None:
        """Begin with nothing; what a ``generated`` file reads is only declared by that."""
        self.source = source
        self._generated = generated
        self.strings: set[str] = set()
        self.aliases: dict[str, set[str]] = {}
        self._names: dict[int, tuple[str, Naming]] = {}
        self._blind: set[int] = set()
        self._perhaps: set[int] = set()
        self._composed: dict[int, tuple[str, str]] = {}

    def name(self, offset: int, name: str, naming: Naming) -> None:
        """A name stands here; what a more special pattern has said of the place stays."""
        known = self._names.get(offset)
        if known is None or _STRENGTH.index(naming) > _STRENGTH.index(known[1]):
            self._names[offset] = (name, naming)

    def add(self, found: Mapping[str, Iterable[Found]], base: int = 0) -> None:
        """Add what a query calls ``read``, ``declared`` or ``written``."""
        for naming in _STRENGTH:
            for one in found.get(naming, ()):
                self.name(base + one.start, one.text, naming)

    def unparsed(self, errors: Iterable[Found], base: int = 0) -> None:
        """Take what follows a dot for a read, where no more can be told of a text.

        A word in quotation marks is quoted.
        """
        for error in errors:
            for member in _MEMBER.finditer(error.text):
                self.name(base + error.start + member.start(1), member[1], "read")
            for word in _QUOTED.finditer(error.text):
                self.name(base + error.start + word.start(1), word[1], "quoted")

    def string(self, offset: int, text: str) -> None:
        """A whole string stands here: perhaps an address, or fields' names."""
        self.strings |= pieces_of(text)
        for within, name in dotted(text):
            self.name(offset + within, name, "quoted")

    def blind(self, offset: int) -> None:
        """Here a key is computed."""
        self._blind.add(offset)

    def perhaps(self, offset: int) -> None:
        """The code here may run, and find nothing to read the name of."""
        self._perhaps.add(offset)

    def composed(self, offset: int, begun: str, ended: str, *, key: bool) -> None:
        """A string is put together here: perhaps a name, as a ``key`` or with an underscore."""
        is_name = f"{begun}{ended}".isidentifier() and len(begun + ended) >= FEWEST_LETTERS
        if is_name and (key or begun.endswith("_") or ended.startswith("_")):
            self._composed[offset] = (begun, ended)

    def alias(self, local: str, wire: str) -> None:
        """What the source calls ``local`` is ``wire`` in JSON."""
        if local != wire:
            self.aliases.setdefault(local, set()).add(wire)

    def into(self, scan: SourceScan) -> None:
        """Put everything into a scan."""
        for offset, (name, naming) in sorted(self._names.items()):
            if self._generated:
                naming = "declared"
            place, perhaps = self.source.place(offset), offset in self._perhaps
            named = Named(whole(name), naming, place, perhaps)
            scan.names.setdefault(named.name, []).append(named)
        scan.blind += [self.source.place(offset) for offset in sorted(self._blind)]
        scan.composed += [
            Composed(begun, ended, self.source.place(offset))
            for offset, (begun, ended) in sorted(self._composed.items())
        ]
        scan.strings |= {whole(piece) for piece in self.strings}
        for local, wires in self.aliases.items():
            scan.aliases.setdefault(local, set()).update(wires)


def dotted(text: str) -> Iterable[tuple[int, str]]:
    """The names of ``a.b.c`` and where they begin; none where the text is anything else."""
    parts = text.split(".")
    if len(text) > 200 or not all(part.isidentifier() for part in parts):
        return []
    offsets = [sum(len(part) + 1 for part in parts[:n]) for n in range(len(parts))]
    return zip(offsets, parts, strict=True)


def is_position(index: str, counters: Collection[str] = ()) -> bool:
    """Whether a computed index looks like a place in an array, so that it names no field."""
    counted = index in counters or _POSITION.fullmatch(index)
    return bool(counted or _ARITHMETIC.search(index))
