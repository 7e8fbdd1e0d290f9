"""Which fields can go without the user seeing a difference: the journey, played without them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from djtune.errors import DjtuneError, ExitCode
from djtune.payloads.browser.comparing import Unstable, differences, unstable_between
from djtune.payloads.browser.jobs import Look, Outcome, Removal
from djtune.payloads.browser.player import Player
from djtune.payloads.browser.searching import find_needed
from djtune.payloads.clients import Difference, Endpoint
from djtune.payloads.paths import Path

Field = tuple[Endpoint, Path]
MOST_LOADS = 120


class Needed(Struct):
    """What the user would see of a removal."""

    visible: dict[Endpoint, list[Path]]
    """Fields that cannot go: without them something differs."""
    differences: list[Difference]
    """What differs without all of the fields that were asked about."""
    unstable: list[Difference]
    """What differs between two plays with every field there, and was left out of account."""
    page_loads: int
    complete: bool = True
    """Whether there were plays enough; where not, what was still open is called visible."""


class _SpentError(Exception):
    """There were :data:`MOST_LOADS` plays."""


class Ablation:
    """Plays a journey without fields, beside two plays with all of them.

    The clock of all plays stands still at the same time, randomness is seeded, and animations are
    off. ``restore`` is called before each play, to take back what the one before has written.
    """

    def __init__(self, player: Player, restore: Callable[[], None] = lambda: None) -> None:
        self._player = player
        self._restore = restore
        self._now = time.time()
        self.page_loads = 0
        self._baseline, again = self._play([]), self._play([])
        _refuse_broken(self._baseline)
        self._mask: Unstable = unstable_between(self._baseline, again)
        self.unstable = differences(self._baseline, again)
        """What differs between two plays of the same."""

    def without(self, fields: Iterable[Field]) -> list[Difference]:
        """What the user sees otherwise without these fields."""
        outcome = self._play(_removals(fields))
        return differences(self._baseline, outcome, self._mask)

    def _play(self, removals: list[Removal]) -> Outcome:
        if self.page_loads >= MOST_LOADS:
            raise _SpentError
        self.page_loads += 1
        self._restore()
        return self._player.play(Look(self._now, removals))


def needed(
    player: Player,
    remove: Mapping[Endpoint, Sequence[Path]],
    restore: Callable[[], None] = lambda: None,
) -> Needed:
    """Find which of the fields cannot go: one play confirms a set of which none is needed.

    Only where that differs are halves of it tried. Raises :class:`DjtuneError` where the journey
    breaks off with all fields there.
    """
    ablation = Ablation(player, restore)
    fields = [(endpoint, path) for endpoint, paths in remove.items() for path in paths]
    whole: list[Difference] = []
    cleared: list[Field] = []

    def differs(some: Sequence[Field]) -> bool:
        found = ablation.without(some)
        if len(some) == len(fields):
            whole.extend(found)
        if not found and len(some) > len(cleared):
            cleared[:] = some
        return bool(found)

    complete = True
    try:
        kept = find_needed(fields, differs)
    except _SpentError:
        complete = False
        kept = [each for each in fields if each not in cleared]
    return Needed(_grouped(kept), whole, ablation.unstable, ablation.page_loads, complete)


def ablate(
    player: Player,
    remove: Mapping[Endpoint, Sequence[Path]],
    restore: Callable[[], None] = lambda: None,
) -> list[Difference]:
    """What the user sees otherwise without all of these fields; three plays."""
    fields = [(endpoint, path) for endpoint, paths in remove.items() for path in paths]
    return Ablation(player, restore).without(fields)


def _removals(fields: Iterable[Field]) -> list[Removal]:
    grouped = _grouped(fields)
    return [Removal(each.method, each.pattern, paths) for each, paths in grouped.items()]


def _grouped(fields: Iterable[Field]) -> dict[Endpoint, list[Path]]:
    grouped: dict[Endpoint, list[Path]] = {}
    for endpoint, path in fields:
        grouped.setdefault(endpoint, []).append(path)
    return grouped


def _refuse_broken(outcome: Outcome) -> None:
    if outcome.failure:
        raise DjtuneError(
            f"the journey breaks off with every field there: {outcome.failure}",
            hint="mend the script, then ask again",
            exit_code=ExitCode.INCOMPLETE,
        )
