"""The middleware that users install: ``MIDDLEWARE = ["djtune.middleware.Recorder", …]``."""

from djtune.agent.recorder.middleware import Recorder

__all__ = ["Recorder"]
