"""The remedies, each a switch of its own that is read from the environment.

``SITE_PRESET`` chooses a set of switches; a switch that is set by itself overrides its preset.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

Thresholds = tuple[int, int, int]


@dataclass(frozen=True)
class Switches:
    profile_cache: bool = False
    """Keep what is known of a viewer in a Redis hash for five minutes."""
    orjson: bool = False
    """Render JSON with orjson."""
    lean: bool = False
    """Neither fetch columns nor send fields that no client reads."""
    asynchronous: bool = False
    """Async views (adrf); upstream calls that do not need each other are awaited together."""
    gc: Thresholds | None = None
    """Thresholds for ``gc.set_threshold``; ``None`` leaves Python's own."""


PRESETS = {
    "before": Switches(),
    "guide": Switches(
        profile_cache=True, orjson=True, lean=True, asynchronous=True, gc=(10000, 100, 100)
    ),
    # Async views cost processor time on every request here, and gain it back on `stream` alone.
    "best": Switches(profile_cache=True, orjson=True, lean=True, gc=(10000, 100, 100)),
}


def read(environ: Mapping[str, str]) -> Switches:
    """The switches that the environment asks for.

    Raises ``ValueError``, naming the variable and what it may hold, for a value that makes no
    sense.
    """
    preset = environ.get("SITE_PRESET") or "before"
    if preset not in PRESETS:
        raise ValueError(f"SITE_PRESET={preset}: must be one of {', '.join(PRESETS)}")
    chosen: dict[str, Any] = {
        field: parse(variable, environ[variable])
        for variable, (field, parse) in VARIABLES.items()
        if environ.get(variable)
    }
    return replace(PRESETS[preset], **chosen)


def describe(switches: Switches) -> str:
    """One line for people: ``profile_cache, orjson, gc=10000,100,100`` or ``none``."""
    on = {name: value for name, value in asdict(switches).items() if value}
    words = [
        name if value is True else f"{name}={','.join(map(str, value))}"
        for name, value in on.items()
    ]
    return ", ".join(words) or "none"


def _flag(variable: str, text: str) -> bool:
    word = text.strip().lower()
    if word in {"1", "on", "true", "yes"}:
        return True
    if word in {"0", "off", "false", "no"}:
        return False
    raise ValueError(f"{variable}={text}: must be 1 or 0")


def _thresholds(variable: str, text: str) -> Thresholds | None:
    if text.strip().lower() in {"0", "off"}:
        return None
    try:
        first, second, third = (int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"{variable}={text}: must be three numbers such as 10000,100,100"
        ) from None
    return first, second, third


VARIABLES: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "SITE_PROFILE_CACHE": ("profile_cache", _flag),
    "SITE_ORJSON": ("orjson", _flag),
    "SITE_LEAN": ("lean", _flag),
    "SITE_ASYNC": ("asynchronous", _flag),
    "SITE_GC": ("gc", _thresholds),
}
"""Environment variable → the switch it sets, and how it is read."""
