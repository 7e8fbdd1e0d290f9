"""The one error type that users see, and the exit codes that go with it."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What djtune's exit status means; the same for every command."""

    DONE = 0
    BREACHED = 1
    """A budget, ``--fail-on`` or ``--check`` was breached."""
    USAGE = 2
    """Wrong usage, or the app or server was never reached."""
    INCOMPLETE = 3
    """Measured but invalid or cut short."""
    BUG = 70
    INTERRUPTED = 130


class DjtuneError(Exception):
    """A failure to tell the user about in one line.

    ``message`` says what is wrong; ``hint`` says the way out. ``detail`` (a traceback of the
    app's, say) is shown under ``--debug`` only.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        detail: str = "",
        exit_code: ExitCode = ExitCode.USAGE,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail
        self.exit_code = exit_code
