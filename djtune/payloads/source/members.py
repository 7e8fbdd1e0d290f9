"""Kotlin and Swift name a property without its object inside of its own class."""

from collections.abc import Iterable

from .collected import Collected
from .grammar import Found


def read_bare(
    into: Collected, bare: Iterable[Found], properties: Iterable[Found], variables: Iterable[Found]
) -> None:
    """Take bare names for reads of properties, unless the file has a variable of that name.

    A property may be declared in another file (``extension Show``); a name that is both, a
    property and a variable, is taken for a read.
    """
    local = {one.text for one in variables} - {one.text for one in properties}
    for one in bare:
        if one.text not in local and not one.text[:1].isupper():
            into.name(one.start, one.text, "read")
