"""The code to change so that the proposed fields are not sent any longer."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field

from djtune.model.patches import unified
from djtune.payloads.edits import drop_fields
from djtune.payloads.paths import Path, is_below, text_of
from djtune.payloads.reads import SerializerField

Route = tuple[str, str]


class Change(Struct):
    """What drops one endpoint's proposed fields."""

    patch: str = ""
    """A unified diff over all files."""
    paste: list[str] = field(default_factory=list)
    """Lines to paste where no patch could be made."""
    notes: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """Serializers, with ``file:line``."""
    by_hand: list[str] = field(default_factory=list)
    """Fields that no serializer is known to make."""


class _Member(Struct, frozen=True):
    """A field of a serializer."""

    file: str
    line: int
    serializer: str
    name: str


def change(
    route: Route,
    proposed: Mapping[Route, Collection[Path]],
    fields: Sequence[SerializerField],
    steps: Sequence[Route],
    sources: Mapping[str, str],
) -> Change:
    """What to change for one ``route``'s proposed fields.

    A field whose serializer also serves somebody who keeps it is left to the reader: another
    serializer is needed there.
    """
    found = Change()
    made: dict[Path, _Member] = {}
    uses: dict[_Member, list[tuple[Route, Path]]] = defaultdict(list)
    every: dict[str, dict[str, None]] = defaultdict(dict)
    for each in fields:
        member = _Member(each.file, each.line, each.serializer, each.name)
        uses[member].append((steps[each.step], each.path))
        every[each.serializer][each.name] = None
        if steps[each.step] == route:
            made[each.path] = member
    dropped: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for path in sorted(proposed[route]):
        maker = made.get(path)
        if maker is None:
            found.by_hand.append(text_of(path))
        elif kept := _kept(uses[maker], proposed):
            where = f"{kept[0]} {kept[1]}"
            found.notes.append(
                f"{maker.serializer.rpartition('.')[2]}.{maker.name} is also sent by {where}, "
                "where nothing shows that it is unused: give this route a serializer of its own"
            )
        else:
            dropped[maker.file, maker.line, maker.serializer].append(maker.name)
    _edit(found, dropped, every, sources)
    return found


def _kept(
    uses: Sequence[tuple[Route, Path]], proposed: Mapping[Route, Collection[Path]]
) -> Route | None:
    """A route that sends the field and keeps it."""
    for route, path in uses:
        if not any(path == each or is_below(path, each) for each in proposed.get(route, ())):
            return route
    return None


def _edit(
    found: Change,
    dropped: Mapping[tuple[str, int, str], Sequence[str]],
    every: Mapping[str, Collection[str]],
    sources: Mapping[str, str],
) -> None:
    edited: dict[str, str] = {}
    for (file, line, serializer), names in dropped.items():
        found.places.append(f"{serializer.rpartition('.')[2]} ({file}:{line})")
        if file not in sources:
            found.notes.append(f"{serializer} is not the project's own: override its fields")
            continue
        before = edited.get(file, sources[file])
        edit = drop_fields(before, serializer, names, file, list(every[serializer]))
        edited[file] = edit.source or before
        found.notes += [f"{file}: {edit.note}"] if edit.note else []
        found.paste += [edit.paste] if edit.paste and not edit.patch else []
    found.patch = "".join(unified(sources[file], after, file) for file, after in edited.items())
