"""The user's Django project and how to start it."""

from typing import Any, Literal

from msgspec import Struct, field

Interface = Literal["wsgi", "asgi"]


class App(Struct, frozen=True):
    """Everything that a worker needs to load the project."""

    directory: str
    """The project's root: the worker's current directory and first on its path."""
    settings: str
    python: str
    """The project's interpreter, which need not contain djtune."""
    pythonpath: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    """Environment variables set on top of djtune's own."""
    interface: Interface | None = None
    """``None``: what the settings say, WSGI where they say both."""
    allowed_hosts: list[str] = field(default_factory=list)
    """Hosts other than loopback that the app may reach (``--allow-host``)."""
    live_effects: bool = False
    """``--live-effects``: mail, tasks and outbound connections are let through."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """Settings that replace the project's own, as JSON has them; ``REST_FRAMEWORK.PAGE_SIZE``
    reaches into a dict."""
    wrapper: list[str] = field(default_factory=list)
    """A command that goes before the interpreter: ``["taskset", "-c", "0"]``."""
