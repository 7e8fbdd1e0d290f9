"""What app was measured: shown beside every figure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class AppFacts(Struct):
    """What was measured: versions, and settings that bend the figures."""

    python: str
    django: str
    interface: str
    debug: bool
    distorting: list[str]
    """Tools in the app that cost time in every request."""
    databases: dict[str, str]
    """Alias → vendor."""
    caches: dict[str, str]
    """Alias → backend class."""


def app_facts(facts: Mapping[str, Any], interface: str) -> AppFacts:
    """The facts that a worker tells once it has loaded the app."""
    return AppFacts(
        python=facts["python"],
        django=facts["django"],
        interface=interface,
        debug=facts["debug"],
        distorting=facts["distorting"],
        databases={alias: database["vendor"] for alias, database in facts["databases"].items()},
        caches=facts["caches"],
    )
