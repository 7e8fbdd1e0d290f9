"""The error that a worker reports to the CLI as one clear line."""


class AgentError(Exception):
    """What went wrong in the app's process, and the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
