"""One name in the spellings that clients use, and what a scan knows of all of them."""

import re

from djtune.payloads.clients import Named, Naming, SourceScan

_STRENGTH: tuple[Naming, ...] = ("read", "written", "quoted", "declared")


def spellings(name: str) -> set[str]:
    """A response field's name as it is, in camelCase and in snake_case.

    Clients convert between them as a whole: axios with humps, ``convertFromSnakeCase``.
    """
    return {name, camel(name), snake(name)}


def camel(name: str) -> str:
    """``starts_at`` → ``startsAt``; underscores at the ends stay."""
    return re.sub(r"(?<=[^_])_+([^_])", lambda match: match[1].upper(), name)


def snake(name: str) -> str:
    """``startsAt`` → ``starts_at``; ``posterURL`` → ``poster_url``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return parted.lower()


def named(scan: SourceScan, field: str) -> list[Named]:
    """Every place that names a response field, in any spelling or by an alias of the client's.

    Where its name may be put together from parts, it is quoted.
    """
    wanted = spellings(field)
    aliases = {local for local, wires in scan.aliases.items() if wires & wanted}
    whole = [one for name in sorted(wanted | aliases) for one in scan.names.get(name, ())]
    parts = [one for one in scan.composed if any(map(one.fits, wanted))]
    return whole + [Named(field, "quoted", one.place) for one in parts]


def naming(scan: SourceScan, field: str) -> Naming | None:
    """The strongest way in which the source names a field; ``None``: nowhere."""
    ways = {one.naming for one in named(scan, field)}
    return next((way for way in _STRENGTH if way in ways), None)
