"""What holds for every test: nothing of the developer's own set-up reaches it."""

import os

import pytest

# Makes `from helpers import djtune` work from every folder: pytest puts this one on the path.


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what would change what djtune finds or how it writes."""
    for name in ("DJANGO_SETTINGS_MODULE", "COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONPATH"):
        if name in os.environ:
            monkeypatch.delenv(name)
