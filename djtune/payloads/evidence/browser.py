"""What a journey in a browser says of an endpoint's fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from djtune.payloads.clients import FieldRead, Named, Place
from djtune.payloads.paths import EACH, Path, is_below
from djtune.payloads.result import Evidence

Executed = Callable[[Named], bool]
"""Whether the code that names a field in a page's script ran, and had something to read."""


def evidence(
    path: Path,
    reads: Mapping[Path, FieldRead],
    steps: Sequence[str],
    present: bool,
) -> Evidence:
    """What the reads of one endpoint's responses say of ``path``.

    ``reads`` are those of all its fields, ``steps`` those of the journey; ``present`` tells
    whether any response that the journey saw had the field.
    """
    coverage = f"steps: {', '.join(steps)}" if steps else ""
    if not present:
        text = "no response that the journey saw had it"
        return Evidence("browser", "not observable", text, coverage)
    below = [read for at, read in reads.items() if at == path or is_below(at, path)]
    picked = [read for read in below if read.picked]
    if picked:
        return Evidence("browser", "used", _picked(picked), coverage)
    if any(read.enumerated for read in below):
        text = "copied, compared or serialized with all others, never read by itself"
        return Evidence("browser", "says nothing", text, coverage)
    return Evidence("browser", "unused", "not read", coverage)


def _picked(reads: Sequence[FieldRead]) -> str:
    times = sum(read.picked for read in reads)
    sites = [site for read in reads for site in read.sites]
    at = f" at {short(sites[0])}" if sites else ""
    steps = list(dict.fromkeys(step for read in reads for step in read.steps))
    during = f" in {', '.join(map(repr, steps[:3]))}" if steps else ""
    return f"read {times:,}×{at}{during}"


def named_in_scripts(found: Sequence[Named], executed: Executed) -> Evidence:
    """What the places in the pages' scripts that name a field say, where it was not read.

    Where its name is read by code that did not run, it may be read another time.
    """
    read = [named for named in found if named.naming in ("read", "quoted")]
    if not read:
        return Evidence("browser", "unused", "named nowhere in the scripts that ran")
    idle = [named for named in read if not executed(named)]
    if idle:
        why = "with nothing there to read" if idle[0].perhaps else "which the journey did not run"
        text = f"named at {short(idle[0].place)}, {why}"
        return Evidence("browser", "perhaps used", text, f"{len(idle)} of {len(read)} such places")
    text = f"named at {places(named.place for named in read)}, where it was read from other objects"
    return Evidence("browser", "says nothing", text)


def name_of(path: Path) -> str:
    """The key that a path ends in, or that of the array that its elements are in."""
    return next((segment for segment in reversed(path) if segment != EACH), "")


def short(place: Place) -> str:
    """A place as ``guide.js:12``."""
    return f"{place.file.rpartition('/')[2]}:{place.line}"


def places(found: Iterable[Place], most: int = 2) -> str:
    """Some places, and how many more there are."""
    every = list(dict.fromkeys(map(short, found)))
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
