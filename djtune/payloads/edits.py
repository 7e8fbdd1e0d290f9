"""Changes of serializers and querysets, as patches that apply.

Where the source does not show plainly what to change there is no patch, but a note why, and where
possible a line to paste.
"""

import ast
import platform
from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from djtune.model.patches import unified
from djtune.payloads.cutting import Cutting, UnclearError
from djtune.payloads.loading import drop_relations_at
from djtune.payloads.serializer_class import SerializerClass


class Edit(Struct, frozen=True):
    """A change of one file."""

    patch: str = ""
    """For ``patch -p1``; empty where the source does not show plainly what to change."""
    note: str = ""
    """What to look at, or why there is no patch."""
    paste: str = ""
    """The line to paste where there is no patch, as far as it is known."""
    source: str = ""
    """The whole file after it, for another edit of it; as it was where there is no patch."""


def drop_fields(
    source: str, serializer: str, names: Collection[str], file: str, every: Sequence[str] = ()
) -> Edit:
    """Take fields out of a serializer: its ``Meta.fields``, declarations, and ``get_x`` methods.

    ``serializer`` is the class's name, dotted or not; ``every`` are all of its fields in order,
    as far as they are known, for a line to paste where there is no patch. A method goes only where
    nothing else in the file names it.
    """
    edit = _edited(source, file, lambda c: SerializerClass(c, serializer).drop(set(names)))
    kept = [name for name in every if name not in names]
    paste = f"fields = {_as_list(kept)}" if every and not edit.patch else ""
    return Edit(edit.patch, edit.note, paste, edit.source)


def drop_relations(source: str, line: int, names: Collection[str], file: str) -> Edit:
    """Take relations out of the ``select_related`` and ``prefetch_related`` calls around ``line``.

    They are looked for in the statement at that line, else in the function or class around it. Of
    ``"channel__package"`` as the name, ``"channel"`` stays loaded.
    """
    return _edited(source, file, lambda c: drop_relations_at(c, line, names))


def _edited(source: str, file: str, change: Callable[[Cutting], str]) -> Edit:
    """Make a change, and see that the result is Python."""
    try:
        cutting = Cutting(source)
        note = change(cutting)
        after = cutting.result()
        ast.parse(after)
    except SyntaxError as error:
        python = platform.python_version()
        note = f"No patch: Python {python} cannot read line {error.lineno}: {error.msg}"
        note += ". djtune on a later Python may."
        return Edit(note=note, source=source)
    except UnclearError as error:
        return Edit(note=f"No patch: {error}.", source=source)
    return Edit(unified(source, after, file), note, source=after)


def _as_list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
