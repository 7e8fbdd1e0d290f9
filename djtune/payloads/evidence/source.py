"""What the source of a client says of an endpoint's fields."""

from collections.abc import Sequence

from djtune.payloads.clients import Named, Naming
from djtune.payloads.evidence.browser import places
from djtune.payloads.result import Evidence, Stance

_STANCES: list[tuple[Naming, Stance, str]] = [
    ("read", "perhaps used", "named"),
    ("quoted", "perhaps used", "named in a string"),
    ("declared", "declared", "only declared"),
    ("written", "says nothing", "only assigned to"),
]
"""How a source may name a field, the strongest first, and what that speaks for."""


def evidence(
    found: Sequence[Named],
    coverage: str,
    *,
    mentioned: bool,
    elsewhere: bool = False,
) -> Evidence:
    """What the places that name a field in a client's source say of it.

    ``mentioned`` tells whether the endpoint's address stands in the source, without which nothing
    follows from it; but where it does so ``elsewhere``, in another client's, a name that this one
    reads may be of the field after all.
    """
    read = any(each.naming in ("read", "quoted") for each in found)
    if not mentioned and not (elsewhere and read):
        text = "the source does not hold the endpoint's address"
        return Evidence("client source", "says nothing", text, coverage)
    for naming, stance, text in _STANCES:
        where = [each.place for each in found if each.naming == naming]
        if where:
            return Evidence("client source", stance, f"{text} at {places(where)}", coverage)
    return Evidence("client source", "unused", "named nowhere", coverage)
