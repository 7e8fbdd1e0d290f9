"""One configuration of the app to try."""

from msgspec import Struct

from djtune.model.app import App
from djtune.model.policy import GcPolicy


class Variant(Struct, frozen=True):
    """What a trial runs: plain data, so that it can be saved and compared."""

    name: str
    """Tells it apart from the other variants of an experiment."""
    app: App
    """With the settings overrides, the environment, the interpreter and the wrapper to try."""
    interface: str
    policy: GcPolicy = GcPolicy()
