"""Goes through the stages of a long run, for every command that has some."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from djtune.experiments.stages import Stage
    from djtune.run import Run


class Staged(Protocol):
    """A run in stages, each of which adds to what was found."""

    def stages(self) -> "Iterator[Stage]":
        """The stages in turn."""

    def has_something(self) -> bool:
        """Whether there is something to report on."""


def go_through(run: "Run", staged: Staged, found: str) -> bool:
    """Go through the stages; return whether the user cut them short with something to show.

    ``found`` is what was done to it: measured, seen.
    """
    try:
        for stage in staged.stages():
            with run.watching(stage.description, total=stage.total) as live:
                stage.go(live)
    except KeyboardInterrupt:
        if not staged.has_something():
            raise
        run.note(f"interrupted: here is what was {found} until then")
        return True
    return False
