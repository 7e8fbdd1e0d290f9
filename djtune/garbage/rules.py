"""What the collector of each Python version does, as data.

Sources: ``Modules/gcmodule.c`` up to 3.11, then ``Python/gc.c`` and ``Python/gc_free_threading.c``;
gh-97922 (where collections start), gh-124770 and gh-148726 (the incremental collector's comings
and goings).
"""

from typing import Literal

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.model.policy import Thresholds

Kind = Literal["generational", "incremental", "free-threaded"]

LONG_LIVED_SHARE = 4
"""A full collection waits until a quarter of the long-lived objects is new (integer division)."""


class Rules(Struct, frozen=True):
    """One version's collector."""

    kind: Kind
    thresholds: Thresholds
    """Python's own."""
    in_allocation: bool
    """Collections start inside an allocation, also in the middle of C code; else at the eval
    breaker, when the C code has returned."""


def rules_for(python: str, *, free_threaded: bool = False) -> Rules:
    """The rules of a version such as ``3.13.0``."""
    version = _version(python)
    thresholds = (2000 if version >= (3, 13) else 700, 10, 10)
    if free_threaded:
        return Rules("free-threaded", thresholds, in_allocation=False)
    if (3, 14, 0) <= version < (3, 14, 5):
        return Rules("incremental", (2000, 10, 0), in_allocation=False)
    return Rules("generational", thresholds, in_allocation=version < (3, 12))


def simulated_rules(python: str, *, free_threaded: bool = False) -> Rules:
    """The rules of a version; raises :class:`DjtuneError` where they cannot be simulated."""
    rules = rules_for(python, free_threaded=free_threaded)
    if rules.kind == "incremental":
        raise DjtuneError(
            f"Python {python} collects in increments, which cannot be simulated",
            hint="3.14.5 or later has the generational collector again",
        )
    return rules


def _version(python: str) -> tuple[int, ...]:
    """Major, minor and micro; ``3.15.0b2`` and ``3.13.0+`` too."""
    numbers = []
    for part in python.split(".")[:3]:
        digits = ""
        for letter in part:
            if not letter.isdigit():
                break
            digits += letter
        numbers.append(int(digits or 0))
    return tuple(numbers)
