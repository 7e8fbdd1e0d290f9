"""What holds for every test: nothing of the developer's own set-up reaches it."""

import os
import signal

import pytest
from hypothesis import settings

# A busy machine must not fail a property: no deadline for an example.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# A shell has Ctrl-C ignored in what it runs in the background, and children inherit that; tests
# that interrupt djtune need it as on a terminal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Makes `from helpers import djtune` work from every folder: pytest puts this one on the path.


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what would change what djtune finds or how it writes."""
    for name in ("DJANGO_SETTINGS_MODULE", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONPATH"):
        if name in os.environ:
            monkeypatch.delenv(name)
