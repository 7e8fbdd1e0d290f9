"""Names as one file has them, before they are put in order."""

from collections.abc import Iterable

from djtune.payloads.clients import Named, Naming, SourceScan

from .text import SourceText, whole

_STRENGTH: tuple[Naming, ...] = ("quoted", "declared", "read", "written")
"""Of two patterns that meet at one place, the later here describes it more closely."""


class Collected:
    """What was found in one file, each place once."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.strings: set[str] = set()
        self.aliases: dict[str, set[str]] = {}
        self._names: dict[int, tuple[str, Naming]] = {}
        self._blind: set[int] = set()

    def name(self, offset: int, name: str, naming: Naming) -> None:
        """A name stands here; what a more special pattern has said of the place stays."""
        known = self._names.get(offset)
        if known is None or _STRENGTH.index(naming) > _STRENGTH.index(known[1]):
            self._names[offset] = (name, naming)

    def blind(self, offset: int) -> None:
        """Here a key is computed."""
        self._blind.add(offset)

    def alias(self, local: str, wire: str) -> None:
        """What the source calls ``local`` is ``wire`` in JSON."""
        if local != wire:
            self.aliases.setdefault(local, set()).add(wire)

    def into(self, scan: SourceScan) -> None:
        """Put everything into a scan."""
        for offset, (name, naming) in sorted(self._names.items()):
            named = Named(whole(name), naming, self.source.place(offset))
            scan.names.setdefault(named.name, []).append(named)
        scan.blind += [self.source.place(offset) for offset in sorted(self._blind)]
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
