"""The code to change so that the proposed fields are not sent any longer."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field

from djtune.model.patches import unified
from djtune.model.routes import path_of
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
    inputs: Mapping[str, Sequence[str]],
) -> Change:
    """What to change for one ``route``'s proposed fields.

    A field whose serializer also serves somebody who keeps it is left to the reader: another
    serializer is needed there. So is one that is input too, where its routes take any: ``inputs``
    are the methods by which they do.
    """
    made = {each.path: _member(each) for each in fields if steps[each.step] == route}
    known = _Known.of(fields, steps)
    found = Change()
    dropped: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    taken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(proposed[route]):
        maker = made.get(path)
        if maker is None:
            found.by_hand.append(text_of(path))
        elif kept := _kept(known.uses[maker], proposed):
            found.notes.append(_shared(maker, kept))
        elif maker in known.writable and (by := _input_of(known.uses[maker], inputs)):
            taken[maker.serializer, by].append(maker.name)
        else:
            dropped[maker.file, maker.line, maker.serializer].append(maker.name)
    found.notes += [_write_only(serializer, by, names) for (serializer, by), names in taken.items()]
    _edit(found, dropped, known.every, sources)
    return found


class _Known(Struct):
    """What all routes together show of the serializers."""

    uses: dict[_Member, list[tuple[Route, Path]]]
    every: dict[str, list[str]]
    """Serializer → all of its fields."""
    writable: set[_Member]

    @classmethod
    def of(cls, fields: Sequence[SerializerField], steps: Sequence[Route]) -> "_Known":
        uses: dict[_Member, list[tuple[Route, Path]]] = defaultdict(list)
        for each in fields:
            uses[_member(each)].append((steps[each.step], each.path))
        return cls(
            uses=uses,
            every={each.serializer: each.siblings for each in fields},
            writable={_member(each) for each in fields if each.writable},
        )


def _shared(maker: _Member, kept: Route) -> str:
    return (
        f"{maker.serializer.rpartition('.')[2]}.{maker.name} is also sent by {kept[0]} "
        f"{path_of(kept[1])}, where nothing shows that it is unused: give this route a serializer "
        "of its own"
    )


def _member(field: SerializerField) -> _Member:
    return _Member(field.file, field.line, field.serializer, field.name)


def _input_of(uses: Sequence[tuple[Route, Path]], inputs: Mapping[str, Sequence[str]]) -> str:
    """A request to one of a field's routes that may give it; empty where there is none."""
    found = (f"{method} {path_of(of[1])}" for of, _ in uses for method in inputs.get(of[1], ()))
    return next(found, "")


def _write_only(serializer: str, by: str, names: Sequence[str]) -> str:
    return (
        f"{serializer.rpartition('.')[2]} takes {', '.join(names)} as input too, perhaps of {by}: "
        "make what it does take write_only=True instead of taking it out"
    )


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
