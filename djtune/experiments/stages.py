"""The stages of a long run, one after another, with what shows how far each is."""

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from djtune.errors import DjtuneError
from djtune.reports.live import Row
from djtune.servers.worker import shareable


class Display(Protocol):
    """What shows how far a stage is."""

    def advance(self, steps: float = 1, *, description: str | None = None) -> None:
        """Move on."""

    def show(self, rows: Sequence[Row]) -> None:
        """Show comparisons."""


class Stage(Struct):
    """One step of the way, with what it is called while it lasts."""

    description: str
    go: Callable[[Display], None]
    total: float | None = None


def tolerant(
    description: str,
    go: Callable[[Display], None],
    failures: list[str],
    total: float | None = None,
) -> Stage:
    """A stage that the others can do without: its failure is told in ``failures``."""

    def attempt(display: Display) -> None:
        try:
            go(display)
        except DjtuneError as error:
            failures.append(f"{description} failed: {shareable(error)}")

    return Stage(description, attempt, total)
