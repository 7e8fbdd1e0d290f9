"""Where the app began a queryset: the line to which a call is to be added."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import callsites
from .clock import CURRENT
from .probes.patches import Patches

_KEY = "_djtune_begun"


def of(queryset: Any) -> callsites.Trail:
    """The place, if it has been noted."""
    place: callsites.Trail = vars(queryset).get(_KEY, ())
    return place


def install(patches: Patches) -> None:
    """Note the place of each queryset that is begun, until ``patches`` are undone."""
    from django.db.models.manager import BaseManager
    from django.db.models.query import QuerySet, RawQuerySet

    def placing(make: Callable[..., Any]) -> Callable[..., Any]:
        def placed(self: Any, *args: Any, **kwargs: Any) -> Any:
            made = make(self, *args, **kwargs)
            if CURRENT.get() is not None and isinstance(made, (QuerySet, RawQuerySet)):
                cloned = self if isinstance(self, QuerySet) else None
                vars(made)[_KEY] = of(self) or callsites.nearest(
                    sys._getframe(1), but=(QuerySet, BaseManager), queryset=cloned
                )
            return made

        return placed

    patches.wrap(QuerySet, "_clone", placing)
    patches.wrap(QuerySet, "raw", placing)
    patches.wrap(BaseManager, "get_queryset", placing)
