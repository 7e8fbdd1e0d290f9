"""Instruments inside the app's process: each wraps one layer's entry points and counts into the
current request's clock. Nothing is recorded outside of a timed request.
"""

from __future__ import annotations

from . import cache, collector, handler, orm, serialization, sql, tasks, template
from .patches import Patches

_installed = Patches()


def install() -> None:
    """Wrap what has been imported so far; call again once the app has imported more."""
    for probe in (sql, orm, cache, template, serialization, handler, tasks, collector):
        probe.install(_installed)


def remove() -> None:
    """Put everything back as it was."""
    _installed.undo()
