"""What was sent and what came back, the same for WSGI and ASGI."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .clock import WAITING, Clock
from .player import Request


@dataclass(slots=True)
class Exchange:
    """One served request."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    wall_ns: int = 0
    cpu_ns: int = 0
    clock: Clock | None = None
    """Its phases and counters; None where it was served bare."""

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def machine_ns(self) -> int:
        """Time on the machine's run queue."""
        return 0 if self.clock is None else self.clock.machine

    def phases_ns(self) -> list[int]:
        """Nanoseconds per phase; with the machine's they sum to the wall time."""
        assert self.clock is not None
        totals = list(self.clock.totals)
        totals[WAITING] += self.clock.off_cpu - self.clock.machine
        return totals


@dataclass(slots=True)
class Target:
    """Where requests are addressed to, so that the app's host and HTTPS checks let them pass."""

    scheme: str
    host: str

    @classmethod
    def from_settings(cls) -> Target:
        """A host out of ALLOWED_HOSTS, and HTTPS where SECURE_SSL_REDIRECT asks for it."""
        from django.conf import settings

        hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]
        host = hosts[0].lstrip(".") if hosts else "localhost"
        return cls("https" if settings.SECURE_SSL_REDIRECT else "http", host)

    def headers(self, request: Request, extra: dict[str, str]) -> dict[str, str]:
        """The request's headers: those of any client, the sign-in's, its own."""
        headers = {
            "Host": self.host,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "User-Agent": "djtune",
        }
        if self.scheme == "https":
            headers["X-Forwarded-Proto"] = "https"
        return headers | extra | request.headers


def set_off_checks(django_request: Any, user: Any) -> None:
    """Let a replayed request pass the CSRF check, and carry ``user`` where there is one."""
    django_request._dont_enforce_csrf_checks = True
    if user is not None:
        django_request._force_auth_user = user
        django_request._cached_user = django_request._acached_user = user
        django_request.user = user
