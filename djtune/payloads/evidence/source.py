"""What the source of a client says of an endpoint's fields."""

from collections.abc import Sequence

from djtune.payloads.clients import Named
from djtune.payloads.evidence.browser import name_of, places
from djtune.payloads.paths import Path
from djtune.payloads.result import Evidence


def evidence(
    path: Path,
    found: Sequence[Named],
    coverage: str,
    *,
    mentioned: bool,
) -> Evidence:
    """What the places that name ``path`` in a client's source say of it.

    ``mentioned`` tells whether the endpoint's address stands in the source, without which nothing
    follows from it.
    """
    read = [named.place for named in found if named.naming == "read"]
    if not mentioned:
        text = "the source does not hold the endpoint's address"
        return Evidence("client source", "says nothing", text, coverage)
    if read:
        return Evidence("client source", "perhaps used", f"named at {places(read)}", coverage)
    declared = [named.place for named in found if named.naming == "declared"]
    if declared:
        text = f"only declared at {places(declared)}"
        return Evidence("client source", "declared", text, coverage)
    return Evidence("client source", "unused", f"{name_of(path)!r} is named nowhere", coverage)
